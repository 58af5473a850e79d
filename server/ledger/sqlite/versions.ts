/** The schema's versions: makes a bank's tables, and upgrades those of an older version. */
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../lib/errors.ts";
import { firstAccounts, type Settings } from "../model.ts";
import { numberOf } from "../rows.ts";
import { valuesOfSettings } from "../settings.ts";
import { writeAccount } from "./commit.ts";
import type { SqliteConnection } from "./connection.ts";
import { schema } from "./schema.ts";

/** Each entry upgrades a database from the version that is its index; the first makes the tables. */
export type Versions = readonly string[];

export const versions: Versions = [schema];

export interface PrepareOptions {
  versions: Versions;
  /** The settings of a bank to make; without them there must be a bank. */
  create?: Settings;
}

/**
 * Makes the tables and a bank in them, or upgrades those of a bank, within the caller's transaction.
 * @throws {UsageError} when there is a bank already, none, or one of a newer version
 */
export function prepareSchema(
  connection: SqliteConnection,
  { versions, create }: PrepareOptions,
): void {
  const version = create ? versionOf(connection, versions) : requireBank(connection, versions);
  if (create && version > 0) throw new UsageError(`${connection.path} already contains a bank`);
  for (const sql of versions.slice(version)) connection.exec(sql);
  connection.exec(`PRAGMA user_version = ${versions.length}`);
  if (create) makeBank(connection, create);
}

/**
 * Requires a bank that this version reads as it is.
 * @throws {UsageError} when there is none, or one of another version
 */
export function requireVersion(connection: SqliteConnection, versions: Versions): void {
  if (requireBank(connection, versions) === versions.length) return;
  throw new UsageError(
    `${connection.path} is of an older version, which a server of this one upgrades: start one first`,
  );
}

function requireBank(connection: SqliteConnection, versions: Versions): number {
  const version = versionOf(connection, versions);
  if (version > 0) return version;
  throw new UsageError(
    `${connection.path} holds no bank, its making was cut short: delete it and make the bank again`,
  );
}

/** The schema's version, 0 where there is none. */
function versionOf(connection: SqliteConnection, versions: Versions): number {
  const version = numberOf(connection.one("PRAGMA user_version")!.user_version);
  if (version <= versions.length) return version;
  throw new UsageError(
    `${connection.path} was made by a newer Strongroom (schema ${version}, this one knows ${versions.length}): use that version`,
  );
}

function makeBank(connection: SqliteConnection, settings: Settings): void {
  for (const [name, value] of valuesOfSettings(settings)) {
    connection.run("INSERT INTO settings VALUES (?, ?)", name, value);
  }
  for (const account of firstAccounts(settings)) writeAccount(connection, account);
}

const tables = "SELECT type || ' ' || name AS name, sql FROM sqlite_schema";

/** The first table, index or trigger that is not as these versions make it; null for none. */
export function schemaDamage(connection: SqliteConnection, versions: Versions): string | null {
  const made = new DatabaseSync(":memory:");
  for (const sql of versions) made.exec(sql);
  const expected = new Map(made.prepare(tables).all().map(({ name, sql }) => [name, sql]));
  made.close();
  for (const { name, sql } of connection.all(tables)) {
    if (expected.get(name as string) !== sql) return `its ${name} is not as it was made`;
    expected.delete(name as string);
  }
  const [missing] = expected.keys();
  return missing === undefined ? null : `its ${missing} is missing`;
}
