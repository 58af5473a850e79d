/**
 * The ATM's folder. Its `atm.sqlite` holds the journal, the counts of notes and the settings; every
 * commit is on disk before the ATM acts on it. One process at a time uses it.
 */
import { DatabaseSync } from "node:sqlite";
import { hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { folderLockMsMax } from "../../lib/limits.ts";
import type { Currency } from "../../lib/money.ts";
import { isThere, removeIfThere, requireOwnFolder } from "../../lib/private_file.ts";
import type { TerminalKey } from "../../lib/terminal_key.ts";
import type { Files } from "../../lib/world.ts";
import { emptyLog } from "./transact.ts";

const databaseName = "atm.sqlite";

/** The tables of devices' counters and of settings. */
export const notesSchema = `
CREATE TABLE notes (
  place TEXT NOT NULL CHECK (place IN
    ('cassettes', 'stacker', 'tray', 'reject', 'retract', 'escrow', 'mouth', 'left', 'initial',
     'presented', 'rejected', 'deposited', 'sequence dispensed', 'sequence presented',
     'sequence rejected', 'sequence retracted')),
  value TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (place, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

const schema = `
CREATE TABLE journal (
  movement TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('withdrawal', 'deposit', 'transfer', 'load', 'count', 'left')),
  amount TEXT NOT NULL,
  currency TEXT NOT NULL,
  account TEXT,
  uid TEXT,
  bank_time_ms INTEGER,
  notes TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('intent', 'authorised', 'acting', 'acted', 'settled', 'disputed', 'doubtful')),
  counts_before TEXT,
  done TEXT,
  token TEXT,
  status_nonce TEXT,
  status TEXT,
  why TEXT,
  time_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX journal_open ON journal (state) WHERE state <> 'settled';
