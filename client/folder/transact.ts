import type { DatabaseSync } from "node:sqlite";
import { probeBytes } from "../../lib/limits.ts";

/** Runs `change` in a transaction, which is rolled back if it throws. */
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

/**
 * Copies the write-ahead log into the database and empties it, outside transactions: from then on
 * the loss of the log loses nothing. If that fails, the log keeps what it has.
 */
export function emptyLog(database: DatabaseSync): void {
  if (database.isTransaction) return;
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // The next one copies it.
  }
}

/**
 * Writes `probeBytes`, and leaves the pages free for the next changes.
 * @throws if the disk is full or fails
 */
export function probeDisk(database: DatabaseSync): void {
  const fill = "INSERT OR REPLACE INTO settings VALUES ('probe', hex(zeroblob(?)))";
  database.prepare(fill).run(probeBytes / 2);
  database.prepare("DELETE FROM settings WHERE name = 'probe'").run();
}
