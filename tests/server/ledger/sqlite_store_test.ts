import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../lib/errors.ts";
import type { SealedEntry } from "../../../server/audit/chain.ts";
import type { Account, Changes, Movement } from "../../../server/ledger/books.ts";
import { SqliteStore } from "../../../server/ledger/sqlite_store.ts";
import { filled } from "../../lib/helpers.ts";
import { addCustomer, engineOn, enrolTerminal } from "../helpers/engine.ts";
import { commandOf, idOf, settings } from "../helpers/small_bank.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const none: Changes = {
  accounts: [],
  movements: [],
  customers: [],
  terminals: [],
  failures: [],
  holdsOpened: [],
  holdsSettled: [],
};

const alice: Account = {
  id: 3,
  kind: "customer",
  owner: "alice",
  currency: "EUR",
  balance: 100n,
  held: 40n,
  version: 1,
  state: "open",
};

const withdrawal: Movement = {
  id: idOf("w1"),
  step: 1,
  action: "authorise",
  kind: "withdrawal",
  terminal: idOf("lobby"),
  customer: "alice",
  debit: 3,
  credit: 1,
  amount: 40n,
  booked: 0n,
  currency: "EUR",
  outcome: "ok",
  debitBalance: 100n,
  creditBalance: 0n,
  timeMs: 1,
};
const entry: SealedEntry = {
  sequence: 1,
  epoch: 0,
  keyVersion: 1,
  who: filled(1, 16),
  sealed: filled(2, 64),
  tag: filled(3, 32),
};

/** A store in memory with one account and one movement. */
function smallStore(): SqliteStore {
  const store = SqliteStore.open(":memory:", settings);
  store.commit({ ...none, accounts: [alice], movements: [withdrawal] }, [entry]);
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
  assertEquals(loaded.accounts.filter(({ owner }) => owner === "alice")[0], alice);
  assertEquals(loaded.accountIdNext, 4);
  assertEquals(loaded.settings, settings);
  assertEquals(store.lastEntry(), entry);
  assertEquals(store.accounts().map(({ kind }) => kind), ["vault", "differences", "customer"]);
  store.close();
});

Deno.test("the database refuses what must never be, and keeps nothing of that batch", () => {
  const booked: Movement = {
    ...withdrawal,
    id: idOf("b1"),
    step: 2,
    action: "complete",
    booked: 40n,
  };
  const cases: Record<string, { changes?: Partial<Changes>; entries?: SealedEntry[] }> = {
    "a customer's balance below what is held": {
      changes: { accounts: [{ ...alice, balance: 39n }] },
    },
    "a customer's balance below zero": {
      changes: { accounts: [{ ...alice, balance: -1n, held: 0n }] },
    },
    "less than nothing held": { changes: { accounts: [{ ...alice, held: -1n }] } },
    "an unknown kind of account": {
      changes: { accounts: [{ ...alice, id: 9, kind: "gold" as Account["kind"] }] },
    },
    "money that comes from nowhere": { changes: { movements: [{ ...booked, debit: null }] } },
    "money that goes nowhere": { changes: { movements: [{ ...booked, credit: null }] } },
    "money that goes to where it was": { changes: { movements: [{ ...booked, credit: 3 }] } },
    "a movement of an account that is not": { changes: { movements: [{ ...booked, debit: 999 }] } },
    "more booked than asked for": { changes: { movements: [{ ...booked, booked: 41n }] } },
    "less than nothing booked": { changes: { movements: [{ ...booked, booked: -1n }] } },
    "a refusal that books": {
      changes: { movements: [{ ...booked, outcome: "insufficient_funds" }] },
    },
    "the same movement twice": { changes: { movements: [withdrawal] } },
    "a movement in a third step": { changes: { movements: [{ ...booked, step: 3 as 2 }] } },
    "an amount beyond 64 bits": { changes: { movements: [{ ...booked, amount: 2n ** 63n }] } },
    "a movement's id of another length": { changes: { movements: [{ ...booked, id: "00" }] } },
    "the same place in the log twice": { entries: [entry] },
    "a log entry without its tag": { entries: [{ ...entry, sequence: 2, tag: filled(0, 16) }] },
  };
  for (const [name, { changes, entries = [] }] of Object.entries(cases)) {
    const store = smallStore();
    const accounts = store.accounts();
    const good = { ...alice, id: 8, owner: "good" };
    const all = { ...none, ...changes, accounts: [good, ...(changes?.accounts ?? [])] };
    assertThrows(() => store.commit(all, entries), Error, undefined, name);
    assertEquals(store.accounts(), accounts, name);
    store.commit({ ...none, accounts: [good] }, []); // and it goes on working
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
  ];
  for (const sql of statements) {
    assertThrows(() => database.exec(sql), Error, undefined, sql);
  }
  assertEquals(store.entriesAfter(0, 9), [entry]);
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
    await engine.run(enrolTerminal("lobby"), addCustomer("alice", 10_000n));
    await engine.run(commandOf("lobby alice withdraw w1 alice 4000 EUR"));
    for (let count = 0; count < 3; count++) await fail(engine);
    const left = [before.accounts(), before.holds(), before.lastEntry()];
    before.close();

    const after = SqliteStore.open(path);
    assertEquals([after.accounts(), after.holds(), after.lastEntry()], left);
    const later = await engineOn(after, 5); // a clock that went back
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
