/**
 * The bank's folder: its database, and the keys that never leave it.
 *
 *     bank.sqlite     the ledger, the log, customers and terminals
 *     bank.keys       0600: the master key, the AUDIT_KEY, the chain's key
 *     operator.sock   0600: where a running server takes the operator's commands
 */
import { fromHex, hex } from "../lib/bytes.ts";
import { UsageError } from "../lib/errors.ts";
import { requirePrivate } from "../lib/private_file.ts";

export const databasePath = (folder: string) => `${folder}/bank.sqlite`;
export const keysPath = (folder: string) => `${folder}/bank.keys`;
export const operatorSocketPath = (folder: string) => `${folder}/operator.sock`;

/** Every key of a bank, 32 random bytes each. */
export interface BankKeys {
  /** Seals the terminals' keys at rest. */
  master: Uint8Array;
  /** The one to follow it, while the database is changed over. */
  nextMaster?: Uint8Array;
  /** `AUDIT_KEY` and its version. */
  audit: Uint8Array;
  auditVersion: number;
  chain: Uint8Array;
  /** 16 bytes that name this server's chain. */
  chainId: Uint8Array;
}

const formatName = "strongroom bank keys 1";

/** Whether a bank was made in this folder. */
export function holdsBank(folder: string): boolean {
  return sizeOf(keysPath(folder)) !== null && (sizeOf(databasePath(folder)) ?? 0) > 0;
}

/**
 * Makes the folder and its key file; goes on with the keys of a making that was cut short.
 * @throws {UsageError} when a bank is there already, or the folder cannot be made
 */
export function createDataFolder(
  folder: string,
  randomBytes: (length: number) => Uint8Array,
): BankKeys {
  requireShortPath(folder);
  if (holdsBank(folder)) {
    throw new UsageError(
      `${folder} holds a bank already: use it, or give another folder with --data`,
    );
  }
  if (sizeOf(keysPath(folder)) !== null) return readKeys(folder);
  const keys = {
    master: randomBytes(32),
    audit: randomBytes(32),
    auditVersion: 1,
    chain: randomBytes(32),
    chainId: randomBytes(16),
  };
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    writePrivateFile(keysPath(folder), formatKeys(keys));
  } catch (error) {
    throw new UsageError(
      `${folder} cannot be written (${(error as Error).message}): choose another with --data`,
    );
  }
  return keys;
}

/**
 * The keys of the bank in this folder.
 * @throws {UsageError} when there is none, or others can read its keys
 */
export function openDataFolder(folder: string): BankKeys {
  if (!holdsBank(folder)) {
    throw new UsageError(
      `no bank in ${folder}: make one with 'deno task bank init', or try everything with 'deno task demo'`,
    );
  }
  requireShortPath(folder);
  return readKeys(folder);
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
  if (Deno.build.os === "windows") return; // folders cannot be opened there
  const opened = Deno.openSync(folder);
  try {
    opened.syncSync();
  } finally {
    opened.close();
  }
}

function readKeys(folder: string): BankKeys {
  const path = keysPath(folder);
  requirePrivate(path, Deno.statSync(path).mode);
  return parseKeys(Deno.readTextFileSync(path), path);
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

/**
 * Makes an empty private file now, to be filled later; closing an unfilled one takes it away.
 * @throws {UsageError} when it is there already, or cannot be made
 */
export function reservePrivateFile(path: string): { fill(text: string): void; close(): void } {
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
  let filled = false;
  return {
    fill(text) {
      file.writeSync(new TextEncoder().encode(text));
      file.syncSync();
      filled = true;
    },
    close() {
      file.close();
      if (!filled) Deno.removeSync(path);
    },
  };
}

function formatKeys({ master, nextMaster, audit, auditVersion, chain, chainId }: BankKeys): string {
  return JSON.stringify(
    {
      format: formatName,
      master: hex(master),
      ...(nextMaster && { nextMaster: hex(nextMaster) }),
      audit: hex(audit),
      auditVersion,
      chain: hex(chain),
      chainId: hex(chainId),
    },
    null,
    2,
  ) + "\n";
}

function parseKeys(text: string, path: string): BankKeys {
  const bad = new UsageError(
    `${path} is not a key file of this version: restore it from where you keep its copy`,
  );
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(text);
  } catch {
    throw bad;
  }
  const [master, audit, chain] = [fields?.master, fields?.audit, fields?.chain].map((key) =>
    fromHex(key, 32)
  );
  const chainId = fromHex(fields?.chainId, 16);
  const nextMaster = fields?.nextMaster === undefined ? undefined : fromHex(fields.nextMaster, 32);
  const auditVersion = fields?.auditVersion;
  if (
    fields?.format !== formatName || !master || !audit || !chain || !chainId ||
    nextMaster === null ||
    !Number.isSafeInteger(auditVersion)
  ) throw bad;
  return {
    master,
    ...(nextMaster && { nextMaster }),
    audit,
    auditVersion: auditVersion as number,
    chain,
    chainId,
  };
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
