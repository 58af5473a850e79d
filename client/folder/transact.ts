import type { DatabaseSync } from "node:sqlite";

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
