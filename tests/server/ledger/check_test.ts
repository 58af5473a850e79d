/** Books that are right are found right; every way to damage them by hand is found, and named. */
import { assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { Command } from "../../../server/ledger/command.ts";
import type { OpenLedger } from "../../../server/ledger_service.ts";
import { addCustomer, enrolTerminal, ledgerParts, openLedger } from "../helpers/engine.ts";
import { postgres } from "../helpers/postgres.ts";
import { commandOf, idOf, numberOf, settings } from "../helpers/small_bank.ts";
import { newDatabase, onPostgres } from "../helpers/stores.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

/** In the small bank's language alice has account 3 and bob 4; so they have here, by the books' keys. */
const history: Command[] = [
  addCustomer("alice", 100_000n),
  addCustomer("bob", 0n),
  enrolTerminal("lobby"),
  ...`
  lobby load l1 500000 EUR
  lobby alice withdraw w1 alice 4000 EUR
  lobby complete w1 3000
  lobby alice withdraw w2 alice 900000 EUR
  lobby alice withdraw w3 alice 2000 EUR
  lobby reverse w3
  lobby alice deposit d1 alice 500 EUR
  lobby complete d1 500
  lobby alice transfer t1 alice bob 700 EUR
  lobby alice transfer t2 alice bob 999999 EUR
  lobby void v1
  lobby alice withdraw w4 alice 1000 EUR
  root settle w4 0
  lobby complete w4 1000
  lobby bob withdraw w5 bob 100 EUR
  lobby alice deposit d2 alice 800 EUR
  root lock bob
  lobby alice withdraw w6 alice four EUR
  `.trim().split("\n").map(commandOf),
];

const id = (name: string) => `id = x'${idOf(name)}'`;
const copyOf = (name: string, step: number, columns: Record<string, string>) => {
  const all = "id, step, action, kind, terminal, customer, operator, debit, credit, amount, " +
    "booked, currency, outcome, debit_balance, credit_balance, day, time_ms";
  const values = all.split(", ").map((column) => columns[column] ?? column);
  return `INSERT INTO movements SELECT ${values} FROM movements WHERE ${
    id(name)
  } AND step = ${step}`;
};

/** An entry of the log's only chain, as SQLite has it. */
const place = (sequence: number | string) => `place = (1 << 40) + ${sequence}`;

/** What the check says of somebody's account. */
const says = (name: string, what: string) => new RegExp(`account ${numberOf(name)}: ${what}`);

/** What is done to the file by hand · what the check says of it. */
const damages: [sql: string, problem: RegExp][] = [
  [
    "UPDATE accounts SET balance = balance + 1 WHERE id = 3",
    says("alice", "the balance is 96801, its movements make 96800"),
  ],
  ["UPDATE accounts SET balance = balance - 1 WHERE kind = 'vault'", says("vault", "the balance")],
  [
    "UPDATE accounts SET balance = balance + CASE id WHEN 3 THEN 5 ELSE -5 END WHERE id IN (3, 4)",
    says("alice", "the balance"),
  ],
  ["UPDATE accounts SET held = 0 WHERE id = 4", says("bob", "held are 0, its movements make 100")],
  ["UPDATE accounts SET day_out = 0 WHERE id = 3", says("alice", "its day was charged with 0")],
  ["UPDATE accounts SET day_in = 0 WHERE kind = 'terminal'", says("lobby", "its day took in 0")],
  [
    `UPDATE movements SET booked = 2000 WHERE ${id("w1")} AND step = 2`,
    says("alice", "the balance"),
  ],
  [`UPDATE movements SET credit = 2 WHERE ${id("t1")}`, says("differences", "the balance")],
  [
    `UPDATE movements SET debit = 77 WHERE ${id("t1")}`,
    /a row of movements is without its accounts|is of account 77, which does not exist/,
  ],
  [
    `UPDATE movements SET outcome = 'ok' WHERE ${id("w2")}`,
    /row 1 of movement 7732.* came to ok, and the log says insufficient_funds/,
  ],
  [`DELETE FROM movements WHERE ${id("w2")}`, /the log speaks of row 1 of movement 7732/],
  [`DELETE FROM movements WHERE ${id("w1")} AND step = 2`, /the log speaks of row 2|account \d/],
  [
    `DELETE FROM movements WHERE ${id("w1")} AND step = 1`,
    /row 2 of movement 7731.* has no first row/,
  ],
  [copyOf("w2", 1, { id: `x'${idOf("w9")}'` }), /row 1 of movement 7739.* is not in the log/],
  [
    copyOf("w3", 2, { step: "3", action: "'report'" }),
    /row 3 of movement 7733.* is not in the log/,
  ],
  [copyOf("d1", 1, { id: `x'${idOf("d9")}'` }), /is not in the log/],
  ["DELETE FROM holds", /account|movement .* is open, and not listed as such/],
  [
    `INSERT INTO holds (movement, time_ms) VALUES (x'${idOf("w2")}', 1)`,
    /movement 7732.* is listed as open, and is not/,
  ],
  [
    `INSERT INTO holds (movement, time_ms) VALUES (x'${idOf("none")}', 1)`,
    /a row of holds is without its movements|is listed as open, and is not/,
  ],
  [
    `DELETE FROM audit WHERE ${
      place("(SELECT max(place) - (1 << 40) FROM audit WHERE key_version > 0)")
    }`,
    /is not in the log/,
  ],
  [
    `UPDATE audit SET sealed = x'${"00".repeat(80)}' WHERE ${place(5)}`,
    /entry 5 of the log does not open/,
  ],
  [
    `UPDATE audit SET sealed = (SELECT sealed FROM audit WHERE ${place(6)}) WHERE ${place(5)}`,
    /entry 5 of the log does not open/,
  ],
];
/** The tables themselves: PostgreSQL's are its own to guard. */
const damagesOfSchema: typeof damages = [
  ["DROP TRIGGER movements_move_money", /its trigger movements_move_money is missing/],
  ["ALTER TABLE settings ADD COLUMN more TEXT", /its table settings is not as it was made/],
  ["CREATE TABLE more (x)", /its table more is not as it was made/],
  ["DROP INDEX audit_who", /its index audit_who is missing/],
];

/** Does this to the file as somebody would who is stopped by none of its guards. */
function damage(path: string, sql: string): void {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  database.exec("PRAGMA ignore_check_constraints = ON");
  const triggers = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all() as { name: string; sql: string }[];
  const guards = /^DROP/.test(sql) ? [] : triggers;
  for (const { name } of guards) database.exec(`DROP TRIGGER ${name}`);
  database.exec(sql);
  for (const { sql } of guards) database.exec(sql);
  database.close();
}

async function checked(parts: OpenLedger) {
  const ledger = await openLedger(parts, () => {});
  const found = await ledger.check();
  await ledger.close();
  return found;
}

Deno.test("books are checked against their movements and their log, and every damage is named", () =>
  inTemporaryFolder(async (folder) => {
    const parts = ledgerParts(folder);
    const { path } = parts.place;
    const made = await openLedger({ ...parts, create: settings }, () => {});
    const replies = await Promise.all(history.map((command) => made.submit(command)));
    assertEquals(replies.filter(({ outcome }) => outcome === "ok").length, history.length - 3);
    const { problem, accounts, movements, entries } = await made.check();
    assertEquals([problem, accounts, movements], [null, 5, 18]);
    await made.close();
    const database = new DatabaseSync(path);
    const all = database.prepare("SELECT count(*) AS entries FROM audit").get();
    database.close();
    assertEquals({ ...all }, { entries: entries + 1 }); // the stop ends the log's epoch
    const good = Deno.readFileSync(path);
    for (const [sql, problem] of [...damages, ...damagesOfSchema]) {
      Deno.writeFileSync(path, good);
      damage(path, sql);
      assertMatch((await checked(parts)).problem ?? "nothing is found", problem, sql);
    }
    Deno.writeFileSync(path, good);
    assertEquals(await checked(parts), {
      problem: null,
      accounts,
      movements,
      entries: entries + 1,
    });
  }));

/** The same in PostgreSQL's words. */
const inPostgres = (sql: string) =>
  sql.replaceAll(/x'([0-9a-f]*)'/g, (_, hex) => `'\\x${hex}'::bytea`)
    .replaceAll("place = (1 << 40) + ", "chain = 1 AND sequence = ")
    .replaceAll("max(place) - (1 << 40)", "max(sequence)");

onPostgres(
  "books in a database are checked the same, and every damage by its superuser is named",
  () =>
    inTemporaryFolder(async (folder) => {
      const { run } = await postgres();
      const { url } = await newDatabase();
      const parts = { ...ledgerParts(folder), place: { url } };
      const made = await openLedger({ ...parts, create: settings }, () => {});
      for (const command of history) await made.submit(command);
      assertEquals((await made.check()).problem, null);
      await made.close();
      const good = url.slice(url.lastIndexOf("/") + 1);
      for (const [index, [sql, problem]] of damages.entries()) {
        const copy = `${good}_${index}`;
        const gone =
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${good}'`;
        const beside = url.replace(/[^/]+$/, "postgres");
        await run(beside, gone, `CREATE DATABASE ${copy} TEMPLATE ${good} OWNER bank`);
        const damaged = url.replace(/[^/]+$/, copy);
        await run(damaged, "SET session_replication_role = replica", inPostgres(sql));
        const found = await checked({ ...parts, place: { url: damaged } });
        assertMatch(found.problem ?? "nothing is found", problem, sql);
      }
    }),
);

Deno.test("a torn page of the file is found", () =>
  inTemporaryFolder(async (folder) => {
    const parts = ledgerParts(folder);
    const { path } = parts.place;
    const made = await openLedger({ ...parts, create: settings }, () => {});
    for (const command of history) await made.submit(command);
    await made.close();
    const database = new DatabaseSync(path);
    const { page } = database.prepare(
      "SELECT rootpage AS page FROM sqlite_schema WHERE name = 'audit_who'",
    ).get() as { page: number };
    database.close();
    const file = Deno.openSync(path, { write: true });
    file.seekSync((page - 1) * 4_096 + 2_048, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(2_048).fill(0x5a));
    file.close();
    assertMatch((await checked(parts)).problem ?? "nothing is found", /the database is damaged/);
  }));
