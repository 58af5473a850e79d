/**
 * The bank's folder: its database, and the keys that never leave it.
 *
 *     bank.sqlite     the ledger, the log, customers and terminals; or
 *     bank.place      which bank of a PostgreSQL database this folder is a server's of
 *     bank.keys       0600: the master key, the AUDIT_KEY, the key that signs checkpoints
 *     chain.key       0600: the present key of the log's chain, which goes forward each epoch
 *     terminals.json  0600: the terminals as they are now, for a restore
 *     audit_log_secure.txt   0600: the log, sealed, as a file
 *     owner.lock      held by the one process that owns the folder
 *     operator.sock   0600: where a running server takes the operator's commands
 */
import { textOf, utf8 } from "../../lib/bytes.ts";
import { databaseUrlVariable } from "../../lib/database_url.ts";
import { UsageError } from "../../lib/errors.ts";
import { ownerRetryMs, ownerWaitMsMax, socketPathBytesMax } from "../../lib/limits.ts";
import { isThere, replacePrivateFile } from "../../lib/private_file.ts";
import { type Files, type OpenFile, pause, type WorldWithFiles } from "../../lib/world.ts";
import { ChainKeyFile } from "../audit/chain_key.ts";
import { checkpointKeyOf } from "../audit/checkpoint.ts";
import { formatFirstKey } from "../audit/first_key.ts";
import type { ChainBefore } from "../audit/heads.ts";
import {
  type BankKeys,
  makeBankKeys,
  readBankKeys,
  replaceBankKeys,
  type SharedKeys,
} from "./bank_keys.ts";

export const databasePath = (folder: string) => `${folder}/bank.sqlite`;
const placePath = (folder: string) => `${folder}/bank.place`;
const lockPath = (folder: string) => `${folder}/owner.lock`;
export const keysPath = (folder: string) => `${folder}/bank.keys`;
export const chainKeyPath = (folder: string) => `${folder}/chain.key`;
export const logFilePath = (folder: string) => `${folder}/audit_log_secure.txt`;
export const keptTerminalsPath = (folder: string) => `${folder}/terminals.json`;
export const operatorSocketPath = (folder: string) => `${folder}/operator.sock`;
/** Where a copy of the books lies until it is fetched. */
export const newBackupPath = (folder: string, unique: string) => `${folder}/bank.backup-${unique}`;

/** Removes copies that nobody fetched. */
export function removeOldBackups(files: Files, folder: string): void {
  for (const name of files.names(folder)) {
    if (/^bank\.backup-[0-9a-f]+$/.test(name)) files.remove(`${folder}/${name}`);
  }
}

/** Whether a bank was made in this folder. A making that was cut short leaves an empty database. */
export function holdsBank(files: Pick<Files, "facts">, folder: string): boolean {
  if (!isThere(files, keysPath(folder))) return false;
  return (files.facts(databasePath(folder))?.bytes ?? 0) > 0 || isThere(files, placePath(folder));
}

/**
 * The id of the bank of a PostgreSQL database that this folder is a server's of; null for a bank in
 * the folder's own file.
 * @throws {UsageError} when the file that names it is damaged
 */
function bankElsewhere(files: Files, folder: string): string | null {
  const path = placePath(folder);
  if (!isThere(files, path)) return null;
  const [, bankId] = /^strongroom bank place 1\n([0-9a-f]{32})\n$/.exec(textOf(files.read(path))) ??
    [];
  if (bankId) return bankId;
  throw new UsageError(`${path} is damaged: restore it from where you keep its copy`);
}

/** Receives the text of the first key's file, before anything depends on that key. */
export type KeepFirstKey = (text: string) => void;

/** A chain that is not yet the folder's. */
export interface PreparedChain {
  readonly chainId: Uint8Array;
  /** Where its key is. */
  readonly keyPath: string;
  /** The text of its first key's file. */
  readonly firstKey: string;
}

/** A bank's folder that this process owns, until it is closed or the process ends. */
export class BankFolder {
  #keys: BankKeys | null = null;

  private constructor(
    readonly files: Files,
    readonly path: string,
    private readonly randomBytes: (length: number) => Uint8Array,
    private readonly lock: OpenFile,
  ) {}

  /**
   * Owns the folder of a bank.
   * @param url the PostgreSQL database that the bank is in, if it is in one
   * @throws {UsageError} when there is none or it is in another place, others can read its keys, or
   * another process owns it
   */
  static async open(world: WorldWithFiles, path: string, url?: string): Promise<BankFolder> {
    if (!holdsBank(world.files, path)) {
      throw new UsageError(
        `no bank in ${path}: make one with 'deno task bank init', or try everything with 'deno task demo'`,
      );
    }
    requireShortPath(path);
    requirePlace(world.files, path, url);
    const folder = await BankFolder.own(world, path);
    await closeOnFailure(folder, () => folder.keys);
    return folder;
  }