${notesSchema}`;

/**
 * The schema's upgrades, by version: entry n upgrades a database from version n; the first creates
 * the tables.
 */
export const versions: readonly string[] = [
  schema,
  "ALTER TABLE journal ADD COLUMN voucher TEXT",
  "ALTER TABLE journal ADD COLUMN checked INTEGER NOT NULL DEFAULT 0",
];

/** The files of a folder, as far as its database is opened by them. */
export type FolderFiles = Pick<Files, "facts" | "makeFolder" | "open" | "remove">;

/**
 * Opens an ATM's folder, or creates it.
 * @param known the schema's versions; a test adds one
 * @throws {UsageError} if another process uses it, it is damaged, has a newer version, or cannot be
 * written
 */
export function openAtmFolder(
  files: FolderFiles,
  folder: string,
  known = versions,
): DatabaseSync {
  return openFolderDatabase(files, folder, databaseName, known);
}

/**
 * Opens a folder's database, or creates both.
 * @throws {UsageError} as `openAtmFolder`
 */
export function openFolderDatabase(
  files: FolderFiles,
  folder: string,
  name: string,
  known: readonly string[],
): DatabaseSync {
  const path = `${folder}/${name}`;
  let database: DatabaseSync | undefined;
  try {
    files.makeFolder(folder);
    requireOwnFolder(files, folder);
    requireUndamaged(files, path);
    // SQLite gives its other files the mode of this one.
    files.open(path, "create").close();
    database = new DatabaseSync(path);
    database.exec(`PRAGMA busy_timeout = ${folderLockMsMax}; PRAGMA locking_mode = EXCLUSIVE`);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
    prepareTables(database, path, known);
    requireSound(database);
    database.exec("COMMIT");
    emptyLog(database);
    return database;
  } catch (error) {
    database?.close();
    throw explained(error as Error, path);
  }
}

/**
 * Creates an ATM's tables, or upgrades them, within the caller's transaction.
 * @param path the database's path, for an error
 * @throws {UsageError} if it has a newer version
 */
export function prepareTables(database: DatabaseSync, path: string, known = versions): void {
  const row = database.prepare("PRAGMA user_version").get() as { user_version: number };
  if (row.user_version > known.length) {
    throw new UsageError(`${path} was made by a newer Strongroom: use that version`);
  }
  if (row.user_version === known.length) return; // a start writes nothing, so that a full disk allows it
  for (const sql of known.slice(row.user_version)) database.exec(sql);
  database.exec(`PRAGMA user_version = ${known.length}`);
}

/**
 * Checks a database with a write-ahead log read-only, before it is opened for writing, which copies the
 * log into it: a damaged one must stay unchanged, since it may still be repaired. A file that cannot be
 * read so, as on a full disk, is left to the opening for writing. The index that reading adds is removed:
 * no process that writes has one, since each locks the file for itself.
 * @throws {Error} as `requireSound`
 */
function requireUndamaged(files: FolderFiles, path: string): void {
  if (![path, `${path}-wal`].every((each) => (files.facts(each)?.bytes ?? 0) > 0)) return;
  const index = `${path}-shm`;
  const isAdded = !isThere(files, index);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    requireSound(database);
  } catch (error) {
    if (isOfDamage(error as Error)) throw error;
  } finally {
    database?.close();
    if (isAdded) removeIfThere(files, index);
  }
}

const isOfDamage = ({ message }: Error) => /not a database|malformed/.test(message);

/** @throws {Error} "malformed" if a page or a row of the database is damaged */
function requireSound(database: DatabaseSync): void {
  const { quick_check: fault } = database.prepare("PRAGMA quick_check(1)").get()!;
  // Its words have several lines.
  if (fault !== "ok") throw new Error(`malformed: ${String(fault).replaceAll("\n", " ")}`);
}

/**
 * Returns a check that the open database is still in its folder, which throws with SQLite's words for a
 * file that it cannot reach.
 */
export function databaseInPlace(files: Pick<Files, "facts">, folder: string): () => void {
  const path = `${folder}/${databaseName}`;
  const id = files.facts(path)?.id;
  return () => {
    if (files.facts(path)?.id === id) return;
    throw new Error(`unable to open database: ${path} is no longer in its folder`);
  };
}

/** The error of a folder that another terminal or bank has used. */
export class ForeignFolder extends UsageError {}

/**
 * Requires that the folder is this terminal's, and stores that with its first use: its notes and its
 * journal are in the books of one terminal at one bank. A folder in which nothing has happened yet
 * is given to another terminal.
 * @param folder the folder's path, for an error
 * @throws {ForeignFolder} if another terminal or bank has used it
 */
export function requireTerminal(
  database: DatabaseSync,
  folder: string,
  { bank, terminal }: Pick<TerminalKey, "bank" | "terminal">,
): void {
  const ids = JSON.stringify({ bank: hex(bank), terminal: hex(terminal) });
  const row = database.prepare("SELECT value FROM settings WHERE name = 'terminal'").get();
  if (row?.value === ids) return;
  const used = database.prepare(
    "SELECT 1 FROM journal UNION SELECT 1 FROM settings WHERE name NOT IN ('terminal', 'devices')",
  ).get();
  if (row && used) {
    throw new ForeignFolder(
      `${folder} was used by another terminal or bank. Choose another folder with --data`,
    );
  }
  storeAtStart(database, "terminal", ids);
  emptyLog(database);
}

/**
 * Stores a setting of the folder while the ATM starts.
 * @throws {UsageError} if it cannot be written
 */
export function storeAtStart(
  database: DatabaseSync,
  name: "terminal" | "devices",
  value: string,
): void {
  try {
    database.prepare("INSERT OR REPLACE INTO settings VALUES (?, ?)").run(name, value);
  } catch (error) {
    throw explained(error as Error, database.location() ?? databaseName);
  }
}

/** Stores the bank's currency, for a start without the bank; writes only if it is another. */
export function storeCurrency(database: DatabaseSync, currency: Currency): void {
  if (JSON.stringify(storedCurrency(database)) === JSON.stringify(currency)) return;
  database.prepare("INSERT OR REPLACE INTO settings VALUES ('currency', ?)").run(
    JSON.stringify(currency),
  );
}

/** Returns the bank's currency; null before the first session with the bank. */
export function storedCurrency(database: DatabaseSync): Currency | null {
  const row = database.prepare("SELECT value FROM settings WHERE name = 'currency'").get();
  return row ? JSON.parse(row.value as string) : null;
}

function explained(error: Error, path: string): Error {
  if (error instanceof UsageError) return error;
  const { message } = error;
  return new UsageError(
    /database is locked/.test(message)
      ? `${path} is in use: this ATM is running already`
      : isOfDamage(error)
      ? `${path} is damaged (${message}): keep it for the bank, and start with another folder (--data)`
      : /disk is full/.test(message)
      ? `${path} cannot be written (${message}): make room on its disk`
      : `${path} cannot be opened for writing (${message}): check the folder, its permissions and the limit of open files ('ulimit -n')`,
  );
}
