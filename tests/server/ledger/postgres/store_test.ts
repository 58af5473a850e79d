/** What is PostgreSQL's own: rights, locks, lost answers, and waits for a standby. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../../lib/errors.ts";
import { systemWithFiles } from "../../../../lib/system.ts";
import type { Movement } from "../../../../server/ledger/model.ts";
import { PostgresConnection } from "../../../../server/ledger/postgres/connection.ts";
import { loadStatements } from "../../../../server/ledger/postgres/load.ts";
import { PostgresStore } from "../../../../server/ledger/postgres/store.ts";
import { commitStatements } from "../../../../server/ledger/postgres/commit.ts";
import { filled } from "../../../lib/helpers.ts";
import { addCustomer, engineOn, enrolTerminal, logOf, noChanges } from "../../helpers/engine.ts";
import { type CommitFate, Forwarder } from "../../helpers/forwarder.ts";
import { postgres } from "../../helpers/postgres.ts";
import { commandOf, idOf, settings } from "../../helpers/small_bank.ts";
import { aliceAfter, entry, opening, withdrawal } from "../../helpers/small_store.ts";
import { newDatabase, onPostgres } from "../../helpers/stores.ts";

async function smallStore() {
  const { url } = await newDatabase();
  const store = await PostgresStore.open(systemWithFiles, url, settings);
  await store.openChain(filled(0xc1, 16));
  await store.commit({ ...noChanges, accounts: [aliceAfter], movements: [opening, withdrawal] }, [
    entry,
  ]);
  return { url, store };
}

const nothing = {
  movements: new Set<string>(),
  accountNumbers: new Set<string>(),
  accounts: new Set<number>(),
  customers: new Set<string>(),
  terminals: new Set<string>(),
  terminalNames: new Set<string>(),
  closing: new Set<string>(),
  failureSources: new Set<string>(),
  devices: new Set<string>(),
};

onPostgres("the bank's own role cannot change or delete what is written", async () => {
  const { url, store } = await smallStore();
  const { run } = await postgres();
  const statements = [
    "UPDATE movements SET booked = 0",
    "DELETE FROM movements",
    "TRUNCATE movements",
    "UPDATE audit SET sealed = ''",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "UPDATE audit_chains SET id = ''",
    "DELETE FROM accounts WHERE id = 2",
    "UPDATE accounts SET owner = 'bob' WHERE id = 3",
    "UPDATE accounts SET number = '100000000093' WHERE id = 3",
    "UPDATE accounts SET uid = '\\x00000000000000000000000000000000' WHERE id = 3",
    "UPDATE accounts SET currency = 'USD' WHERE id = 3",
    "UPDATE accounts SET kind = 'vault' WHERE id = 3",
    `INSERT INTO accounts (id, number, uid, kind, owner, name, currency, balance, version, state, day,
      day_out, day_in) VALUES (9, '100000000093', decode(repeat('00', 16), 'hex'), 'customer', 'eve', '',
      'EUR', 5, 0, 'open', 0, 0, 0)`,
    "UPDATE accounts SET held = 101 WHERE id = 3",
    "UPDATE accounts SET balance = 39 WHERE id = 3",
    "UPDATE terminals SET name = 'other'",
  ];
  for (const sql of statements) {
    await assertRejects(
      () => run(url, "SET ROLE bank", sql),
      Error,
      /balance|held/.test(sql) && /^UPDATE/.test(sql) ? "check constraint" : "permission denied",
      sql,
    );
  }
  assertEquals(await store.entriesAfter(1, 0, 9), [entry]);
  await store.close();
});

onPostgres("amounts are exact at any size", async () => {
  const { store } = await smallStore();
  const amount = 2n ** 62n + 1n;
  const large: Movement = {
    ...opening,
    id: idOf("large"),
    debit: 2,
    amount,
    booked: amount,
    debitBalance: -amount,
    creditBalance: amount + 100n,
  };
  await store.commit({ ...noChanges, movements: [large] }, []);
  const loaded = await store.load({ ...nothing, movements: new Set([large.id]) });
  assertEquals(loaded.movements, [large]);
  assertEquals(loaded.accounts.find(({ id }) => id === 3)!.balance, amount + 100n);
  await store.close();
});

onPostgres(
  "a batch waits for another one of the same account, and sees what that has done",
  async () => {
    const { url, store } = await smallStore();
    const other = await PostgresStore.open(systemWithFiles, url);
    await other.openChain(filled(0xc2, 16));
    const touch = { ...nothing, accounts: new Set([3]), movements: new Set([idOf("new")]) };
    assertEquals((await store.load(touch)).movements, []);
    let waited = true;
    const second = other.load(touch).then((loaded) => (waited = false, loaded));
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert(waited);
    const row: Movement = { ...withdrawal, id: idOf("new"), amount: 10n };
    const account = { ...aliceAfter, version: 2 };
    await store.commit({ ...noChanges, accounts: [account], movements: [row] }, []);
    const loaded = await second;
    assertEquals(loaded.movements, [row]);
    assertEquals(loaded.accounts.find(({ id }) => id === 3)!.held, 50n);
    other.close(); // gives the batch up
    await store.load(touch);
    store.close();
  },
);

onPostgres(
  "a server that freezes amid a batch keeps what it locked for some seconds, and no longer",
  async () => {
    const { url, store } = await smallStore();
    const alice = {
      username: "alice",
      passwordHash: "",
      passwordVersion: 1,
      oneTime: null,
      knownTerminals: [],
    };
    await store.commit({ ...noChanges, customers: [alice] }, []);
    await store.load({ ...nothing, accounts: new Set([3]) }); // and then it says no more
    const other = await PostgresStore.open(systemWithFiles, url);
    const engine = await engineOn(other, Date.now());
    await engine.run(enrolTerminal("lobby"));
    const [reply] = await engine.run(commandOf("lobby alice withdraw w2 alice 10 EUR"));
    assertEquals([reply!.outcome, engine.errors], ["ok", []]);
    for (const each of [store, other]) await each.close();
  },
);

onPostgres(
  "what a batch needs is found by its key, however small the tables were when it was planned",
  async () => {
    const { url, store } = await smallStore();
    const touch = { ...nothing, movements: new Set([withdrawal.id]), accounts: new Set([3]) };
    const loaded = await store.load(touch);
    const known = { ...loaded, locked: new Set([3]) };
    const settled: Movement = {
      ...withdrawal,
      step: 2,
      action: "reverse",
    };
    const failures = [{ source: "lobby", count: 1, lastMs: 1 }];
    const changes = { ...noChanges, accounts: [aliceAfter], movements: [settled], failures };
    const connection = await PostgresConnection.open(url);
    const statements = [
      ...loadStatements(touch, false),
      ...commitStatements(changes, [entry], { ...known, failures }),
    ];
    assert(statements.length > 10);
    for (const { name, text } of statements) {
      const [plan] = await connection.run([{ name: "", text: `EXPLAIN (GENERIC_PLAN) ${text}` }]);
      const lines = plan!.rows.map((row) => row["QUERY PLAN"]).join("\n");
      assert(!/Seq Scan on (?!settings|audit_chains|clock|given)/.test(lines), `${name}\n${lines}`);
    }
    connection.close();
    await store.close();
  },
);

/** Returns a small bank, reached through what loses commits. */
async function bankBehindDoor() {
  const door = new Forwarder((await postgres()).port);
  const { url } = await newDatabase();
  const store = await PostgresStore.open(systemWithFiles, door.through(url), settings);
  const engine = await engineOn(store);
  await engine.run(addCustomer("alice", 10_000n), enrolTerminal("lobby"));
  const close = async () => {
    await store.close();
    door.close();
  };
  return { door, url, store, engine, close };
}