  /**
   * Makes the folder of a new bank, or of another server of one, and its key files; goes on with the
   * keys of a making that was cut short.
   * @param another of a bank that has other servers: their keys, and the heads of their chains
   * @throws {UsageError} when a bank is there already, or the folder cannot be made
   */
  static async make(
    world: WorldWithFiles,
    path: string,
    keepFirstKey: KeepFirstKey,
    another?: { shared: SharedKeys; before: readonly ChainBefore[] },
  ): Promise<BankFolder> {
    const { files } = world;
    requireShortPath(path);
    requireNoBank(files, path);
    unlessWritable(path, () => files.makeFolder(path));
    const folder = await BankFolder.own(world, path);
    await closeOnFailure(folder, () => {
      requireNoBank(files, path);
      unlessWritable(path, () => {
        if (!isThere(files, keysPath(path))) {
          replaceBankKeys(files, keysPath(path), makeBankKeys(world.randomBytes, another?.shared));
        }
      });
      const next = folder.#prepareChain(folder.keys.chainId, another?.before ?? []);
      keepFirstKey(next.firstKey);
      folder.beginChain(next);
    });
    return folder;
  }

  /**
   * Owns a folder, whether or not its database is there.
   * @throws {UsageError} when another process does, or there is no such folder
   */
  static async own(world: WorldWithFiles, path: string): Promise<BankFolder> {
    const { files, randomBytes } = world;
    let lock!: OpenFile;
    unlessWritable(path, () => lock = files.open(lockPath(path), "create"));
    const sinceMs = world.monotonicMs();
    while (!lock.lock()) {
      if (world.monotonicMs() - sinceMs >= ownerWaitMsMax) {
        lock.close();
        throw new UsageError(
          `${path} is in use by another process: end it first, or reach it through its server`,
        );
      }
      await pause(world, ownerRetryMs);
    }
    return new BankFolder(files, path, randomBytes, lock);
  }

  /**
   * The bank's keys.
   * @throws {UsageError} when there are none, or others can read them
   */
  get keys(): Readonly<BankKeys> {
    return this.#keys ??= readBankKeys(this.files, keysPath(this.path));
  }

  /** Replaces the keys, durably, with what `change` makes of those that the file has now. */
  changeKeys(change: (keys: BankKeys) => BankKeys): void {
    const path = keysPath(this.path);
    const keys = change(readBankKeys(this.files, path));
    replaceBankKeys(this.files, path, keys);
    this.#keys = keys;
  }

  /** As `bankElsewhere`. */
  get bankElsewhere(): string | null {
    return bankElsewhere(this.files, this.path);
  }

  /** Records, durably, that this folder is a server's of this bank in a PostgreSQL database. */
  keepBankElsewhere(bankId: string): void {
    const text = `strongroom bank place 1\n${bankId}\n`;
    replacePrivateFile(this.files, placePath(this.path), text);
  }

  /**
   * Prepares another chain: what was written before stays, and can still be checked with the first key of
   * its chain. The folder's chain is the present one until `beginChain`.
   * @param before all chains that there are
   */
  prepareChain(before: readonly ChainBefore[]): PreparedChain {
    return this.#prepareChain(this.randomBytes(16), before);
  }

  #prepareChain(chainId: Uint8Array, before: readonly ChainBefore[]): PreparedChain {
    const keyPath = `${chainKeyPath(this.path)}.next`;
    ChainKeyFile.destroy(this.files, keyPath); // of one that was never begun
    const key = this.randomBytes(32);
    ChainKeyFile.create(this.files, keyPath, chainId, key);
    const checkpointKey = checkpointKeyOf(this.keys.checkpoint);
    return { chainId, keyPath, firstKey: formatFirstKey({ chainId, key, checkpointKey, before }) };
  }

  /** Ends the present chain, whose key is overwritten, and goes on with a prepared one. */
  beginChain({ chainId, keyPath }: PreparedChain): void {
    const path = chainKeyPath(this.path);
    ChainKeyFile.destroy(this.files, path);
    this.files.rename(keyPath, path);
    this.files.syncFolder(this.path);
    this.changeKeys((keys) => ({ ...keys, chainId }));
  }

  close(): void {
    this.lock.close();
  }
}

/** Closes the folder when `act` throws. */
export async function closeOnFailure<T>(folder: BankFolder, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    folder.close();
    throw error;
  }
}

function requireNoBank(files: Files, path: string): void {
  if (!holdsBank(files, path)) return;
  throw new UsageError(
    `${path} holds a bank already: use it, or give another folder with --data`,
  );
}

/** @throws {UsageError} when the folder's bank is in another place than the URL says */
function requirePlace(files: Files, path: string, url: string | undefined): void {
  const isElsewhere = bankElsewhere(files, path) !== null;
  if (!isElsewhere && url !== undefined) {
    throw new UsageError(
      `${path} has a bank of its own in ${databasePath(path)}, and a database is named besides: ` +
        `unset ${databaseUrlVariable}, or give another folder with --data`,
    );
  }
  if (isElsewhere && url === undefined) {
    throw new UsageError(
      `the bank of ${path} is in a PostgreSQL database: name it in ${databaseUrlVariable}, or in a ` +
        "file with --database-url-file",
    );
  }
}

/** The operator's commands come through a Unix socket in the folder. */
function requireShortPath(path: string): void {
  if (utf8(operatorSocketPath(path)).length <= socketPathBytesMax) return;
  throw new UsageError(`${path} is too long a path for a bank: choose a shorter one with --data`);
}

function unlessWritable(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new UsageError(
      `${path} cannot be written (${(error as Error).message}): choose another with --data`,
    );
  }
}
