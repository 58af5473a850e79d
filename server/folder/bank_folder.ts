/**
 * The bank's folder: its database, and the keys that never leave it.
 *
 *     bank.sqlite     the ledger, the log, customers and terminals; or
 *     bank.place      which bank of a PostgreSQL database this folder is a server's of
 *     bank.keys       0600: the master key, the AUDIT_KEY, the key that signs checkpoints
 *     chain.key       0600: the present key of the log's chain, which goes forward by itself
 *     audit_log_secure.txt   0600: the log, sealed, as a file
 *     owner.lock      held by the one process that owns the folder, where the database does not see to it
 *     operator.sock   0600: where a running server takes the operator's commands
 */
import { fromHex, hex, utf8 } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { requirePrivate } from "../../lib/private_file.ts";
import { systemFiles } from "../../lib/system.ts";
import { ChainKeyFile } from "../audit/chain_key.ts";
import { checkpointKeyOf } from "../audit/checkpoint.ts";
import { formatFirstKey } from "../audit/first_key.ts";

export const databasePath = (folder: string) => `${folder}/bank.sqlite`;
const placePath = (folder: string) => `${folder}/bank.place`;
const lockPath = (folder: string) => `${folder}/owner.lock`;
export const keysPath = (folder: string) => `${folder}/bank.keys`;
/** Where the first key of a log that was begun by the first release is put, to be taken away. */
export const firstKeyPath = (folder: string) => `${folder}/first.key`;
export const chainKeyPath = (folder: string) => `${folder}/chain.key`;
export const logFilePath = (folder: string) => `${folder}/audit_log_secure.txt`;
/** The terminals as they are now, for a restore. */
export const keptTerminalsPath = (folder: string) => `${folder}/terminals.json`;
/** Where a copy of the books lies until it is fetched. */
export const newBackupPath = (folder: string, unique: string) => `${folder}/bank.backup-${unique}`;
/** Takes away copies that nobody came to fetch. */
export function removeOldBackups(folder: string): void {
  for (const { name } of Deno.readDirSync(folder)) {
    if (/^bank\.backup-[0-9a-f]+$/.test(name)) removeIfThere(`${folder}/${name}`);
  }
}
export const operatorSocketPath = (folder: string) => `${folder}/operator.sock`;

/** The keys of a bank that stay as they are until somebody changes them, 32 random bytes each. */
export interface BankKeys {
  /** Seals the terminals' keys at rest. */
  master: Uint8Array;
  /** The one to follow it, while the database is changed over. */
  nextMaster?: Uint8Array;
  /** `AUDIT_KEY`, every version of it: the newest seals, the others open what they sealed. */
  audit: { version: number; key: Uint8Array }[];
  /** 16 bytes that name this server's chain. */
  chainId: Uint8Array;
  /** Signs checkpoints (Ed25519). */
  checkpoint: Uint8Array;
}

/** What all servers of one bank have alike. */
export type SharedKeys = Pick<BankKeys, "master" | "audit" | "checkpoint">;

const formatName = "strongroom bank keys 2";

/** Whether a bank was made in this folder. */
export function holdsBank(folder: string): boolean {
  if (!isThere(keysPath(folder))) return false;
  return (sizeOf(databasePath(folder)) ?? 0) > 0 || isThere(placePath(folder));
}

/**
 * Which bank of a PostgreSQL database this folder is a server's of; null for one with a file of its own.
 * @throws {UsageError} when the file that says so is damaged
 */
export function bankElsewhere(folder: string): string | null {
  if (!isThere(placePath(folder))) return null;
  const [, bankId] = /^strongroom bank place 1\n([0-9a-f]{32})\n$/
    .exec(Deno.readTextFileSync(placePath(folder))) ?? [];
  if (bankId) return bankId;
  throw new UsageError(`${placePath(folder)} is damaged: restore it from where you keep its copy`);
}

