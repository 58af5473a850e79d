/** The schema's versions: creates a bank's tables, and upgrades those of an older version. */
import { UsageError } from "../../../lib/errors.ts";
import { firstAccounts, type Settings } from "../model.ts";
import { addAccounts } from "./write_accounts.ts";
import type { PostgresConnection, Statement } from "./connection.ts";
import { numberOf, type Row } from "../rows.ts";
import { schema } from "./schema.ts";
import { valuesOfSettings } from "../settings.ts";

/**
 * The schema's upgrades, by version: entry n upgrades a database from version n; the first creates
 * the tables.
 */
export type Versions = readonly (readonly string[])[];

export const versions: Versions = [schema];

export interface PrepareOptions {
  versions: Versions;
  /** The settings of a new bank; if absent, there must be a bank. */
  create?: Settings;
  /** Writes more within the same transaction. */
  fill?: () => Promise<void>;
}

const isThere = `SELECT count(*) AS found FROM information_schema.tables
  WHERE table_schema = current_schema() AND table_name = 'schema_version'`;

/** Finds a table, view or sequence that is not the bank's, except those of extensions. */
const others = `SELECT min(relname) AS found FROM pg_class
  WHERE relnamespace = current_schema()::regnamespace AND relkind <> 'i'
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')`;

/**
 * Creates the tables and a bank in them, or upgrades an existing bank, in one transaction.
 * @throws {UsageError} if there is no bank, already one or a newer one, if the role may not create
 *   tables, or if the database has other tables
 */
export async function prepareSchema(
  connection: PostgresConnection,
  { versions, create, fill }: PrepareOptions,
): Promise<void> {
  try {
    await connection.run([unnamed("BEGIN")]);
    if (!create) await upgrade(connection, versions);
    else if (await holdsBank(connection)) {
      throw new UsageError("the database already contains a bank");
    } else await makeBank(connection, versions, create);
    await fill?.();
    await connection.run([unnamed("COMMIT")]);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const forbidden = code === "42501" || code === "3F000";
    if (forbidden) {
      throw new UsageError(`the database's role may not create the bank's tables (${message})`);
    }
    const isTakenMeanwhile = code === "42P07";
    throw isTakenMeanwhile ? notEmpty(message) : error;
  }
}

/**
 * Checks that a bank has exactly this version.
 * @throws {UsageError} if none exists, or one of another version
 */
export async function requireVersion(
  connection: PostgresConnection,
  versions: Versions,
): Promise<void> {
  if (await versionOf(connection, versions) === versions.length) return;
  throw new UsageError(
    "the database is of an older version, which a server of this version upgrades. Start one first",
  );
}

async function holdsBank(connection: PostgresConnection): Promise<boolean> {
  return numberOf((await rowOf(connection, isThere)).found) > 0;
}

/**
 * Returns the database's version.
 * @throws {UsageError} if there is no bank, or a newer one
 */
async function versionOf(
  connection: PostgresConnection,
  versions: Versions,
  locking = "",
): Promise<number> {
  if (!await holdsBank(connection)) {
    throw new UsageError("the database has no bank. Create one with 'deno task bank init'");
  }
  const row = await rowOf(connection, `SELECT version FROM schema_version ${locking}`);
  const version = numberOf(row.version);
  if (version <= versions.length) return version;
  throw new UsageError(
    `the database was made by a newer Strongroom (schema ${version}, this one has ${versions.length}). Use that version`,
  );
}

async function upgrade(connection: PostgresConnection, versions: Versions): Promise<void> {
  const version = await versionOf(connection, versions, "FOR UPDATE");
  if (version < versions.length) {
    await connection.run([
      ...versions.slice(version).flat().map((text) => unnamed(text)),
      unnamed("UPDATE schema_version SET version = $1", versions.length),
    ]);
  }
}

async function makeBank(
  connection: PostgresConnection,
  versions: Versions,
  settings: Settings,
): Promise<void> {
  const { found } = await rowOf(connection, others);
  if (found !== null) throw notEmpty(`it has ${found}`);
  await connection.run([
    unnamed("CREATE TABLE schema_version (version bigint NOT NULL)"),
    unnamed("INSERT INTO schema_version VALUES ($1)", versions.length),
    ...versions.flat().map((text) => unnamed(text)),
    ...valuesOfSettings(settings).map((values) =>
      unnamed("INSERT INTO settings VALUES ($1, $2)", ...values)
    ),
    ...addAccounts(firstAccounts(settings)),
  ]);
}

const notEmpty = (why: string) =>
  new UsageError(`the database is not empty (${why}). Use a separate database for the bank`);

const unnamed = (text: string, ...values: (number | string)[]): Statement => ({
  name: "",
  text,
  values,
});

async function rowOf(connection: PostgresConnection, text: string): Promise<Row> {
  return (await connection.run([unnamed(text)]))[0]!.rows[0]!;
}