onPostgres("a commit without an answer is found, or done again: once in either case", async () => {
  for (const fate of ["answer lost", "lost"] satisfies CommitFate[]) {
    const { door, store, engine, close } = await bankBehindDoor();
    door.fates = [fate];
    const note = { op: "log", who: "bank", action: "once", kind: "other", outcome: "ok" } as const;
    const steps = ["lobby alice withdraw w1 alice 2000 EUR", "lobby complete w1 2000"];
    const replies = await engine.run(...steps.map(commandOf), addCustomer("bob", 0n), note);
    assertEquals(replies.map(({ outcome }) => outcome), ["ok", "ok", "ok", "ok"], fate);
    assertEquals([door.cuts, engine.errors.length], [1, 1], fate);
    assert(engine.errors[0]!.startsWith("a commit is in doubt: "), engine.errors[0]);
    const accounts = await store.accounts();
    assertEquals(accounts.filter(({ owner }) => owner === "bob").length, 1);
    assertEquals(accounts.find(({ owner }) => owner === "alice")!.balance, 8_000n);
    const once = (await logOf(store)).filter(({ action }) => action === "once");
    assertEquals(once.length, 1, fate);
    assertEquals((await engine.run(note))[0]!.outcome, "ok", "and the chain goes on");
    await close();
  }
});

onPostgres(
  "a copy of a server's folder is refused at every commit once its original has committed",
  async () => {
    const { url } = await newDatabase();
    const store = await PostgresStore.open(systemWithFiles, url, settings);
    const original = await engineOn(store);
    await original.run(addCustomer("alice", 10_000n), enrolTerminal("lobby"));
    const load = commandOf("lobby load l1 1000 EUR");
    await original.run(load);
    const copied = await PostgresStore.open(systemWithFiles, url);
    const copy = await engineOn(copied);
    await original.endEpoch();
    const count = (await logOf(store)).length;
    // The load's repetition has no entry of the log.
    for (const command of [load, commandOf("lobby load l2 1000 EUR"), addCustomer("bob", 0n)]) {
      assertEquals((await copy.run(command))[0]!.outcome, "try_later", command.op);
      assert(copy.errors.at(-1)!.includes("another process writes to the same chain"));
    }
    await copy.endEpoch();
    assertEquals((await logOf(store)).length, count);
    assertEquals((await original.run(addCustomer("bob", 0n)))[0]!.outcome, "ok");
    assertEquals(original.errors, []);
    for (const each of [copied, store]) await each.close();
  },
);

