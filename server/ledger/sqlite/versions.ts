/** The schema's versions: makes a bank's tables, and upgrades those of an older version. */
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../lib/errors.ts";
import { schema } from "./schema.ts";

/** Each entry upgrades a database from the version that is its index; the first makes the tables. */
export type Versions = readonly string[];

export const versions: Versions = [schema];

/**
 * Makes the tables, or upgrades them, within the caller's transaction.
 * @throws {UsageError} when there is a bank already, none, or one of a newer version
 */
export function prepareSchema(
  database: DatabaseSync,
  { path, creating, versions }: { path: string; creating: boolean; versions: Versions },
): void {
  const { user_version } = database.prepare("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (user_version > versions.length) {
    throw new UsageError(
      `${path} was made by a newer Strongroom (schema ${user_version}, this one knows ${versions.length}): use that version`,
    );
  }
  if (creating !== (user_version === 0)) {
    throw new UsageError(
      creating
        ? `${path} holds a bank already`
        : `${path} holds no bank, its making was cut short: delete it and make the bank again`,
    );
  }
  for (const sql of versions.slice(user_version)) database.exec(sql);
  database.exec(`PRAGMA user_version = ${versions.length}`);
}

/** The first table, index or trigger that is not as these versions make it; null for none. */
export function schemaDamage(database: DatabaseSync, versions: Versions): string | null {
  const query = "SELECT type || ' ' || name AS name, sql FROM sqlite_schema";
  const read = (from: DatabaseSync) =>
    from.prepare(query).all() as { name: string; sql: string | null }[];
  const made = new DatabaseSync(":memory:");
  for (const sql of versions) made.exec(sql);
  const expected = new Map(read(made).map(({ name, sql }) => [name, sql]));
  made.close();
  for (const { name, sql } of read(database)) {
    if (expected.get(name) !== sql) return `its ${name} is not as it was made`;
    expected.delete(name);
  }
  const [missing] = expected.keys();
  return missing === undefined ? null : `its ${missing} is missing`;
}
