/** Books that are right are found right; every way to damage them by hand is found, and named. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../lib/errors.ts";
import { systemWithFiles } from "../../../lib/system.ts";
import { auditKeysOf } from "../../../server/audit/keys.ts";
import { checkMoney } from "../../../server/ledger/check_money.ts";
import { Wrong } from "../../../server/ledger/checking.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { SqliteStore } from "../../../server/ledger/sqlite/store.ts";
import type { OpenLedger } from "../../../server/ledger_service.ts";
import { addCustomer, enrolTerminal, keyRing, ledgerParts, openLedger } from "../helpers/engine.ts";
import { postgres } from "../helpers/postgres.ts";
import { filled } from "../../lib/helpers.ts";
import { commandOf, idOf, numberOf, settings } from "../helpers/small_bank.ts";
import { newDatabase, onPostgres } from "../helpers/stores.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

/** In the small bank's language alice has account 3 and bob 4; so they have here, by the books' keys. */
const history: Command[] = [
  addCustomer("alice", 100_000n),
  addCustomer("bob", 0n),
  enrolTerminal("lobby"),
  {
    op: "rotate_terminal",
    operator: "root",
    terminal: idOf("lobby"),
    keyVersion: 2,
    sealedKey: filled(0, 80),
    now: false,
  },
  ...`
  root limit accountDayOutMax 500000
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
  `.trim().split("\n").map(commandOf),
  ...([1, 2] as const).map((keyVersion) => ({
    ...{ op: keyVersion === 1 ? "enrol_device" : "rotate_device", operator: "root" } as const,
    ...{ terminal: idOf("lobby"), name: "cash", keyVersion, sealedKeys: filled(keyVersion, 112) },
  })),
  { op: "issue_card", operator: "root", username: "alice", cardHash: "ab".repeat(32) },
  {
    ...{ op: "set_pin", username: "alice", terminal: idOf("lobby"), passwordVersion: 1 },
    ...{ refused: null, pinHash: "$argon2id$" },
  },
  // A new PIN ends the visits with earlier versions.
  { ...commandOf("lobby alice withdraw w6 alice four EUR"), passwordVersion: 2 } as Command,
];

const id = (name: string) => `id = x'${idOf(name)}'`;
const copyOf = (name: string, step: number, columns: Record<string, string>) => {
  const all = "id, step, action, kind, terminal, customer, operator, debit, credit, amount, " +
    "booked, currency, outcome, debit_balance, credit_balance, day, time_ms, message_hash, token";
  const values = all.split(", ").map((column) => columns[column] ?? column);
  return `INSERT INTO movements SELECT ${values} FROM movements WHERE ${
    id(name)
  } AND step = ${step}`;
};

/** An entry of the log's only chain, as SQLite has it. */
const place = (sequence: number | string) => `place = (1 << 40) + ${sequence}`;

/** What the check says of somebody's account. */
const says = (name: string, what: string) => new RegExp(`account ${numberOf(name)}: ${what}`);

/** What it says of a row that is not the one that its entry speaks of. */
const differ = (row: string) => RegExp(`${row} differs from entry 1\\.\\d+ of the log`);
const differs = (name: string, step = 1) => differ(`row ${step} of movement ${idOf(name)}`);

/** A withdrawal of 40.00, 30.00 of it handed out, made 0.01, with all that follows from it. */
const oneCent = `UPDATE movements SET booked = 1 WHERE ${id("w1")} AND step = 2;
  UPDATE movements SET amount = 1 WHERE ${id("w1")};
  UPDATE accounts SET balance = balance + CASE id WHEN 3 THEN 2999 ELSE -2999 END,
    day_out = day_out - 2999 WHERE id IN (3, 5)`;

