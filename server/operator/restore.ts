/**
 * Restores a bank from a backup. Nothing changes before the backup is checked and prepared; the
 * present files are kept under other names. Afterwards each terminal retells its movements since
 * then, before the bank serves customers.
 */
import { hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { clockJumpMsMax, retellMarginMs } from "../../lib/limits.ts";
import { copyPrivateFile, isThere, type OnCopied, removeIfThere } from "../../lib/private_file.ts";
import type { AuditKeyRing } from "../audit/keys.ts";
import { newestVersion } from "../audit/newest_keys.ts";
import { type BankWorld, openBank } from "../bank.ts";
import {
  BankFolder,
  closeOnFailure,
  databasePath,
  keptTerminalsPath,
  keysPath,
  logFilePath,
  type PreparedChain,
  replacedPath,
} from "../folder/bank_folder.ts";
import { auditKeyRingOf } from "../folder/bank_keys.ts";
import { chainsIn } from "./log_programs.ts";
import type { Command } from "../ledger/command.ts";
import { causeInWords } from "../ledger/faults.ts";
import type { Movement, Staff, Terminal } from "../ledger/model.ts";
import {
  CannotOpen,
  DiskFull,
  FileInUse,
  type ReadStore,
  type StoreReader,
  UnusableFile,
} from "../ledger/store.ts";
import type { ReadingWorld } from "./read_log.ts";
import { sealedOtherwise } from "../terminals/change_keys.ts";
import { keptTerminals } from "../terminals/kept_terminals.ts";
import { terminalSealKeys } from "../terminals/terminal_keys.ts";

export interface Restore {
  /** The bank's folder. */
  path: string;
  /** The backup's file. */
  from: string;
  /** Receives the first key of the log's next chain. */
  keepFirstKey: (text: string) => void;
  operator: string;
  /**
   * Checks that the operator is an admin of the bank; returns the signed request, for the log.
   * @throws {UsageError} if not
   */
  authorise?(store: Pick<ReadStore, "staff" | "settings">): Promise<string>;
  /** Called with the bytes of the backup that are copied. */
  onCopied?: OnCopied;
  /** Called with the rows of the restored books that are checked, and their total. */
  onRows?(step: "checked again", done: number, of: number): void;
}

/** The end of a database's log, and its terminals. */
interface Head {
  /** The names of the chains, the newest last. */
  chains: readonly string[];
  /** Of the newest chain: its name, and its last entry's place in it. */
  chain: string;
  sequence: number;
  timeMs: number;
  /** How many times the bank's time was set back. */
  setBacks: number;
  bankId: string;
  terminals: readonly Terminal[];
  staff: Staff;
}

/** The result, in words. */
interface Restored {
  /** The missing entries. */
  missing: string;
  terminals: string[];
  /** The suffix of the renamed files. */
  kept: string;
}

/**
 * Restores the bank; returns lines for the operator. The log continues in another chain, so that a lost
 * entry cannot replace a later one.
 * @throws {UsageError} if the bank is in use, the backup is damaged or another bank's, or the keys
 * are of another time: nothing is changed
 */
export async function restoreBank(
  world: BankWorld & ReadingWorld,
  restore: Restore,
): Promise<string[]> {
  const folder = await BankFolder.own(world, restore.path);
  const restored = await closeOnFailure(folder, () => putBack(world, folder, restore));
  const bank = await openBank(world, folder);
  try {
    const { problem } = await bank.ledger.check((done, of) =>
      restore.onRows?.("checked again", done, of)
    );
    if (problem !== null) throw new UsageError(`the restored books are wrong: ${problem}`);
  } finally {
    await bank.close();
  }
  return [
    `the books are restored and correct: ${restored.missing}`,
    ...restored.terminals,
    `the previous files are kept, with names that end with ${restored.kept}`,
  ];
}

/**
 * Checks a restore, and changes nothing; returns lines for the operator.
 * @throws {UsageError} if the bank is in use, or the backup is damaged or another bank's
 */
export async function rehearseRestore(
  world: BankWorld & ReadingWorld,
  { path, ...restore }: Pick<Restore, "path" | "from" | "onCopied">,
): Promise<string[]> {
  const folder = await BankFolder.own(world, path);
  const copy = `${databasePath(path)}.rehearsed`;
  try {
    requireOwnFile(folder);
    const { missing, terminals } = await checkedCopy(world, folder, copy, restore);
    return [`the restore can be done, and nothing was changed: ${missing}`, ...terminals];
  } finally {
    removeDatabase(world.files, copy);
    folder.close();
  }
}

/** @throws {UsageError} if the bank is in PostgreSQL */
function requireOwnFile(folder: BankFolder): void {
  if (folder.bankElsewhere === null) return;
  throw new UsageError(
    "this bank is in PostgreSQL: restore it with PostgreSQL's tools, as docs/OPERATIONS.md says",
  );
}

async function putBack(
  world: BankWorld & ReadingWorld,
  folder: BankFolder,
  restore: Restore,
): Promise<Restored> {
  requireOwnFile(folder);
  const { files } = world;
  const path = databasePath(folder.path);
  const fresh = `${path}.restored`;
  const replaced = replacedPath(folder.path);
  // An interrupted restore has moved the database, or a part of its files, or replaced it.
  if (isThere(files, path)) renameDatabase(files, replaced, unusedName(files, path, world.nowMs()));
  else renameDatabase(files, path, replaced);
  const { chain, ...restored } = await readyCopy(world, folder, fresh, restore).catch((error) => {
    removeDatabase(files, fresh);
    throw error;
  });
  renameDatabase(files, path, replaced);
  files.rename(fresh, path);
  const aside = unusedName(files, path, world.nowMs());
  const kept = aside.slice(path.length);
  // The log's file still has the entries that the database lost.
  const logFile = logFilePath(folder.path);
  if (isThere(files, logFile)) files.rename(logFile, `${logFile}${kept}`);
  renameDatabase(files, replaced, aside);
  files.syncFolder(folder.path);
  folder.beginChain(chain);
  return { ...restored, kept };
}

/** Returns a path for a replaced database at which no file exists. */
function unusedName(files: BankWorld["files"], path: string, timeMs: number): string {
  const name = `${path}.before-${new Date(timeMs).toISOString().replace(/[:.]/g, "-")}`;
  let unused = name;
  for (let number = 2; isThere(files, unused); number++) unused = `${name}-${number}`;
  return unused;
}

/** Renames those of a database's files that exist. */
function renameDatabase(files: BankWorld["files"], from: string, to: string): void {
  const names = filesOf(to);
  for (const [index, file] of filesOf(from).entries()) {
    if (isThere(files, file)) files.rename(file, names[index]!);
  }
}

/**
 * Copies the backup, prepares the copy to replace the bank, and writes the next chain's first key.
 * @throws {UsageError} if the backup is damaged or another bank's
 */
async function readyCopy(
  world: BankWorld & ReadingWorld,
  folder: BankFolder,
  fresh: string,
  { from, operator, authorise, keepFirstKey, onCopied }: Restore,
): Promise<Omit<Restored, "kept"> & { chain: PreparedChain }> {
  const checked = await checkedCopy(world, folder, fresh, { from, authorise, onCopied });
  const { command, terminals, missing } = checked;
  const { chains, bankName } = await chainsIn(world, { path: fresh });
  const chain = folder.prepareChain(chains, bankName);
  const keys = auditKeyRingOf(folder.keys);
  await makeReady(world, fresh, keys, chain, { ...command, operator, missing });
  keepFirstKey(chain.firstKey);
  return { missing, terminals, chain };
}

/**
 * Copies a backup and checks the copy; returns what a restore would change.
 * @throws {UsageError} if it is damaged or another bank's
 */
async function checkedCopy(
  world: BankWorld & ReadingWorld,
  folder: BankFolder,
  fresh: string,
  { from, authorise, onCopied }: Pick<Restore, "from" | "authorise" | "onCopied">,
): Promise<Awaited<ReturnType<typeof restoring>> & { missing: string }> {
  const keys = auditKeyRingOf(folder.keys);
  const path = databasePath(folder.path);
  const lost = await headOf(world, isThere(world.files, path) ? path : replacedPath(folder.path));
  removeDatabase(world.files, fresh); // from an interrupted restore
  copyPrivateFile(world.files, from, fresh, onCopied);
  const invalid = (why: string) =>
    new UsageError(`${from} is not a valid backup of this bank: ${why}. Name another with --from`);
  const checking = world.checkFile({ path: fresh, keys: keys.versions });
  const { problem } = await checking.catch((error) => {
    throw error instanceof UnusableFile ? invalid(error.fault) : error;
  });
  if (problem !== null) {
    await requireKeysOfBackup(world, folder, { from, fresh });
    throw invalid(problem);
  }
  const head = await headOf(world, fresh);
  if (head === null) throw invalid("it cannot be read");
  const missing = missingInWords(head, lost);
  const last = lost?.bankId === head.bankId ? lost : null;
  const kept = newestTerminals(
    keptTerminals(world.files, folder.path),
    last === null ? null : last.terminals,
  );
  requireKeysThatOpen(folder, from, head.terminals, kept ?? []);
  const staff = last === null ? null : last.staff;
  const present = { terminals: kept, staff };
  const sinceMs = timeNeverRanBack(head, last, world.nowMs()) ? head.timeMs : 0;
  const { command, terminals } = await restoring(world, fresh, sinceMs, present, authorise);
  const leftOut = last === null ? [] : last.chains.filter((name) => !head.chains.includes(name));
  const chains = leftOut.map((name) =>
    `chain ${name} is not in this log: verify it without its first key`
  );
  return { missing, command, terminals: [...terminals, ...chains] };
}

/**
 * Checks that the folder's keys of the log are not older than a backup.
 * @throws {UsageError} if they are
 */
async function requireKeysOfBackup(
  world: ReadingWorld,
  { path, keys }: BankFolder,
  { from, fresh }: { from: string; fresh: string },
): Promise<void> {
  const newest = auditKeyRingOf(keys).newest.version;
  const store = await world.openReader({ path: fresh });
  try {
    const version = await newestVersion(store);
    if (version <= newest) return;
    throw new UsageError(
      `${from} has entries under version ${version} of the AUDIT_KEY, and the newest in ` +
        `${keysPath(path)} is version ${newest}. Copy the bank's newest bank.keys here`,
    );
  } finally {
    await store.close();
  }
}

/**
 * Checks that the folder's keys open each terminal's key that a restore keeps.
 * @param backup the terminals of the backup
 * @param kept those that replace them
 * @throws {UsageError} if not, naming the `bank.keys` that does
 */
function requireKeysThatOpen(
  { path, keys: { master, nextMaster } }: BankFolder,
  from: string,
  backup: readonly Terminal[],
  kept: readonly Terminal[],
): void {
  const masters = nextMaster ? [master, nextMaster] : [master];
  const firstOf = (rows: readonly Terminal[]) => {
    const [sealed] = sealedOtherwise(rows, ...masters.map(terminalSealKeys));
    return rows.find(({ id }) => id === sealed?.terminal)?.name;
  };
  const ofList = firstOf(kept);
  if (ofList !== undefined) {
    throw new UsageError(
      `the present key of terminal ${ofList}, from ${keptTerminalsPath(path)} or the replaced ` +
        `database, does not open with ${keysPath(path)}. Copy the bank's newest bank.keys here`,
    );
  }
  const replaced = new Set(kept.map(({ id }) => id));
  const ofBackup = firstOf(backup.filter(({ id }) => !replaced.has(id)));
  if (ofBackup === undefined) return;
  throw new UsageError(
    `the key of terminal ${ofBackup} in ${from} does not open with ${keysPath(path)}: the master ` +
      "key was changed since. Copy the bank.keys from the time of that backup here",
  );
}

function removeDatabase(files: BankWorld["files"], path: string): void {
  for (const file of filesOf(path)) removeIfThere(files, file);
}

/** A database file, and those that SQLite may add to it. */
const filesOf = (path: string) => [path, `${path}-wal`, `${path}-shm`];

/**
 * Returns each terminal as it was last; null if there is no list.
 * @param kept the list next to the database, which may be older than it: its disk was full
 * @param lost the database's, if it can be read
 */
function newestTerminals(
  kept: readonly Terminal[] | null,
  lost: readonly Terminal[] | null,
): Terminal[] | null {
  if (kept === null && lost === null) return null;
  const newest = new Map((kept ?? []).map((terminal) => [terminal.id, terminal]));
  for (const terminal of lost ?? []) {
    const listed = newest.get(terminal.id);
    if (!listed || !isNewer(listed, terminal)) newest.set(terminal.id, terminal);
  }
  return [...newest.values()];
}

/** Returns whether a terminal's row is newer than another: it is revoked, or has newer keys. */
function isNewer(one: Terminal, other: Terminal): boolean {
  const [ones, others] = [versionsOf(one), versionsOf(other)];
  const index = ones.findIndex((version, index) => version !== others[index]);
  return index >= 0 && ones[index]! > others[index]!;
}

/**
 * Returns what never decreases in a terminal's rows, in the order in which it is compared. Another
 * device of a terminal has a higher version than the revoked one.
 */
function versionsOf({ state, keyVersion, next, device }: Terminal): number[] {
  return [
    Number(state === "revoked"),
    keyVersion,
    next?.version ?? 0,
    device?.keyVersion ?? 0,
    Number(device?.state === "revoked"),
  ];
}

/**
 * Returns the end of a database's log, and its terminals; null if none exists, or it is damaged.
 * @throws {UsageError} if another process uses it, its disk is full or it cannot be opened: it may be
 *   good
 */
async function headOf(world: ReadingWorld, path: string): Promise<Head | null> {
  if (!isThere(world.files, path)) return null;
  let store: StoreReader;
  try {
    store = await world.openReader({ path });
  } catch (error) {
    if ([CannotOpen, FileInUse, DiskFull].some((kind) => error instanceof kind)) throw error;
    return null;
  }
  try {
    const all = await store.chains();
    const newest = all.at(-1)!;
    const chains = all.map(({ id }) => hex(id).slice(0, 8));
    const [last] = await store.lastEntries(newest.number, 1);
    const { lastMs: timeMs, confirmed } = await store.times();
    const setBacks = confirmed?.setBacks ?? 0;
    const [{ bankId }, terminals] = [await store.settings(), await store.terminals()];
    const chain = chains.at(-1)!;
    const staff = await store.staff();
    const sequence = last?.sequence ?? 0;
    return { chains, chain, sequence, timeMs, setBacks, bankId, terminals, staff };
  } catch {
    return null;
  } finally {
    await store.close();
  }
}

/** Describes the entries of the log, with their rows, that may be missing. */
function missingInWords(kept: Head, lost: Head | null): string {
  const place = ({ chain, sequence, timeMs }: Head) =>
    `entry ${sequence} of chain ${chain} (${new Date(timeMs).toISOString()})`;
  if (lost === null) {
    return `what was booked and logged after ${place(kept)} is missing, the amount is unknown`;
  }
  if (lost.chain === kept.chain && lost.sequence <= kept.sequence) {
    return `nothing is missing: it ends with ${place(kept)}`;
  }
  return `what was booked and logged after ${place(kept)}, up to ${place(lost)}, is missing`;
}

/**
 * Returns whether the bank's time certainly was not set back since a backup. Otherwise movements since
 * the backup may have earlier times than it, and terminals retell all that they have. The replaced
 * database has the number of times if it is later than the backup, without another restore between
 * them. A backup from the future is from a clock that was ahead.
 */
function timeNeverRanBack(kept: Head, lost: Head | null, nowMs: number): boolean {
  return lost !== null && lost.chain === kept.chain && lost.sequence >= kept.sequence &&
    lost.setBacks === kept.setBacks && kept.timeMs <= nowMs + clockJumpMsMax;
}

type RestoreCommand = Extract<Command, { op: "restore" }>;

/**
 * Returns the changes to a copy of a backup, and lines about them.
 * @param timeMs the bank's time of the backup's last entry; 0 if no time is too early to retell
 * @param kept the terminals and the operators as they were last, if they are known
 */
async function restoring(
  world: BankWorld,
  path: string,
  timeMs: number,
  kept: { terminals: Terminal[] | null; staff: Staff | null },
  authorise: Restore["authorise"],
): Promise<{
  command: Pick<RestoreCommand, "op" | "terminals" | "staff" | "restoring" | "signed">;
  terminals: string[];
}> {
  const store = await world.openStore({ path });
  try {
    const staff = kept.staff ?? await store.staff();
    const settings = () => store.settings();
    const signed = await authorise?.({ staff: () => staff, settings });
    // Terminals that had not retold after an earlier restore retell what the backup lacks of it, too.
    const earlier = await store.restoring();
    const sinceMs = Math.min(
      retellSinceMs(await store.holds(), timeMs),
      earlier?.waiting.length ? earlier.sinceMs : Infinity,
    );
    const before = new Map((await store.terminals()).map((terminal) => [terminal.id, terminal]));
    const terminals = kept.terminals ?? [...before.values()];
    const waiting = terminals.filter(({ state }) => state !== "revoked").map(({ id }) => id);
    const unattested = terminals.filter(({ state, device }) =>
      state !== "revoked" && device?.state === "active"
    ).map(({ id: terminal }) => ({ terminal, nonce: hex(world.randomBytes(16)).toUpperCase() }));
    const restoring = { sinceMs, waiting, unattested, unknown: earlier?.unknown ?? [] };
    const ofOperators = kept.staff === null && staff.operators.length > 0
      ? ["the operators are those of the backup: remove again those who were removed since"]
      : [];
    const lines = kept.terminals === null
      ? [
        "no list of terminals was kept: revoke again the terminals that were revoked since the backup",
      ]
      : terminals.flatMap((terminal) => changeInWords(before.get(terminal.id), terminal));
    const command = { op: "restore", terminals, staff, restoring, signed } as const;
    return { command, terminals: [...lines, ...ofOperators] };
  } finally {
    await store.close();
  }
}

/**
 * Returns the bank's time since which terminals retell: movements open in the backup may have ended
 * since.
 */
function retellSinceMs(holds: readonly Movement[], lastMs: number): number {
  const firstMs = holds.reduce((first, { timeMs }) => Math.min(first, timeMs), lastMs);
  return Math.max(0, firstMs - retellMarginMs);
}

/**
 * Prepares a copy of a backup to replace the bank, as the first entry of its next chain records.
 * @throws {UsageError} if the copy cannot be written
 */
async function makeReady(
  world: BankWorld,
  path: string,
  keys: AuditKeyRing,
  { chainId, keyPath }: PreparedChain,
  command: RestoreCommand,
): Promise<void> {
  const troubles: string[] = [];
  const ledger = await world.openLedger(
    { place: { path }, keys: keys.versions, chainId, chainKeyPath: keyPath },
    {
      onTrouble: (line) => troubles.push(line),
      onDoubt: () => {},
      onFault: () => {},
      onMoved: () => {},
    },
  );
  try {
    const { replies: [reply] } = await ledger.run([command], true);
    if (reply?.outcome === "ok") return;
    const cause = troubles.map(causeInWords).find((cause) => cause !== null);
    throw new UsageError(
      `nothing was restored, and nothing has changed: ${path} cannot be written ` +
        `(${cause ?? troubles.join("; ")}). Mend that, and run the command again`,
    );
  } finally {
    await ledger.close();
  }
}

function changeInWords(before: Terminal | undefined, { name, state, keyVersion }: Terminal) {
  if (!before) return [`terminal ${name} stays enrolled`];
  if (before.state !== state) return [`terminal ${name} stays ${state}`];
  return before.keyVersion === keyVersion ? [] : [`terminal ${name} stays with key ${keyVersion}`];
}
