/**
 * The bank's folder: its database, and the keys that never leave it.
 *
 *     bank.sqlite     the ledger, the log, customers and terminals; or
 *     bank.place      which bank of a PostgreSQL database this folder is a server's of
 *     bank.keys       0600: the master key, the AUDIT_KEY, the key that signs checkpoints
 *     chain.key       0600: the present key of the log's chain, ratcheted forward each epoch
 *     trees/          0700: the hashes of each chain's tree, and its last checkpoint
 *     terminals.json  0600: the present terminals, for a restore
 *     audit_log_secure.txt   0600: the log, sealed, as a file
 *     last_backup, last_verification   0600: when each was last done
 *     owner.lock      locked by the one process that owns the folder
 *     operator.sock   0600: the running server's socket for operators' commands; where there is a group of
 *                     operators, it is in the folder DIR-operators (0710) and has the mode 0660
 *     bank.unfinished 0600: present while the bank is created: the other files are incomplete. It lists
 *                     the hashes and paths of the files that the creation writes outside the folder
 */
import { hex, textOf, utf8 } from "../../lib/bytes.ts";
import { databaseUrlVariable } from "../../lib/database_url.ts";
import { UsageError } from "../../lib/errors.ts";
import { sha256 } from "../../lib/hmac.ts";
import { ownerRetryMs, ownerWaitMsMax, socketPathBytesMax } from "../../lib/limits.ts";
import {
  isThere,
  removeIfThere,
  replacePrivateFile,
  requireOwnFolder,
  writePrivateFile,
} from "../../lib/private_file.ts";
import { type Files, type OpenFile, pause, type WorldWithFiles } from "../../lib/world.ts";
import { ChainKeyFile } from "../audit/chain_key.ts";
import { formatFirstKey } from "../audit/first_key.ts";
import type { ChainBefore } from "../audit/heads.ts";
import { originOf } from "../audit/tree.ts";
import { publicKeyOf } from "../transparency/ed25519.ts";
import {
  type BankKeys,
  makeBankKeys,
  readBankKeys,
  replaceBankKeys,
  type SharedKeys,
} from "./bank_keys.ts";

export const databasePath = (folder: string) => `${folder}/bank.sqlite`;
/** The database that a restore replaces, until it is kept under a name with the time. */
export const replacedPath = (folder: string) => `${databasePath(folder)}.replaced`;
const placePath = (folder: string) => `${folder}/bank.place`;
const lockPath = (folder: string) => `${folder}/owner.lock`;
export const keysPath = (folder: string) => `${folder}/bank.keys`;
export const chainKeyPath = (folder: string) => `${folder}/chain.key`;
/** Where the trees of chains are, and their last signed checkpoints. */
export const treesPath = (folder: string) => `${folder}/trees`;
export const logFilePath = (folder: string) => `${folder}/audit_log_secure.txt`;
export const keptTerminalsPath = (folder: string) => `${folder}/terminals.json`;
const unfinishedPath = (folder: string) => `${folder}/bank.unfinished`;
export const operatorSocketPath = (folder: string) => `${folder}/operator.sock`;
/** The folder of the socket that the operators' group can open; they cannot open the bank's. */
export const sharedSocketFolder = (folder: string) => `${folder}-operators`;
export const sharedSocketPath = (folder: string) => operatorSocketPath(sharedSocketFolder(folder));
/** The key of a bank's single operator is next to its folder. */
export const singleKeyPath = (folder: string) => `${folder}-operator.key`;
/** The path of a copy of the books until it is checked, and fetched from the bank's folder. */
export const newBackupPath = (folder: string, unique: string) => `${folder}/bank.backup-${unique}`;

/** Removes copies that were not checked or fetched, with SQLite's files of them. */
export function removeOldBackups(files: Files, folder: string): void {
  if (!isThere(files, folder)) return;
  for (const name of files.names(folder)) {
    if (backupName.test(name)) files.remove(`${folder}/${name}`);
  }
}

