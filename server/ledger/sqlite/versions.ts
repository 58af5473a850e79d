/** The schema's versions: creates a bank's tables, and upgrades those of an older version. */
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../lib/errors.ts";
import { firstAccounts, type Settings } from "../model.ts";
import { numberOf } from "../rows.ts";
import { valuesOfSettings } from "../settings.ts";
import { UnusableFile } from "../store.ts";
import { writeAccount } from "./commit.ts";
import type { SqliteConnection } from "./connection.ts";
import { schema } from "./schema.ts";

/**
 * The schema's upgrades, by version: entry n upgrades a database from version n; the first creates
 * the tables.
 */
export type Versions = readonly string[];

export const versions: Versions = [schema];

export interface PrepareOptions {
  versions: Versions;
  /** The settings of a new bank; if absent, there must be a bank. */
  create?: Settings;
}

/**
 * Creates the tables and a bank in them, or upgrades an existing bank, within the caller's
 * transaction.
 * @throws {UsageError} if there is already a bank, none, or one of a newer version
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
 * Checks that a bank has exactly this version.
 * @throws {UsageError} if none exists, or one of another version
 */
export function requireVersion(connection: SqliteConnection, versions: Versions): void {
  if (requireBank(connection, versions) === versions.length) return;
  throw new UsageError(
    `${connection.path} is of an older version, which a server of this version upgrades. Start one first`,
  );
}

/**
 * Returns the version of a bank.
 * @throws {UnusableFile} if none exists, or one of a newer version
 */
export function requireBank(connection: SqliteConnection, versions: Versions): number {
  const version = versionOf(connection, versions);
  if (version > 0) return version;
  throw new UnusableFile(
    `${connection.path} has no bank in it. Install the newest one with its bank.sqlite-wal; if it ` +
      "is lost, restore a backup with 'deno task bank restore'",
    "it has no bank in it",
  );
}

/** Returns the schema's version, 0 if none exists. */
function versionOf(connection: SqliteConnection, versions: Versions): number {
  const version = numberOf(connection.one("PRAGMA user_version")!.user_version);
  if (version <= versions.length) return version;
  const newer =
    `was made by a newer Strongroom (schema ${version}, this one has ${versions.length})`;
  throw new UnusableFile(`${connection.path} ${newer}. Use that version`, `it ${newer}`);
}

function makeBank(connection: SqliteConnection, settings: Settings): void {
  for (const [name, value] of valuesOfSettings(settings)) {
    connection.run("INSERT INTO settings VALUES (?, ?)", name, value);
  }
  for (const account of firstAccounts(settings)) writeAccount(connection, account);
}

const tables = "SELECT type || ' ' || name AS name, sql FROM sqlite_schema";

/** Returns the first table, index or trigger that differs from these versions; null for none. */
export function schemaDamage(connection: SqliteConnection, versions: Versions): string | null {
  const made = new DatabaseSync(":memory:");
  for (const sql of versions) made.exec(sql);
  const expected = new Map(made.prepare(tables).all().map(({ name, sql }) => [name, sql]));
  made.close();
  for (const { name, sql } of connection.all(tables)) {
    if (expected.get(name as string) !== sql) return `its ${name} was changed`;
    expected.delete(name as string);
  }
  const [missing] = expected.keys();
  return missing === undefined ? null : `its ${missing} is missing`;
}
