import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../lib/errors.ts";
import type { SealedEntry } from "../../../server/audit/chain.ts";
import type { Account, Changes, Movement } from "../../../server/ledger/books.ts";
import { SqliteStore } from "../../../server/ledger/sqlite_store.ts";
import { filled } from "../../lib/helpers.ts";
import { addCustomer, engineOn, enrolTerminal, noChanges } from "../helpers/engine.ts";
import { commandOf, emptyAccount, idOf, settings } from "../helpers/small_bank.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const alice: Account = { ...emptyAccount, id: 3, kind: "customer", owner: "alice", version: 1 };
/** What the movements of the small store make of it. */
const aliceAfter: Account = { ...alice, balance: 100n, held: 40n };

const opening: Movement = {
  id: idOf("o1"),
  step: 1,
  action: "book",
  kind: "opening",
  terminal: "",
  customer: "alice",
  operator: "",
  debit: 1,
  credit: 3,
  amount: 100n,
  booked: 100n,
  currency: "EUR",
  outcome: "ok",
  debitBalance: -100n,
  creditBalance: 100n,
  day: 0,
  timeMs: 1,
};

const withdrawal: Movement = {
  ...opening,
  id: idOf("w1"),
  action: "authorise",
  kind: "withdrawal",
  terminal: idOf("lobby"),
  debit: 3,
  credit: 1,
  amount: 40n,
  booked: 0n,
  debitBalance: 100n,
  creditBalance: -100n,
};
const entry: SealedEntry = {
  chain: 1,
  sequence: 1,
  epoch: 0,
  keyVersion: 1,
  who: filled(1, 16),
  sealed: filled(2, 64),
  tag: filled(3, 32),
};

/** A store in memory with one account, its opening and an open withdrawal. */
function smallStore(): SqliteStore {
  const store = SqliteStore.open(":memory:", settings);
  store.commit({ ...noChanges, accounts: [alice], movements: [opening, withdrawal] }, [entry]);
  return store;
}

/** Opens a store and gives its own connection to the database beside it. */
function opened(open: () => SqliteStore): { store: SqliteStore; database: DatabaseSync } {
  const { exec } = DatabaseSync.prototype;
  let database: DatabaseSync | undefined;
  DatabaseSync.prototype.exec = function (sql: string) {
    database = this;
    return exec.call(this, sql);
  };
  try {
    return { store: open(), database: database! };
  } finally {
    DatabaseSync.prototype.exec = exec;
  }
}

Deno.test("what is committed is read back, and nothing else has changed", () => {
  const store = smallStore();
  const touch = {
    movements: new Set([withdrawal.id, idOf("other")]),
    accounts: new Set([999]),
    customers: new Set(["alice", "nobody"]),
    terminals: new Set([idOf("lobby")]),
    terminalNames: new Set(["lobby"]),
    failureSources: new Set(["none"]),
  };
  const loaded = store.load(touch);
  assertEquals(loaded.movements, [withdrawal]);
  assertEquals(loaded.accounts.filter(({ owner }) => owner === "alice")[0], aliceAfter);
  assertEquals(loaded.accountIdNext, 4);
  assertEquals(loaded.settings, settings);
  assertEquals(store.lastEntries(1, 9), [entry]);
  assertEquals(store.accounts().map(({ kind }) => kind), ["vault", "differences", "customer"]);
  store.close();
});

/** The withdrawal's second row, as it should be. */
const completed: Movement = {
  ...withdrawal,
  step: 2,
  action: "complete",
  booked: 40n,
  debitBalance: 60n,
  creditBalance: -60n,
};

Deno.test("the database books what a movement's rows say: balances, holds, and what is open", () => {
  const store = smallStore();
  assertEquals(store.holds(), [withdrawal]);
  store.commit({ ...noChanges, movements: [completed] }, []);
  const { balance, held } = store.account(3)!;
  assertEquals([balance, held, store.account(1)!.balance], [60n, 0n, -60n]);
  assertEquals(store.holds(), []);
  store.close();
});

type Case = { changes?: Partial<Changes>; entries?: SealedEntry[] };
/** A batch whose one row is like the second of the withdrawal, a new first one, or a booking. */
const second = (change: Partial<Movement>): Case => ({
  changes: { movements: [{ ...completed, ...change }] },
});
const first = (change: Partial<Movement>): Case =>
  second({ ...withdrawal, id: idOf("new"), ...change });
