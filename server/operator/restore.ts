/**
 * A bank put back to a backup. Nothing is changed before the backup has been found good and has been
 * made ready; what was there is kept beside it. Afterwards the bank waits for each terminal to tell
 * again what it did since, before it serves customers.
 */
import { hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { systemWithFiles } from "../../lib/system.ts";
import { AuditKeyRing, auditKeysOf } from "../audit/keys.ts";
import { lastTimeOf } from "../audit/writer.ts";
import { openBank, randomBytes } from "../bank.ts";
import {
  bankElsewhere,
  copyPrivateFile,
  databasePath,
  isThere,
  logFilePath,
  readKeys,
  removeIfThere,
  startAnotherChain,
  syncFolder,
} from "../folder/bank_folder.ts";
import {
  type Account,
  type Changes,
  newAccount,
  type Restoring,
  type Terminal,
} from "../ledger/model.ts";
import { logCommand } from "../ledger/command.ts";
import { checkFileInThread } from "../ledger_thread.ts";
import { SqliteStore } from "../ledger/sqlite/store.ts";
import { keptTerminals } from "../terminals/kept_terminals.ts";

/** Terminals' clocks may differ from the bank's: they tell again from so much earlier. */
const earlierMs = 24 * 60 * 60 * 1_000;

export interface Restore {
  folder: string;
  /** The backup's file. */
  from: string;
  /** Is given the text of the first key's file of the log's next chain. */
  keepFirstKey: (text: string) => void;
  operator: string;
  nowMs: number;
  log: (line: string) => void;
}

/** How far a log has come. */
interface Head {
  /** Of the newest chain: its name, and its last entry's place in it. */
  chain: string;
  sequence: number;
  timeMs: number;
}

/**
 * Gives lines for the operator. The log goes on in another chain, so that no entry that was lost can
 * be put in the place of one that is written from now on.
 * @throws {UsageError} when the bank is in use, or the backup is bad or another bank's: nothing is changed
 */
export async function restoreBank(
  { folder, from, keepFirstKey, operator, nowMs, log }: Restore,
): Promise<string[]> {
  if (bankElsewhere(folder) !== null) {
    throw new UsageError(
      "this bank is in PostgreSQL: put it back with PostgreSQL's own means, as docs/OPERATIONS.md says",
    );
  }
  const path = databasePath(folder);
  const versions = readKeys(folder).audit.map(({ key, version }) => auditKeysOf(key, version));
  const keys = new AuditKeyRing(versions);
  const lost = await headOf(path, keys);
  const fresh = `${path}.restored`;
  filesOf(fresh).forEach(removeIfThere); // of a restore that was cut short
  copyPrivateFile(from, fresh);
  const terminals = await readied(fresh, from, keys, keptTerminals(folder));
  const words = missingInWords((await headOf(fresh, keys))!, lost);
  const before = `.before-${new Date(nowMs).toISOString().replace(/[:.]/g, "-")}`;
  const aside = `${path}${before}`;
  for (const [index, file] of filesOf(path).entries()) {
    if (isThere(file)) Deno.renameSync(file, filesOf(aside)[index]!);
  }
  // The log as a file still has what the database lost, and would be brought in line with it.
  const logFile = logFilePath(folder);
  if (isThere(logFile)) Deno.renameSync(logFile, `${logFile}${before}`);
  Deno.renameSync(fresh, path);
  syncFolder(folder);
  startAnotherChain(folder, randomBytes, keepFirstKey);
  const bank = await openBank(folder, log);
  const entry = logCommand(`operator ${operator}`, `restore a backup - ${words}`);
  const { outcome } = await bank.ledger.submit(entry);
  const after = await bank.ledger.check();
  await bank.close();
  if (outcome !== "ok") {
    throw new UsageError("the books are restored, but the log cannot be written");
  }
  if (after.problem !== null) throw new UsageError(`the restored books are bad: ${after.problem}`);
  return [
    `the books are restored, and good: ${words}`,
    ...terminals,
    `what was there is kept, as files that end with ${before}`,
  ];
}

/**
 * Makes a copy of the backup ready to take the bank's place; gives lines about it.
 * @throws {UsageError} when the backup is bad or another bank's
 */
async function readied(
  fresh: string,
  from: string,
  keys: AuditKeyRing,
  kept: Terminal[] | null,
): Promise<string[]> {
  try {
    const { problem } = await checkFileInThread({ path: fresh, keys: keys.versions });
    if (problem !== null) {
      throw new UsageError(`${from} is no good backup of this bank: ${problem}`);
    }
    return makeReady(fresh, (await headOf(fresh, keys))!.timeMs, kept);
  } catch (error) {
    filesOf(fresh).forEach(removeIfThere);
    throw error;
  }
}

/** A database, and what SQLite may have beside it. */
const filesOf = (path: string) => [path, `${path}-wal`, `${path}-shm`];

/**
 * How far a database's log has come; null when there is none, or it is damaged.
 * @throws {UsageError} when another process has it
 */
async function headOf(path: string, keys: AuditKeyRing): Promise<Head | null> {
  if (!isThere(path)) return null;
  let store: SqliteStore;
  try {
    store = SqliteStore.open(systemWithFiles, path);
  } catch (error) {
    if (/in use/.test((error as Error).message)) throw error;
    return null;
  }
  try {
    const newest = store.chains().at(-1)!;
    const [last] = store.lastEntries(newest.number, 1);
    const timeMs = await lastTimeOf(store, keys);
    return { chain: hex(newest.id).slice(0, 8), sequence: last?.sequence ?? 0, timeMs };
  } catch {
    return null;
  } finally {
    store.close();
  }
}

/** Which entries of the log, and what they speak of, may be missing. */
function missingInWords(kept: Head, lost: Head | null): string {
  const place = ({ chain, sequence, timeMs }: Head) =>
    `entry ${sequence} of chain ${chain} (${new Date(timeMs).toISOString()})`;
  if (lost === null) {
    return `what was booked and logged after ${place(kept)} is missing, nobody knows how much`;
  }
  if (lost.chain === kept.chain && lost.sequence <= kept.sequence) {
    return `nothing is missing: it ends with ${place(kept)}`;
  }
  return `what was booked and logged after ${place(kept)}, up to ${place(lost)}, is missing`;
}

/** Keeps what became of terminals since, and has the bank wait for them; gives lines about it. */
function makeReady(path: string, timeMs: number, kept: Terminal[] | null): string[] {
  const store = SqliteStore.open(systemWithFiles, path);
  try {
    const held = store.holds().map((hold) => hold.timeMs);
    const before = new Map(store.terminals().map((terminal) => [terminal.id, terminal]));
    const terminals = kept ?? [...before.values()];
    const waiting = terminals.filter(({ state }) => state === "active").map(({ id }) => id);
    const restoring: Restoring = { sinceMs: Math.min(timeMs, ...held) - earlierMs, waiting };
    const accounts = terminals.filter(({ id }) => !before.has(id)).map(({ id }, index) =>
      cashAccount(store, id, index)
    );
    store.commit({ ...noChanges, terminals, accounts, restoring }, []);
    return kept === null
      ? ["no list of terminals was kept: revoke again whatever was revoked since the backup"]
      : terminals.flatMap((terminal) => changeInWords(before.get(terminal.id), terminal));
  } finally {
    store.close();
  }
}

const noChanges: Omit<Changes, "terminals" | "accounts" | "restoring"> = {
  movements: [],
  customers: [],
  failures: [],
  limits: null,
  clock: null,
  timeMs: 0,
};

/** The cash account of a terminal that was enrolled since. */
function cashAccount(store: SqliteStore, owner: string, index: number): Account {
  const { currency } = store.settings();
  const id = Math.max(0, ...store.accounts().map((account) => account.id)) + 1 + index;
  return { ...newAccount, id, kind: "terminal", owner, name: "", currency: currency.code };
}

function changeInWords(before: Terminal | undefined, { name, state, keyVersion }: Terminal) {
  if (!before) return [`terminal ${name} stays enrolled`];
  if (before.state !== state) return [`terminal ${name} stays revoked`];
  return before.keyVersion === keyVersion ? [] : [`terminal ${name} stays with key ${keyVersion}`];
}
