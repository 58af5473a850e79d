/** A bank that an older version made is brought to the present schema with everything in it. */
import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { sqlite001 } from "../../../server/ledger/sqlite/schema_001.ts";
import { SqliteStore } from "../../../server/ledger/sqlite/store.ts";
import { engineOn } from "../helpers/engine.ts";
import { commandOf, idOf } from "../helpers/small_bank.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const id = (name: string) => `x'${idOf(name)}'`;
const lobby = idOf("lobby");
const row = (
  name: string,
  step: number,
  action: string,
  kind: string,
  rest: string,
  terminal = lobby,
  customer = "alice",
) =>
  `INSERT INTO movements VALUES (${
    id(name)
  }, ${step}, '${action}', '${kind}', '${terminal}', '${customer}', ${rest})`;

/** A database of the first release: three settled movements, one open, one refused, one voided. */
const madeBy001 = [
  sqlite001,
  `INSERT INTO settings VALUES ('bank_id', '${"ba".repeat(16)}'), ('bank_name', 'Old Bank'),
     ('currency', 'EUR'), ('exponent', '2'), ('time_zone', 'UTC'), ('withdrawal_max', '50000')`,
  `INSERT INTO accounts VALUES (1, 'vault', '', 'EUR', -90000, 0, 2, 'open'),
     (2, 'differences', '', 'EUR', 0, 0, 0, 'open'),
     (3, 'customer', 'alice', 'EUR', 97000, 4000, 6, 'open'),
     (4, 'terminal', '${lobby}', 'EUR', -7000, 0, 3, 'open')`,
  `INSERT INTO customers VALUES ('alice', 'hash of alice')`,
  `INSERT INTO terminals VALUES ('${lobby}', 'lobby', 1, zeroblob(80), 'active')`,
  `INSERT INTO failures VALUES ('terminal ${lobby}', 2, 900)`,
  // debit, credit, amount, booked, currency, outcome, debit_balance, credit_balance, time_ms
  row("o1", 1, "book", "opening", "1, 3, 100000, 100000, 'EUR', 'ok', -100000, 100000, 1", ""),
  row("l1", 1, "book", "load", "4, 1, 10000, 10000, 'EUR', 'ok', -10000, -90000, 2", lobby, ""),
  row("w1", 1, "authorise", "withdrawal", "3, 4, 5000, 0, 'EUR', 'ok', 100000, -10000, 3"),
  row("w1", 2, "complete", "withdrawal", "3, 4, 5000, 3000, 'EUR', 'ok', 97000, -7000, 4"),
  row("d1", 1, "authorise", "deposit", "4, 3, 500, 0, 'EUR', 'ok', -7000, 97000, 5"),
  row("d1", 2, "reverse", "deposit", "4, 3, 500, 0, 'EUR', 'ok', -7000, 97000, 6"),
  row(
    "w2",
    1,
    "authorise",
    "withdrawal",
    "3, 4, 999999, 0, 'EUR', 'over_withdrawal_limit', 97000, -7000, 7",
  ),
  row(
    "w3",
    1,
    "authorise",
    "withdrawal",
    "NULL, 4, 100, 0, 'EUR', 'unknown_account', NULL, -7000, 8",
  ),
  row("v1", 1, "void", "void", "NULL, NULL, 0, 0, 'EUR', 'voided', NULL, NULL, 9", lobby, ""),
  row("w4", 1, "authorise", "withdrawal", "3, 4, 4000, 0, 'EUR', 'ok', 97000, -7000, 10"),
  `INSERT INTO holds VALUES (${id("w4")}, 10)`,
  "PRAGMA user_version = 1",
];

function make(path: string, ...more: string[]): void {
  const database = new DatabaseSync(path);
  for (const sql of [...madeBy001, ...more]) database.exec(sql);
  database.close();
}

Deno.test("a database of 001 is brought up with all that is in it, and goes on from there", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/bank.sqlite`;
    make(path);
    const store = SqliteStore.open(path);
    assertEquals(store.limits().withdrawalMax, 50_000n);
    assertEquals(store.settings().smallestNote, 500n);
    assertEquals(store.account(3)!.balance, 97_000n);
    assertEquals(store.dayBalances(3, 0), [{ day: 0, balance: 97_000n }]);
    assertEquals(store.holds().map(({ id, amount }) => [id, amount]), [[idOf("w4"), 4_000n]]);
    const { errors, run } = await engineOn(store);
    const table: [line: string, outcome: string][] = [
      ["lobby alice withdraw w1 alice 5000 EUR", "ok"],
      ["lobby complete w1 3000", "ok"],
      ["lobby reverse d1", "ok"],
      ["lobby alice withdraw w2 alice 999999 EUR", "over_withdrawal_limit"],
      ["lobby alice withdraw w3 ghost 100 EUR", "unknown_account"],
      ["lobby alice withdraw v1 alice 100 EUR", "voided"],
      ["lobby load l1 10000 EUR", "ok"],
      ["lobby complete w4 4000", "ok"],
      ["lobby alice withdraw w5 alice 2000 EUR", "ok"],
    ];
    for (const [line, outcome] of table) {
      assertEquals((await run(commandOf(line)))[0]!.outcome, outcome, line);
    }
    assertEquals(errors, []);
    const accounts = store.accounts();
    assertEquals(accounts.map(({ balance }) => balance), [-90_000n, 0n, 93_000n, -3_000n]);
    assertEquals(accounts[2]!.held, 2_000n);
    assertEquals(accounts[2]!.dayOut, 2_000n); // what was authorised before counts towards no day
    store.close();
    SqliteStore.open(path).close();
  }));

Deno.test("a database that does not keep to the new rules is left as it was", () =>
  inTemporaryFolder((folder) => {
    const path = `${folder}/bank.sqlite`;
    make(path, `INSERT INTO holds VALUES (${id("none")}, 11)`);
    assertThrows(() => SqliteStore.open(path), Error, "FOREIGN KEY");
    const database = new DatabaseSync(path);
    assertEquals(database.prepare("PRAGMA user_version").get(), { user_version: 1 });
    assertEquals(database.prepare("SELECT count(*) AS count FROM holds").get(), { count: 2 });
    database.close();
  }));
