/**
 * The ATM's folder: `atm.sqlite` holds the journal, the notes and the settings, all of it on disk
 * before anything is acted on. One process owns it.
 */
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../lib/errors.ts";
import type { Currency } from "../../lib/money.ts";

const schema = `
CREATE TABLE journal (
  movement TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('withdrawal', 'deposit', 'transfer', 'load', 'count', 'left')),
  amount TEXT NOT NULL,
  currency TEXT NOT NULL,
  notes TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('intent', 'authorised', 'acting', 'acted', 'settled', 'disputed', 'doubtful')),
  counts_before TEXT,
  done TEXT,
  why TEXT,
  time_ms INTEGER NOT NULL,
  account TEXT
) STRICT;
CREATE INDEX journal_open ON journal (state) WHERE state <> 'settled';
CREATE TABLE notes (
  place TEXT NOT NULL CHECK (place IN
    ('cassettes', 'stacker', 'tray', 'reject', 'retract', 'escrow', 'mouth', 'left')),
  value TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (place, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** What the journals of all versions have; a column that came later is empty in what is older. */
const journalColumns =
  "movement, kind, amount, currency, notes, state, counts_before, done, why, time_ms";

const tables = ["journal", "notes", "settings"];

/** An older version's tables held less: what is in them goes into those of today. */
const rebuiltWith = (journal: string) => `
${tables.map((name) => `ALTER TABLE ${name} RENAME TO older_${name};`).join("\n")}
DROP INDEX journal_open;
${schema}
INSERT INTO journal (${journal}) SELECT ${journal} FROM older_journal;
INSERT INTO notes SELECT * FROM older_notes;
INSERT INTO settings SELECT * FROM older_settings;
${tables.map((name) => `DROP TABLE older_${name};`).join("\n")}
`;

const rebuilt = rebuiltWith(journalColumns);
const rebuiltWhole = rebuiltWith(`${journalColumns}, account`);

/** From each version to this one: what an older Strongroom wrote is kept whole. */
const migrations: Record<number, string> = { 0: schema, 1: rebuilt, 2: rebuilt, 3: rebuiltWhole };
const schemaVersion = 4;

/**
 * Opens an ATM's folder, or makes it.
 * @throws {UsageError} when another process has it, it is damaged or of a newer version, or cannot be written
 */
export function openAtmFolder(folder: string): DatabaseSync {
  const path = `${folder}/atm.sqlite`;
  let database: DatabaseSync | undefined;
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    // SQLite gives its files the mode that the first one has.
    Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
    database = new DatabaseSync(path);
    database.exec("PRAGMA busy_timeout = 500; PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
    const row = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (row.user_version > schemaVersion) {
      throw new UsageError(`${path} was made by a newer Strongroom: use that version`);
    }
    const migration = migrations[row.user_version];
    if (migration) database.exec(migration);
    database.exec(`PRAGMA user_version = ${schemaVersion}; COMMIT`);
    return database;
  } catch (error) {
    database?.close();
    throw explained(error as Error, path);
  }
}

/** Runs `change` whole or not at all. */
export function transact<T>(database: DatabaseSync, change: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = change();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Keeps what the bank said its currency is, for when it cannot be asked. */
export function rememberCurrency(database: DatabaseSync, currency: Currency): void {
  database.prepare("INSERT OR REPLACE INTO settings VALUES ('currency', ?)").run(
    JSON.stringify(currency),
  );
}

/** The bank's currency; null before the first meeting. */
export function rememberedCurrency(database: DatabaseSync): Currency | null {
  const row = database.prepare("SELECT value FROM settings WHERE name = 'currency'").get();
  return row ? JSON.parse(row.value as string) : null;
}

function explained(error: Error, path: string): Error {
  if (error instanceof UsageError) return error;
  const { message } = error;
  return new UsageError(
    /database is locked/.test(message)
      ? `${path} is in use: this ATM is running already`
      : /not a database|malformed/.test(message)
      ? `${path} is damaged (${message}): keep it for the bank, and start with another folder (--data)`
      : `${path} cannot be opened for writing (${message}): check the folder and its permissions`,
  );
}