/** Writes down, durably, that this folder is a server's of this bank in a PostgreSQL database. */
export function keepBankElsewhere(folder: string, bankId: string): void {
  replacePrivateFile(folder, placePath(folder), `strongroom bank place 1\n${bankId}\n`);
}

/**
 * Makes this process the folder's owner until what is returned is closed, or the process ends.
 * @throws {UsageError} when another one is
 */
export function ownFolder(folder: string): { close(): void } {
  const file = Deno.openSync(lockPath(folder), { write: true, create: true, mode: 0o600 });
  if (file.tryLockSync(true)) return file;
  file.close();
  throw new UsageError(
    `${folder} is in use by another process: end it first, or reach it through its server`,
  );
}

/**
 * Makes the folder and its key files; goes on with the keys of a making that was cut short.
 * @param keepFirstKey is given the text of the first key's file, before anything rests on that key
 * @param shared the keys of a bank that has other servers
 * @throws {UsageError} when a bank is there already, or the folder cannot be made
 */
export function createDataFolder(
  folder: string,
  randomBytes: (length: number) => Uint8Array,
  keepFirstKey: (text: string) => void,
  shared?: SharedKeys,
): BankKeys {
  requireShortPath(folder);
  if (holdsBank(folder)) {
    throw new UsageError(
      `${folder} holds a bank already: use it, or give another folder with --data`,
    );
  }
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isThere(keysPath(folder))) {
      const keys = {
        master: shared?.master ?? randomBytes(32),
        audit: shared?.audit ?? [{ version: 1, key: randomBytes(32) }],
        chainId: randomBytes(16),
        checkpoint: shared?.checkpoint ?? randomBytes(32),
      };
      writePrivateFile(keysPath(folder), formatKeys(keys));
    }
    removeIfThere(chainKeyPath(folder)); // nothing rests on the first key of a bank that is not there
  } catch (error) {
    throw new UsageError(
      `${folder} cannot be written (${(error as Error).message}): choose another with --data`,
    );
  }
  const keys = readKeys(folder);
  startChain(folder, keys, randomBytes(32), keepFirstKey);
  return keys;
}

/**
 * Begins a chain with this key.
 * @param keepFirstKey is given the text of the first key's file, before anything rests on that key
 */
function startChain(
  folder: string,
  { chainId, checkpoint }: BankKeys,
  key: Uint8Array,
  keepFirstKey: (text: string) => void,
): void {
  keepFirstKey(formatFirstKey({ chainId, key, checkpointKey: checkpointKeyOf(checkpoint) }));
  ChainKeyFile.create(systemFiles, chainKeyPath(folder), chainId, key);
}

/**
 * The keys of the bank in this folder.
 * @throws {UsageError} when there is none, or others can read its keys
 */
export function openDataFolder(
  folder: string,
  randomBytes: (length: number) => Uint8Array,
): BankKeys {
  if (!holdsBank(folder)) {
    throw new UsageError(
      `no bank in ${folder}: make one with 'deno task bank init', or try everything with 'deno task demo'`,
    );
  }
  requireShortPath(folder);
  return readKeys(folder, (first) => upgradeKeys(folder, first, randomBytes));
}

/**
 * Begins another chain, for a log whose chain key is lost or older than its database: what was
 * written before stays, and stays checkable with the first key of its own chain.
 * @throws {UsageError} when the folder holds no bank or its keys are not private
 */
export function startAnotherChain(
  folder: string,
  randomBytes: (length: number) => Uint8Array,
  keepFirstKey: (text: string) => void,
): void {
  const keys = { ...openDataFolder(folder, randomBytes), chainId: randomBytes(16) };
  removeIfThere(chainKeyPath(folder));
  startChain(folder, keys, randomBytes(32), keepFirstKey);
  replaceKeys(folder, keys);
}

