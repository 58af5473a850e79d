/** A bank of an older schema is upgraded with everything in it, and one of a newer schema is refused. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../lib/errors.ts";
import { systemWithFiles } from "../../../lib/system.ts";
import { openStore, type StorePlace } from "../../../server/ledger/open_store.ts";
import { PostgresConnection } from "../../../server/ledger/postgres/connection.ts";
import { PostgresStore } from "../../../server/ledger/postgres/store.ts";
import * as postgres from "../../../server/ledger/postgres/versions.ts";
import { SqliteConnection } from "../../../server/ledger/sqlite/connection.ts";
import { SqliteStore } from "../../../server/ledger/sqlite/store.ts";
import * as sqlite from "../../../server/ledger/sqlite/versions.ts";
import { addCustomer, engineOn, enrolTerminal } from "../helpers/engine.ts";
import { commandOf, settings } from "../helpers/small_bank.ts";
import { newDatabase, onPostgres } from "../helpers/stores.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

/** The made-up next version: a column, and a row that names what it found. */
const next = [
  "ALTER TABLE customers ADD COLUMN language TEXT NOT NULL DEFAULT 'en'",
  "INSERT INTO settings SELECT 'customers_found', CAST(count(*) AS TEXT) FROM customers",
];
/** A next version whose last statement fails. */
const bad = [...next, "INSERT INTO settings VALUES ('customers_found', '0')"];

/** Makes a bank of the present schema with a customer and an open withdrawal. */
async function makeBank(place: StorePlace): Promise<void> {
  const store = await openStore(systemWithFiles, place, settings);
  const { run } = await engineOn(store);
  await run(addCustomer("alice", 10_000n), enrolTerminal("lobby"));
  await run(commandOf("lobby alice withdraw w1 alice 4000 EUR"));
  await store.close();
}

Deno.test("a file of an older schema is upgraded, whole or not at all (SQLite)", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/bank.sqlite`;
    await makeBank({ path });
    const upgrade = (...statements: string[]) => {
      const versions = [...sqlite.versions, statements.join(";")];
      const connection = SqliteConnection.open(path, (connection) => {
        sqlite.prepareSchema(connection, { versions });
      });
      const damage = sqlite.schemaDamage(connection, versions);
      connection.close();
      return damage;
    };
    assertThrows(() => upgrade(...bad), Error, "UNIQUE");
    SqliteStore.open(systemWithFiles, path).close();
    assertEquals(upgrade(...next), null);
    assertEquals(upgrade(...next), null, "once");
    assertThrows(
      () => SqliteStore.open(systemWithFiles, path),
      UsageError,
      "newer Strongroom (schema 2,",
    );
    const database = new DatabaseSync(path);
    const [found] = database.prepare("SELECT username, language FROM customers").all();
    assertEquals({ ...found }, { username: "alice", language: "en" });
    const counts = "SELECT (SELECT count(*) FROM movements) AS movements, value FROM settings " +
      "WHERE name = 'customers_found'";
    assertEquals({ ...database.prepare(counts).get() }, { movements: 2, value: "1" });
    database.close();
  }));

onPostgres("a database of an older schema is upgraded, whole or not at all", async () => {
  const { url } = await newDatabase();
  await makeBank({ url });
  const connection = await PostgresConnection.open(url);
  const upgrade = (...statements: string[]) =>
    postgres.prepareSchema(connection, { versions: [...postgres.versions, statements] });
  await assertRejects(() => upgrade(...bad), Error, "duplicate key");
  await connection.run([{ name: "", text: "ROLLBACK" }]);
  await (await PostgresStore.open(systemWithFiles, url)).close();
  await upgrade(...next);
  await upgrade(...next); // once
  await assertRejects(
    () => PostgresStore.open(systemWithFiles, url),
    UsageError,
    "newer Strongroom (schema 2,",
  );
  const rows = async (text: string) => (await connection.run([{ name: "", text }]))[0]!.rows;
  const customers = await rows("SELECT username, language FROM customers");
  assertEquals(customers, [{ username: "alice", language: "en" }]);
  assertEquals(await rows("SELECT count(*) AS count FROM movements"), [{ count: 2n }]);
  const found = await rows("SELECT value FROM settings WHERE name = 'customers_found'");
  assertEquals(found, [{ value: "1" }]);
  connection.close();
});