/** Removes SQLite's files of copies that are no longer in this folder. */
export function removeStrayBackupFiles(files: Files, folder: string): void {
  if (!isThere(files, folder)) return;
  const names = files.names(folder);
  for (const name of names) {
    const copy = backupName.exec(name)?.[1];
    if (copy !== undefined && !names.includes(copy)) files.remove(`${folder}/${name}`);
  }
}

const backupName = /^(bank\.backup-[0-9a-f]+)(?:-(?:wal|shm|journal))?$/;

/** Returns whether this folder has files of a bank. Those of an interrupted creation do not count. */
export function holdsBank(files: Pick<Files, "facts">, folder: string): boolean {
  return !isThere(files, unfinishedPath(folder)) &&
    bankPaths(folder).some((path) => isThere(files, path));
}

/** @throws {UsageError} if this folder has no bank */
export function requireBank(files: Pick<Files, "facts">, folder: string): void {
  if (holdsBank(files, folder)) return;
  throw new UsageError(
    `no bank in ${folder}. Choose its folder with --data, create a bank with 'deno task bank init', ` +
      "or try the demo with 'deno task demo'",
  );
}

/** Returns the paths of the files that only a bank's folder has. */
function bankPaths(folder: string): string[] {
  const database = databasePath(folder);
  return [
    keysPath(folder),
    chainKeyPath(folder),
    placePath(folder),
    database,
    `${database}-wal`,
    `${database}-shm`,
    replacedPath(folder),
    keptTerminalsPath(folder),
    logFilePath(folder),
  ];
}

/** Returns an error for the first missing file that a bank cannot be opened without; null for none. */
function missingFile(files: Pick<Files, "facts">, folder: string): string | null {
  const isWhole = (path: string) => (files.facts(path)?.bytes ?? 0) > 0;
  const [keys, database] = [keysPath(folder), databasePath(folder)];
  if (!isWhole(keys)) return `${keys} is missing or empty. Install its copy`;
  if (isThere(files, placePath(folder)) || isWhole(database)) return null;
  if (!isThere(files, database) && isThere(files, replacedPath(folder))) {
    return `${database} is missing: a restore was interrupted. Run 'deno task bank restore' again`;
  }
  return `${database} is missing or empty. Install the newest one with its bank.sqlite-wal, if there ` +
    "is one; if it is lost, restore a backup with 'deno task bank restore'";
}

/**
 * Returns the id of the bank in PostgreSQL that this folder belongs to; null for a bank in the
 * folder's own file.
 * @throws {UsageError} if the file with the id is damaged
 */
function bankElsewhere(files: Files, folder: string): string | null {
  const path = placePath(folder);
  if (!isThere(files, path)) return null;
  const [, bankId] = /^strongroom bank place 1\n([0-9a-f]{32})\n$/.exec(textOf(files.read(path))) ??
    [];
  if (bankId) return bankId;
  throw new UsageError(`${path} is damaged. Restore it from its copy`);
}

/**
 * Receives the text of the first key's file, before that key is used.
 * @param write creates a private file outside the folder, which must not exist. It replaces a file
 * that an interrupted creation of the bank has written
 */
export type KeepFirstKey = (text: string, write: (path: string, text: string) => void) => void;

/** A chain that is not yet the folder's. */
export interface PreparedChain {
  readonly chainId: Uint8Array;
  /** The path of its key. */
  readonly keyPath: string;
  /** The key that signs its checkpoints and receipts. */
  readonly checkpoint: Uint8Array;
  /** The text of its first key's file. */
  readonly firstKey: string;
}

/** A bank's folder, owned by this process until it is closed or the process ends. */
export class BankFolder {
  #keys: BankKeys | null = null;

  private constructor(
    readonly files: Files,
    readonly path: string,
    private readonly randomBytes: (length: number) => Uint8Array,
    private readonly lock: OpenFile,
  ) {}