/** The first release had one key for the whole of a chain: it becomes the key of epoch 0. */
function upgradeKeys(
  folder: string,
  { chain, audit, auditVersion, ...others }: FirstReleaseKeys,
  randomBytes: (length: number) => Uint8Array,
): BankKeys {
  const versions = [{ version: auditVersion, key: audit }];
  const keys = { ...others, audit: versions, checkpoint: randomBytes(32) };
  removeIfThere(chainKeyPath(folder));
  startChain(
    folder,
    keys,
    chain,
    (text) => replacePrivateFile(folder, firstKeyPath(folder), text),
  );
  replaceKeys(folder, keys);
  return keys;
}

/** The systems' limit for the path of a Unix socket, which the operator's commands come through. */
const socketPathBytesMax = 103;

function requireShortPath(folder: string): void {
  const path = operatorSocketPath(folder);
  if (new TextEncoder().encode(path).length > socketPathBytesMax) {
    throw new UsageError(
      `${folder} is too long a path for a bank: choose a shorter one with --data`,
    );
  }
}

/** Writes the bank's keys anew, durably: at any moment the file holds the old ones or these. */
export function replaceKeys(folder: string, keys: BankKeys): void {
  replacePrivateFile(folder, keysPath(folder), formatKeys(keys));
}

/** Replaces a private file of this folder whole, or not at all, and waits for the disk. */
export function replacePrivateFile(folder: string, path: string, text: string): void {
  const fresh = `${path}.new`;
  removeIfThere(fresh);
  writePrivateFile(fresh, text);
  Deno.renameSync(fresh, path);
  syncFolder(folder);
}

/** Waits until the names of a folder's files are on disk. */
export function syncFolder(folder: string): void {
  if (Deno.build.os === "windows") return; // folders cannot be opened there
  const opened = Deno.openSync(folder);
  try {
    opened.syncSync();
  } finally {
    opened.close();
  }
}

/**
 * The keys in this folder, whether or not its database is there.
 * @throws {UsageError} when there are none, or others can read them
 */
export function readKeys(
  folder: string,
  upgrade?: (keys: FirstReleaseKeys) => BankKeys,
): BankKeys {
  return readBankKeys(keysPath(folder), upgrade);
}

/**
 * The keys of a file.
 * @param upgrade makes present keys of those of the first release
 * @throws {UsageError} when it is missing, readable by others, or no key file of this version
 */
export function readBankKeys(
  path: string,
  upgrade?: (keys: FirstReleaseKeys) => BankKeys,
): BankKeys {
  const mode = modeOf(path);
  requirePrivate(path, mode);
  const keys = parseKeys(Deno.readTextFileSync(path), path);
  if (!("chain" in keys)) return keys;
  if (upgrade) return upgrade(keys);
  throw new UsageError(`${path} is of an older version: open its bank once with this one`);
}

function modeOf(path: string): number | null {
  try {
    return Deno.statSync(path).mode;
  } catch (error) {
    throw new UsageError(`${path} cannot be read (${(error as Error).message})`);
  }
}

/** Writes a file that must not exist, readable by its owner alone, and waits for the disk. */
export function writePrivateFile(path: string, text: string): void {
  const file = reservePrivateFile(path);
  try {
    file.fill(text);
  } finally {
    file.close();
  }
}

/** A private file that is made now and filled later; closing one that is not finished takes it away. */
export interface ReservedFile {
  /** Writes all of it, durably: a text, or a file from where it stands. */
  fill(content: string | Deno.FsFile): void;
  /** Writes a piece of it; `finish` makes all of them durable. */
  write(text: string): void;
  finish(): void;
  close(): void;
}

/** @throws {UsageError} when it is there already, or cannot be made */
export function reservePrivateFile(path: string): ReservedFile {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    throw new UsageError(
      error instanceof Deno.errors.AlreadyExists
        ? `${path} is there already: move it away, or choose another`
        : `${path} cannot be written (${(error as Error).message}): choose another`,
    );
  }
  let finished = false;
  const write = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  };
  const finish = () => {
    file.syncSync();
    finished = true;
  };
  return {
    fill(content) {
      if (typeof content === "string") write(utf8(content));
      else {
        const chunk = new Uint8Array(1 << 20);
        for (let count; (count = content.readSync(chunk)) !== null;) {
          write(chunk.subarray(0, count));
        }
      }
      finish();
    },
    write: (text) => write(utf8(text)),
    finish,
    close() {
      file.close();
      if (!finished) Deno.removeSync(path);
    },
  };
}