onPostgres(
  "while the database is away the answer is try again later, and then all goes on",
  async () => {
    const { door, url, store, engine, close } = await bankBehindDoor();
    door.close();
    const step = commandOf("lobby alice withdraw w1 alice 2000 EUR");
    const late = await engine.run(step);
    assertEquals(late[0]!.outcome, "try_later");
    assert(engine.errors[0]!.includes("cannot be reached"), engine.errors.join());
    const again = await PostgresStore.open(systemWithFiles, url);
    const other = await engineOn(again);
    assertEquals((await other.run(step))[0]!.outcome, "ok");
    await again.close();
    await store.close();
    await close().catch(() => {});
  },
);

onPostgres(
  "a wait for the standby that was cancelled is no success: a later write must make sure",
  async () => {
    const { url } = await newDatabase();
    const { run } = await postgres();
    const store = await PostgresStore.open(systemWithFiles, url, settings);
    const engine = await engineOn(store);
    await engine.run(addCustomer("alice", 10_000n), enrolTerminal("lobby"));
    const waitFor = (names: string) =>
      run(
        url,
        `ALTER SYSTEM SET synchronous_standby_names = '${names}'`,
        "SELECT pg_reload_conf()",
      );
    const waiting = "wait_event = 'SyncRep' AND usename = 'bank'";
    const waits = async () =>
      (await run(url, `SELECT pid FROM pg_stat_activity WHERE ${waiting}`)).length > 0;
    const untilItWaits = async () => {
      while (!await waits()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await waitFor("nobody");
    try {
      let answered = false;
      const step = commandOf("lobby alice withdraw w1 alice 2000 EUR");
      const reply = engine.run(step).then((replies) => (answered = true, replies[0]!));
      for (let cancels = 0; cancels < 3; cancels++) {
        await untilItWaits();
        await run(url, `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ${waiting}`);
      }
      await untilItWaits();
      assertEquals((await store.holds()).length, 1); // committed here, and perhaps nowhere else
      assertEquals(answered, false);
      await waitFor("");
      assertEquals((await reply).outcome, "ok");
      assertEquals((await store.holds()).length, 1);
    } finally {
      await waitFor("");
    }
    assertEquals(engine.errors, ["a commit is in doubt: a commit ended with a warning"]);
    await store.close();
  },
);

onPostgres(
  "a database without a bank, with one, with what is another's, for a superuser, of a newer version, or not there is refused in words",
  async () => {
    const { url } = await newDatabase();
    const opened = (at: string, create?: typeof settings) =>
      PostgresStore.open(systemWithFiles, at, create);
    await assertRejects(() => opened(url), UsageError, "has no bank");
    await (await opened(url, settings)).close();
    await assertRejects(() => opened(url, settings), UsageError, "already contains a bank");
    const { run } = await postgres();
    for (
      const [things, named] of [
        ["CREATE TABLE accounts (number int)", "it has accounts"],
        ["CREATE SEQUENCE invoices", "it has invoices"],
      ] as const
    ) {
      const { url: anothers } = await newDatabase();
      await run(anothers, things);
      await assertRejects(() => opened(anothers, settings), UsageError, named);
      await assertRejects(() => opened(anothers, settings), UsageError, "is not empty");
    }
    const { url: extended } = await newDatabase();
    await run(extended, "CREATE EXTENSION pg_buffercache");
    await (await opened(extended, settings)).close();
    const all = url.replace("//bank@", "//postgres@");
    await assertRejects(() => opened(all), UsageError, "is a superuser");
    await run(url, "UPDATE schema_version SET version = 999");
    await assertRejects(() => opened(url), UsageError, "newer Strongroom");
    await assertRejects(
      () => opened("postgresql://bank@127.0.0.1:1/x"),
      UsageError,
      "cannot be used",
    );
    await run(url, "ALTER ROLE bank SET synchronous_commit = off");
    try {
      await assertRejects(() => opened(url), UsageError, "synchronous_commit is off");
    } finally {
      await run(url, "ALTER ROLE bank RESET synchronous_commit");
    }
  },
);

onPostgres("of several hosts the first that takes writes is used", async () => {
  const { url } = await newDatabase();
  await (await PostgresStore.open(systemWithFiles, url.replace("@", "@127.0.0.1:1,"), settings))
    .close();
});