  /**
   * Takes ownership of a bank's folder.
   * @param url the bank's PostgreSQL database, if it is in one
   * @throws {UsageError} if there is no bank or it is in another place, one of its files is missing,
   * other users can read its keys, or another process owns it
   */
  static async open(world: WorldWithFiles, path: string, url?: string): Promise<BankFolder> {
    requireBank(world.files, path);
    requireFiles(world.files, path);
    requireShortPath(path);
    requirePlace(world.files, path, url);
    const folder = await BankFolder.own(world, path);
    await closeOnFailure(folder, () => folder.keys);
    return folder;
  }

  /**
   * Creates the folder of a new bank, or of another server of one, and its key files; replaces the
   * files of an interrupted creation. `finish` completes the creation.
   * @param bankName names the log in checkpoints
   * @param another for a bank with other servers: their keys, and the heads of their chains
   * @throws {UsageError} if the folder has files of a bank, or cannot be created
   */
  static async make(
    world: WorldWithFiles,
    path: string,
    bankName: string,
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
        folder.#beginCreation();
        replaceBankKeys(files, keysPath(path), makeBankKeys(world.randomBytes, another?.shared));
      });
      const { chainId, checkpoint } = folder.keys;
      const next = folder.#prepareChain({ chainId, checkpoint }, another?.before ?? [], bankName);
      keepFirstKey(next.firstKey, (path, text) => folder.#writeOutside(path, text));
      folder.beginChain(next);
    });
    return folder;
  }

  #beginCreation(): void {
    const { files, path } = this;
    if (!isThere(files, unfinishedPath(path))) {
      writePrivateFile(files, unfinishedPath(path), "the creation of this bank is not complete\n");
      files.syncFolder(path);
      return;
    }
    ChainKeyFile.destroy(files, chainKeyPath(path));
    for (const each of bankPaths(path)) removeIfThere(files, each);
  }

  /** Writes a file of the creation outside the folder. The list has its hash and path before. */
  #writeOutside(path: string, text: string): void {
    const { files } = this;
    const list = textOf(files.read(unfinishedPath(this.path)));
    const hashes = outsideHashes(list, path);
    if (isThere(files, path) && hashes.length > 0) {
      const content = files.read(path);
      const isWhole = hashes.includes(hex(sha256(content)));
      if (isWhole || content.length === 0) files.remove(path);
    }
    if (!isThere(files, path)) {
      const line = `${hex(sha256(utf8(text)))} ${path}\n`;
      replacePrivateFile(files, unfinishedPath(this.path), list + line);
    }
    writePrivateFile(files, path, text);
  }

  /** Completes the creation of a bank, durably. */
  finish(): void {
    removeIfThere(this.files, unfinishedPath(this.path));
    this.files.syncFolder(this.path);
  }

  /**
   * Takes ownership of a folder, whether or not it has a database.
   * @throws {UsageError} if another process owns it, other users can write to it, or it does not
   * exist
   */
  static async own(world: WorldWithFiles, path: string): Promise<BankFolder> {
    const { files, randomBytes } = world;
    requireOwnFolder(files, path);
    let lock!: OpenFile;
    unlessWritable(path, () => lock = files.open(lockPath(path), "create"));
    const sinceMs = world.monotonicMs();
    while (!lock.lock()) {
      if (world.monotonicMs() - sinceMs >= ownerWaitMsMax) {
        lock.close();
        throw new UsageError(
          `${path} is in use by another process. End it, or send the command to its server`,
        );
      }
      await pause(world, ownerRetryMs);
    }
    return new BankFolder(files, path, randomBytes, lock);
  }

  /**
   * The bank's keys.
   * @throws {UsageError} if there are none, or other users can read them
   */
  get keys(): Readonly<BankKeys> {
    return this.#keys ??= readBankKeys(this.files, keysPath(this.path));
  }

  /** Applies `change` to the keys in the file and stores the result durably. */
  changeKeys(change: (keys: BankKeys) => BankKeys): void {
    const path = keysPath(this.path);
    const keys = change(readBankKeys(this.files, path));
    replaceBankKeys(this.files, path, keys);
    this.#keys = keys;
  }

  /** See the function `bankElsewhere`. */
  get bankElsewhere(): string | null {
    return bankElsewhere(this.files, this.path);
  }

  /** Stores, durably, which bank in PostgreSQL this folder belongs to. */
  keepBankElsewhere(bankId: string): void {
    const text = `strongroom bank place 1\n${bankId}\n`;
    replacePrivateFile(this.files, placePath(this.path), text);
  }

  /**
   * Prepares another chain: earlier entries remain verifiable with the first key of their chain.
   * The folder's chain is the present one until `beginChain`.
   * @param before all existing chains
   * @param bankName names the log in checkpoints
   */
  prepareChain(before: readonly ChainBefore[], bankName: string): PreparedChain {
    const chain = { chainId: this.randomBytes(16), checkpoint: this.randomBytes(32) };
    return this.#prepareChain(chain, before, bankName);
  }

  #prepareChain(
    { chainId, checkpoint }: Pick<BankKeys, "chainId" | "checkpoint">,
    before: readonly ChainBefore[],
    bankName: string,
  ): PreparedChain {
    const keyPath = `${chainKeyPath(this.path)}.next`;
    ChainKeyFile.destroy(this.files, keyPath); // of one that was never begun
    const key = this.randomBytes(32);
    ChainKeyFile.create(this.files, keyPath, chainId, key);
    const checkpointKey = publicKeyOf(checkpoint);
    const origin = originOf(bankName, chainId);
    const firstKey = formatFirstKey({ chainId, key, origin, checkpointKey, before });
    return { chainId, keyPath, checkpoint, firstKey };
  }

  /** Ends the present chain, overwrites its keys, and switches to a prepared one. */
  beginChain({ chainId, keyPath, checkpoint }: PreparedChain): void {
    const path = chainKeyPath(this.path);
    ChainKeyFile.destroy(this.files, path);
    this.files.rename(keyPath, path);
    this.files.syncFolder(this.path);
    this.changeKeys((keys) => ({ ...keys, chainId, checkpoint }));
  }

  close(): void {
    this.lock.close();
  }
}