const booking = (change: Partial<Movement>): Case =>
  second({ ...opening, id: idOf("new"), debitBalance: -200n, creditBalance: 200n, ...change });
const account = (change: Partial<Account>): Case => ({
  changes: { accounts: [{ ...alice, ...change }] },
});

const neverCommitted: Record<string, Case> = {
  "more held than there is": first({ amount: 61n }),
  "a customer's balance below zero": booking({
    debit: 3,
    credit: 1,
    amount: 101n,
    booked: 101n,
    debitBalance: -1n,
    creditBalance: 1n,
  }),
  "balances that are not what the row makes of them": second({ debitBalance: 61n }),
  "balances of the other side that are not": second({ creditBalance: -61n }),
  "money in another currency than its accounts": booking({ currency: "USD" }),
  "an unknown kind of account": account({ id: 9, kind: "gold" as Account["kind"] }),
  "a version that goes back": account({ version: 0 }),
  "less than nothing charged to a day": account({ dayOut: -1n }),
  "money that comes from nowhere": booking({ debit: null, debitBalance: null }),
  "money that goes nowhere": booking({ credit: null, creditBalance: null }),
  "money that goes to where it was": booking({ credit: 1 }),
  "a movement of an account that is not": booking({ debit: 999 }),
  "more booked than asked for": second({ booked: 41n, debitBalance: 59n, creditBalance: -59n }),
  "less than nothing booked": booking({ booked: -1n }),
  "a booking that books something else": booking({
    booked: 99n,
    debitBalance: -199n,
    creditBalance: 199n,
  }),
  "nothing completed": second({ booked: 0n, debitBalance: 100n, creditBalance: -100n }),
  "a reversal that books": second({ action: "reverse" }),
  "an authorisation that books": first({ booked: 40n, debitBalance: 60n, creditBalance: -60n }),
  "a refusal that books": booking({ outcome: "insufficient_funds" }),
  "a settling of nothing": second({ id: idOf("new") }),
  "a settling of what was booked in one step": second({ id: opening.id }),
  "a settling at another terminal": second({ terminal: idOf("mall") }),
  "a settling of another amount": second({ amount: 50n }),
  "a settling from another account": second({ debit: 2, debitBalance: -40n }),
  "a report of what no operator settled": second({ step: 3, action: "report" }),
  "a settling as a first row": first({ action: "complete" }),
  "the same movement twice": first({ id: withdrawal.id }),
  "a movement in a fourth step": second({ step: 4 as 3 }),
  "an amount beyond 64 bits": first({ amount: 2n ** 63n, outcome: "amount_too_large" }),
  "a movement's id of another length": first({ id: "00" }),
  "the same place in the log twice": { entries: [entry] },
  "a log entry without its tag": { entries: [{ ...entry, sequence: 2, tag: filled(0, 16) }] },
};

Deno.test("the database refuses what must never be, and keeps nothing of that batch", () => {
  for (const [name, { changes, entries = [] }] of Object.entries(neverCommitted)) {
    const store = smallStore();
    const accounts = store.accounts();
    const good = { ...alice, id: 8, owner: "good" };
    const all = { ...noChanges, ...changes, accounts: [good, ...(changes?.accounts ?? [])] };
    assertThrows(() => store.commit(all, entries), Error, undefined, name);
    assertEquals(store.accounts(), accounts, name);
    store.commit({ ...noChanges, accounts: [good], movements: [completed] }, []); // it goes on working
    store.close();
  }
});

Deno.test("rows of movements and of the log are never changed or deleted", () => {
  const { store, database } = opened(smallStore);
  const statements = [
    "UPDATE movements SET booked = 0",
    "UPDATE movements SET customer = 'bob'",
    "DELETE FROM movements",
    "UPDATE audit SET sealed = x'00'",
    "DELETE FROM audit",
    "DELETE FROM accounts WHERE id = 3", // its movement would be an orphan
    "DELETE FROM accounts WHERE id = 2",
    "UPDATE accounts SET owner = 'bob' WHERE id = 3",
    "UPDATE accounts SET currency = 'USD' WHERE id = 3",
    "UPDATE accounts SET kind = 'vault' WHERE id = 3",
    "INSERT INTO accounts (kind, owner, currency, balance, held, version, state) VALUES ('customer', 'eve', 'EUR', 5, 0, 0, 'open')",
    "UPDATE accounts SET held = 101 WHERE id = 3",
    "UPDATE accounts SET balance = 39 WHERE id = 3",
    "INSERT INTO holds (movement, time_ms) VALUES (x'000102030405060708090a0b0c0d0e0f', 1)",
  ];
  for (const sql of statements) {
    assertThrows(() => database.exec(sql), Error, undefined, sql);
  }
  assertEquals(store.entriesAfter(1, 0, 9), [entry]);
  store.close();
});

