/** The tables on PostgreSQL: made with a bank, and brought to this version when one is opened. */
import { UsageError } from "../../../lib/errors.ts";
import type { Settings } from "../model.ts";
import type { PostgresConnection, Statement } from "./connection.ts";
import { numberOf, type Row } from "../rows.ts";
import { postgres001 } from "./schema.ts";
import { valuesOfSettings } from "../settings.ts";

/** Each brings the schema from the version of its place to the next. */
const migrations = [postgres001];

const isThere = `SELECT count(*) AS found FROM information_schema.tables
  WHERE table_schema = current_schema() AND table_name = 'schema_version'`;

/** Another's table, view or sequence, if there is one. What an extension has brought is nobody's. */
const others = `SELECT min(relname) AS found FROM pg_class
  WHERE relnamespace = current_schema()::regnamespace AND relkind <> 'i'
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')`;

/**
 * Makes the tables, and a bank of these settings in them; without settings, brings a bank's to this version.
 * @param fill what is to be in them, too, when all of it is committed
 * @throws {UsageError} when there is no bank, one already or a newer one, or the role may not make tables,
 *   or another's are there
 */
export async function prepareSchema(
  connection: PostgresConnection,
  create?: Settings,
  fill = () => Promise.resolve(),
): Promise<void> {
  try {
    await connection.run([unnamed("BEGIN")]);
    const found = numberOf((await rowOf(connection, isThere)).found) > 0;
    if (found === (create !== undefined)) {
      throw new UsageError(
        found
          ? "the database holds a bank already"
          : "the database holds no bank: make one with 'deno task bank init'",
      );
    }
    if (create) await makeBank(connection, create);
    else await migrate(connection);
    await fill();
    await connection.run([unnamed("COMMIT")]);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const forbidden = code === "42501" || code === "3F000";
    if (forbidden) {
      throw new UsageError(`the database's role may not make the bank's tables (${message})`);
    }
    const isTakenMeanwhile = code === "42P07";
    throw isTakenMeanwhile ? notEmpty(message) : error;
  }
}

async function migrate(connection: PostgresConnection): Promise<void> {
  const row = await rowOf(connection, "SELECT version FROM schema_version FOR UPDATE");
  const version = numberOf(row.version);
  if (version > migrations.length) {
    throw new UsageError(
      `the database was made by a newer Strongroom (schema ${version}, this one knows ${migrations.length}): use that version`,
    );
  }
  if (version < migrations.length) {
    await connection.run([...migrations.slice(version).flat().map(unnamed), versionIsNow]);
  }
}

const versionIsNow: Statement = {
  name: "",
  text: "UPDATE schema_version SET version = $1",
  values: [migrations.length],
};

async function makeBank(connection: PostgresConnection, settings: Settings): Promise<void> {
  const { found } = await rowOf(connection, others);
  if (found !== null) throw notEmpty(`it has ${found}`);
  await connection.run([
    unnamed("CREATE TABLE schema_version (version bigint NOT NULL)"),
    unnamed("INSERT INTO schema_version VALUES (0)"),
    ...migrations.flat().map(unnamed),
    versionIsNow,
    ...valuesOfSettings(settings).map((values) => ({
      name: "",
      text: "INSERT INTO settings VALUES ($1, $2)",
      values,
    })),
    ...["vault", "differences"].map((kind, index) => ({
      name: "",
      text: `INSERT INTO accounts (id, kind, owner, name, currency, version, state, day,
        day_out, day_in) VALUES ($1, $2, '', '', $3, 0, 'open', 0, 0, 0)`,
      values: [index + 1, kind, settings.currency.code],
    })),
  ]);
}

const notEmpty = (why: string) =>
  new UsageError(`the database is not empty (${why}): give the bank its own`);

const unnamed = (text: string): Statement => ({ name: "", text });

async function rowOf(connection: PostgresConnection, text: string): Promise<Row> {
  return (await connection.run([unnamed(text)]))[0]!.rows[0]!;
}