/** Returns the hashes of the texts that interrupted creations had for a path outside the folder. */
function outsideHashes(list: string, path: string): string[] {
  return list.split("\n").filter((line) => line.slice(65) === path).map((line) =>
    line.slice(0, 64)
  );
}

/** Runs `act`, and closes the folder if it throws. */
export async function closeOnFailure<T>(folder: BankFolder, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    folder.close();
    throw error;
  }
}

/** @throws {UsageError} if a file is missing that the bank cannot be opened without */
export function requireFiles(files: Files, path: string): void {
  const missing = missingFile(files, path);
  if (missing !== null) throw new UsageError(missing);
}

function requireNoBank(files: Files, path: string): void {
  if (!holdsBank(files, path)) return;
  const missing = missingFile(files, path);
  throw new UsageError(
    missing === null
      ? `${path} already contains a bank. Use it, or choose another folder with --data`
      : `${path} already contains files of a bank. Choose another folder with --data; to use that ` +
        `bank: ${missing}`,
  );
}

/**
 * Checks that the bank is where the URL says.
 * @throws {UsageError} if the folder's bank is in another place
 */
function requirePlace(files: Files, path: string, url: string | undefined): void {
  const isElsewhere = bankElsewhere(files, path) !== null;
  if (!isElsewhere && url !== undefined) {
    throw new UsageError(
      `${path} contains a bank in ${databasePath(path)}, but a database is configured, too. ` +
        `Unset ${databaseUrlVariable}, or choose another folder with --data`,
    );
  }
  if (isElsewhere && url === undefined) {
    throw new UsageError(
      `the bank of ${path} is in a PostgreSQL database. Set its URL in ${databaseUrlVariable}, or in a ` +
        "file with --database-url-file",
    );
  }
}

/** Checks the length of the path of the folder's Unix socket. */
function requireShortPath(path: string): void {
  if (utf8(sharedSocketPath(path)).length <= socketPathBytesMax) return;
  throw new UsageError(`${path} is too long a path for a bank. Choose a shorter one with --data`);
}

function unlessWritable(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${path} cannot be written (${
        (error as Error).message
      }). Make it writable, or choose another ` +
        "with --data",
    );
  }
}