Deno.test("a customer's entries, a chain's and its last are found by an index, however long the log is", () => {
  const { store, database } = opened(smallStore);
  const asked: string[] = [];
  const { prepare } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = function (sql: string) {
    asked.push(sql);
    return prepare.call(this, sql);
  };
  try {
    store.entriesOf([entry.who], { chain: 1, sequence: 5 }, 3);
    store.entriesAfter(1, 0, 3);
    store.lastEntries(1, 1);
  } finally {
    DatabaseSync.prototype.prepare = prepare;
  }
  const plans = asked.map((sql) =>
    database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) => detail).join("; ")
  );
  assertEquals(plans, [
    "SEARCH audit USING INDEX audit_who (who=? AND place<?)",
    "SEARCH audit USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    "SEARCH audit USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
  ]);
  store.close();
});

Deno.test("every commit is on disk before it returns: WAL, synchronous FULL", () =>
  inTemporaryFolder((folder) => {
    const { store, database } = opened(() => SqliteStore.open(`${folder}/bank.sqlite`, settings));
    const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get()!)[0];
    assertEquals(pragma("journal_mode"), "wal");
    assertEquals(pragma("synchronous"), 2);
    assertEquals(pragma("foreign_keys"), 1);
    assertEquals(pragma("locking_mode"), "exclusive");
    store.close();
  }));

Deno.test("a second opener is refused while the first is there", () =>
  inTemporaryFolder((folder) => {
    const path = `${folder}/bank.sqlite`;
    const first = SqliteStore.open(path, settings);
    assertThrows(() => SqliteStore.open(path), UsageError, "in use by another process");
    first.close();
    SqliteStore.open(path).close();
  }));

Deno.test("a file of a newer version, a damaged one and one that is no bank are refused", () =>
  inTemporaryFolder((folder) => {
    const path = `${folder}/bank.sqlite`;
    SqliteStore.open(path, settings).close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 999");
    database.close();
    assertThrows(() => SqliteStore.open(path), UsageError, "newer Strongroom");
    Deno.writeTextFileSync(path, "no database at all, ".repeat(500));
    assertThrows(() => SqliteStore.open(path), UsageError, "damaged");
    assertThrows(() => SqliteStore.open(`${folder}/none/bank.sqlite`, settings), UsageError);
  }));

Deno.test("a bank is found as it was left: balances, holds, the log, throttling and its time", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/bank.sqlite`;
    const who = { username: "alice", nameHash: idOf("hash"), terminal: idOf("lobby") };
    const fail = async (engine: Awaited<ReturnType<typeof engineOn>>) => {
      const [begun] = await engine.run({ op: "begin_log_in", ...who });
      if (begun!.outcome === "ok") await engine.run({ op: "end_log_in", ...who, passed: false });
      return begun!;
    };

    const before = SqliteStore.open(path, settings);
    const engine = await engineOn(before);
    await engine.run(addCustomer("alice", 10_000n), enrolTerminal("lobby"));
    await engine.run(commandOf("lobby alice withdraw w1 alice 4000 EUR"));
    assertEquals(before.holds().length, 1);
    for (let count = 0; count < 3; count++) await fail(engine);
    const left = [before.accounts(), before.holds(), before.lastEntries(1, 1)];
    before.close();

    const after = SqliteStore.open(path);
    assertEquals([after.accounts(), after.holds(), after.lastEntries(1, 1)], left);
    const later = await engineOn(after, 1_000_000 - 60_000); // a clock that went back a little
    const waits: (number | undefined)[] = [];
    for (let count = 0; count < 3; count++) {
      const throttled = await fail(later);
      assertEquals(throttled.outcome, "throttled");
      assert(throttled.timeMs >= 1_000_000);
      waits.push(throttled.retryAfterMs);
      later.clock.nowMs = throttled.timeMs + throttled.retryAfterMs!;
      assertEquals((await fail(later)).outcome, "ok");
    }
    assertEquals(waits, [1_000, 2_000, 4_000]);
    after.close();
  }));