/**
 * Copies a file to one that must not be there yet, readable by its owner alone, and waits for the disk.
 * @throws {UsageError} when the one cannot be read, or the other not be written
 */
export function copyPrivateFile(from: string, to: string): void {
  let source: Deno.FsFile;
  try {
    source = Deno.openSync(from);
  } catch (error) {
    throw new UsageError(
      `${from} cannot be read (${(error as Error).message}): name a backup's file`,
    );
  }
  try {
    const copy = reservePrivateFile(to);
    try {
      copy.fill(source);
    } finally {
      copy.close();
    }
  } finally {
    source.close();
  }
}

function formatKeys({ master, nextMaster, audit, chainId, checkpoint }: BankKeys): string {
  return JSON.stringify(
    {
      format: formatName,
      master: hex(master),
      ...(nextMaster && { nextMaster: hex(nextMaster) }),
      audit: audit.map(({ version, key }) => ({ version, key: hex(key) })),
      chainId: hex(chainId),
      checkpoint: hex(checkpoint),
    },
    null,
    2,
  ) + "\n";
}

/** What a key file of the first release has. */
type FirstReleaseKeys = Omit<BankKeys, "audit" | "checkpoint"> & {
  audit: Uint8Array;
  auditVersion: number;
  /** The one key of the log's chain. */
  chain: Uint8Array;
};

const firstFormatName = "strongroom bank keys 1";

function parseKeys(text: string, path: string): BankKeys | FirstReleaseKeys {
  let fields: Record<string, unknown> | null;
  try {
    fields = JSON.parse(text);
  } catch {
    fields = null;
  }
  const master = fromHex(fields?.master, 32);
  const nextMaster = fields?.nextMaster === undefined ? undefined : fromHex(fields.nextMaster, 32);
  const chainId = fromHex(fields?.chainId, 16);
  const rest = fields?.format === formatName
    ? presentKeysOf(fields)
    : fields?.format === firstFormatName
    ? firstReleaseKeysOf(fields)
    : null;
  if (!master || !chainId || nextMaster === null || rest === null) {
    throw new UsageError(
      `${path} is not a key file of this version: restore it from where you keep its copy`,
    );
  }
  return { master, ...(nextMaster && { nextMaster }), chainId, ...rest };
}

function presentKeysOf(
  fields: Record<string, unknown>,
): Pick<BankKeys, "audit" | "checkpoint"> | null {
  const checkpoint = fromHex(fields.checkpoint, 32);
  const audit: BankKeys["audit"] = [];
  for (const each of Array.isArray(fields.audit) ? fields.audit : []) {
    const key = fromHex(each?.key, 32);
    if (!key || !isVersion(each.version)) return null;
    audit.push({ version: each.version, key });
  }
  return checkpoint && audit.length > 0 ? { audit, checkpoint } : null;
}

function firstReleaseKeysOf(
  { audit: auditText, auditVersion, chain: chainText }: Record<string, unknown>,
): Pick<FirstReleaseKeys, "audit" | "auditVersion" | "chain"> | null {
  const audit = fromHex(auditText, 32);
  const chain = fromHex(chainText, 32);
  return audit && chain && isVersion(auditVersion) ? { audit, auditVersion, chain } : null;
}

function isVersion(value: unknown): value is number {
  return Number.isSafeInteger(value) && value as number > 0;
}

export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

export function isThere(path: string): boolean {
  return sizeOf(path) !== null;
}

/** Null for what is not there. A making that was cut short leaves an empty database. */
function sizeOf(path: string): number | null {
  try {
    return Deno.statSync(path).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw new UsageError(`${path} cannot be read (${(error as Error).message})`);
  }
}