/** Changes after which all balances, holds and days still follow from the movements. */
const unbalanced: [sql: string, problem: RegExp][] = [
  [oneCent, differs("w1")],
  [`UPDATE movements SET amount = amount + 1 WHERE ${id("w2")}`, differs("w2")],
  [`UPDATE movements SET customer = 'bob' WHERE ${id("t1")}`, differs("t1")],
  [`UPDATE movements SET kind = 'deposit' WHERE ${id("w2")}`, differs("w2")],
  [`UPDATE movements SET terminal = '${idOf("mall")}' WHERE ${id("v1")}`, differs("v1")],
  [`UPDATE movements SET time_ms = time_ms + 1 WHERE ${id("l1")}`, differs("l1")],
  [`UPDATE movements SET operator = 'mallory' WHERE ${id("w4")} AND step = 2`, differs("w4", 2)],
  [`UPDATE movements SET day = day + 1 WHERE ${id("t2")}`, differs("t2")],
  [
    `UPDATE movements SET debit_balance = debit_balance + 1 WHERE ${id("w4")} AND step = 1`,
    differs("w4"),
  ],
  ["UPDATE accounts SET owner = 'bob' WHERE id = 3", differ(`account ${numberOf("alice")}`)],
  ["UPDATE accounts SET state = 'open' WHERE id = 4", differ(`account ${numberOf("bob")}`)],
  ["UPDATE accounts SET name = 'savings' WHERE id = 3", differ(`account ${numberOf("alice")}`)],
  ["UPDATE accounts SET withdrawal_max = 1 WHERE id = 3", differ(`account ${numberOf("alice")}`)],
  ["UPDATE accounts SET version = version + 1 WHERE id = 3", says("alice", "its version is ")],
  ["UPDATE accounts SET day = 99999, day_out = 0 WHERE id = 3", says("alice", "its day is 99999")],
  [
    "UPDATE day_balances SET balance = balance + 1 WHERE account = 3",
    says("alice", "what it had at the end of day \\d+ is 96801, its movements make 96800"),
  ],
  [
    "INSERT INTO day_balances VALUES (3, 1, 5)",
    says("alice", "what it had at the end of day 1 is 5, its movements make 0"),
  ],
  ["DELETE FROM day_balances WHERE account = 3", says("alice", "what it had at the end of day")],
  ["UPDATE holds SET time_ms = time_ms + 1", /movement .* is in the list with another time/],
  [
    "UPDATE customers SET password_hash = 'mallory''s' WHERE username = 'alice'",
    differ("customer alice"),
  ],
  ["UPDATE customers SET password_version = 9 WHERE username = 'alice'", differ("customer alice")],
  [
    "DELETE FROM customers WHERE username = 'bob'",
    /the log has customer bob, which is not in the books/,
  ],
  [
    "INSERT INTO customers (username, password_hash, password_version, one_time, known_terminals, " +
    "display_name) VALUES ('mallory', 'hers', 1, 'null', '[]', '')",
    /customer mallory is not in the log/,
  ],
  ["UPDATE terminals SET name = 'mall'", differ(`terminal ${idOf("lobby")}`)],
  ["UPDATE terminals SET key_version = 7", differ(`terminal ${idOf("lobby")}`)],
  [
    "UPDATE settings SET value = 'UTC+1' WHERE name = 'time_zone'",
    differ("the row of the bank's settings"),
  ],
  [
    "DELETE FROM settings WHERE name = 'account_day_out_max'",
    differ("the row of the bank's limits"),
  ],
  ["INSERT INTO settings VALUES ('withdrawal_max', '1')", differ("the row of the bank's limits")],
  [
    "INSERT INTO settings VALUES ('restored_since_ms', '1'), ('retell x', '1')",
    /the row of a restored bank.s terminals is not in the log/,
  ],
];

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
  [`UPDATE movements SET booked = 2000 WHERE ${id("w1")} AND step = 2`, differs("w1", 2)],
  [`UPDATE movements SET credit = 2 WHERE ${id("t1")}`, differs("t1")],
  [
    `UPDATE movements SET debit = 77 WHERE ${id("t1")}`,
    RegExp(`a row of movements is without its accounts|${differs("t1").source}`),
  ],
  [`UPDATE movements SET outcome = 'ok' WHERE ${id("w2")}`, differs("w2")],
  [`DELETE FROM movements WHERE ${id("w2")}`, /the log has row 1 of movement 7732/],
  [
    `DELETE FROM movements WHERE ${id("w1")} AND step = 2`,
    /the log has row 2 of movement 77/,
  ],
  [
    `DELETE FROM movements WHERE ${id("w1")} AND step = 1`,
    /the log has row 1 of movement 77/,
  ],
  [copyOf("w2", 1, { id: `x'${idOf("w9")}'` }), /row 1 of movement 7739.* is not in the log/],
  [
    copyOf("w3", 2, { step: "3", action: "'report'" }),
    /row 3 of movement 7733.* is not in the log/,
  ],
  [copyOf("d1", 1, { id: `x'${idOf("d9")}'` }), /is not in the log/],
  ["DELETE FROM holds", /account|movement .* is open, but not in the list/],
  [
    `INSERT INTO holds (movement, time_ms) VALUES (x'${idOf("w2")}', 1)`,
    /movement 7732.* is in the list of open movements, but not open/,
  ],
  [
    `INSERT INTO holds (movement, time_ms) VALUES (x'${idOf("none")}', 1)`,
    /a row of holds is without its movements|is in the list of open movements, but not open/,
  ],
  [
    `DELETE FROM audit WHERE ${
      place("(SELECT max(place) - (1 << 40) FROM audit WHERE key_version > 0)")
    }`,
    /row 1 of movement 7736.* is not in the log/,
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
  ["ALTER TABLE settings ADD COLUMN more TEXT", /its table settings was changed/],
  ["CREATE TABLE more (x)", /its table more was changed/],
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
  try {
    return await ledger.check();
  } finally {
    await ledger.close();
  }
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
    for (const [sql, problem] of [...unbalanced, ...damages, ...damagesOfSchema]) {
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

Deno.test("books whose entries were sealed under several keys are good", () =>
  inTemporaryFolder(async (folder) => {
    const parts = ledgerParts(folder);
    const rotated = { ...parts, keys: [auditKeysOf(filled(0xa1, 32), 2), ...parts.keys] };
    const made = await openLedger({ ...parts, create: settings }, () => {});
    for (const command of history.slice(0, 12)) await made.submit(command);
    await made.close();
    const ledger = await openLedger(rotated, () => {});
    for (const command of history.slice(12)) await ledger.submit(command);
    assertEquals((await ledger.check()).problem, null);
    await ledger.close();
  }));

Deno.test("running balances that do not follow each other are found, whatever the log has of them", () =>
  inTemporaryFolder(async (folder) => {
    const parts = ledgerParts(folder);
    const { path } = parts.place;
    const made = await openLedger({ ...parts, create: settings }, () => {});
    for (const command of history) await made.submit(command);
    await made.close();
    const check = async () => {
      const store = SqliteStore.open(systemWithFiles, path);
      try {
        await checkMoney(store, keyRing, { accounts: 0, movements: 0, entries: 0 }, () => {});
      } finally {
        store.close();
      }
    };
    await check();
    damage(path, `UPDATE movements SET credit_balance = credit_balance + 1 WHERE ${id("d1")}`);
    await assertRejects(check, Wrong, "the balances after its movements are inconsistent");
  }));

/** Columns whose change the check does not find, and why. */
const notChecked = new Set([
  // the counters of failed log-ins, which no entry has, and the clock, which is confirmed again
  ...["failures.source", "failures.count", "failures.last_ms"],
  ...["clock.confirmed_ms", "clock.time_ms"],
  // sealed for their terminal and version: another value opens nowhere
  ...["terminals.sealed_key", "terminals.next_sealed_key"],
  ...["terminals.device_keys", "terminals.device_previous_keys"],
  // held against the chain's key by `audit verify`
  ...["audit.epoch", "audit.who", "audit.tag"],
  // the store's own, of its last commit
  ...["audit_chains.batch_id", "audit_chains.sure", "audit_chains.time_ms"],
]);

/** A row of each table. */
const rowOf: Record<string, string> = {
  movements: `${id("w1")} AND step = 2`,
  accounts: "id = 3",
  customers: "username = 'alice'",
  settings: "name = 'bank_name'",
  day_balances: "account = 3",
  audit: place(5),
};

Deno.test("a change of any column of any table is found", () =>
  inTemporaryFolder(async (folder) => {
    const parts = ledgerParts(folder);
    const { path } = parts.place;
    const made = await openLedger({ ...parts, create: settings }, () => {});
    for (const command of history) await made.submit(command);
    await made.submit({ op: "begin_log_in", username: "alice", nameHash: "00", terminal: "" });
    await made.submit({ op: "confirm_clock", operator: "root" });
    await made.close();
    const good = Deno.readFileSync(path);
    const database = new DatabaseSync(path);
    const columns = database.prepare(
      `SELECT tables.name || '.' || columns.name AS name, tables.name AS "table",
         columns.name AS "column", columns.type AS type
       FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
       WHERE tables.type = 'table'`,
    ).all() as { name: string; table: string; column: string; type: string }[];
    database.close();
    const other: Record<string, (column: string) => string> = {
      TEXT: (column) => `${column} || 'x'`,
      INTEGER: (column) => `coalesce(${column}, 0) + 100`,
      BLOB: (column) => `randomblob(length(${column}))`,
    };
    const missed: string[] = [];
    for (const { name, table, column, type } of columns) {
      Deno.writeFileSync(path, good);
      const where = rowOf[table] ?? "1";
      damage(path, `UPDATE ${table} SET ${column} = ${other[type]!(column)} WHERE ${where}`);
      const found = await checked(parts).catch(({ message }) => ({ problem: message }));
      if (found.problem === null) missed.push(name);
    }
    assertEquals(missed.sort(), [...notChecked].sort());
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
      for (const [index, [sql, problem]] of [...unbalanced, ...damages].entries()) {
        const copy = `${good}_${index}`;
        const gone =
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${good}'`;
        const maintenance = url.replace(/[^/]+$/, "postgres");
        await run(maintenance, gone, `CREATE DATABASE ${copy} TEMPLATE ${good} OWNER bank`);
        const damaged = url.replace(/[^/]+$/, copy);
        const statements = inPostgres(sql).split(";");
        await run(damaged, "SET session_replication_role = replica", ...statements);
        const found = await checked({ ...parts, place: { url: damaged } });
        assertMatch(found.problem ?? "nothing is found", problem, sql);
      }
    }),
);

Deno.test("a torn page of the file is found when it is opened", () =>
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
    await assertRejects(() => checked(parts), UsageError, "bank.sqlite is damaged");
  }));
