/** How commits to a file end: durable, refused, or in doubt until the file itself was asked. */
import type { Changes } from "../../../../server/ledger/model.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { systemWithFiles } from "../../../../lib/system.ts";
import { SqliteStore } from "../../../../server/ledger/sqlite/store.ts";
import { InDoubt, Refused, TryAgain } from "../../../../server/ledger/store.ts";
import { chainId, noChanges } from "../../helpers/engine.ts";
import { settings } from "../../helpers/small_bank.ts";
import { inTemporaryFolder } from "../../helpers/temporary.ts";

/** The outcome of the next statements that are run outside others. */
type Fault = (sql: string, run: () => void) => void;

const { exec } = DatabaseSync.prototype;
const ioError = () => {
  throw new Error("disk I/O error");
};

/** Runs this while each `exec` of SQLite goes through the fault. */
async function under<T>(fault: Fault, act: () => T | Promise<T>): Promise<T> {
  DatabaseSync.prototype.exec = function (sql: string) {
    fault(sql, () => exec.call(this, sql));
  };
  try {
    return await act();
  } finally {
    DatabaseSync.prototype.exec = exec;
  }
}

const beginFails: Fault = (sql, run) => /^BEGIN/.test(sql) ? ioError() : run();
const commitIsLost: Fault = (sql, run) => sql === "COMMIT" ? ioError() : run();
const answerIsLost: Fault = (sql, run) => {
  run();
  if (sql === "COMMIT") ioError();
};
const rollbackFails: Fault = (sql, run) => sql === "ROLLBACK" ? ioError() : run();

const customer = (username: string): Changes => ({
  ...noChanges,
  customers: [{
    username,
    passwordHash: "hash",
    passwordVersion: 1,
    oneTime: null,
    knownTerminals: [],
  }],
});
/** A batch that the tables refuse, after they took a part of it. */
const impossible = {
  ...customer("alice"),
  failures: [{ source: "x", count: null as unknown as number, lastMs: 0 }],
};

function open(path: string): SqliteStore {
  const store = SqliteStore.open(systemWithFiles, path);
  store.openChain(chainId);
  return store;
}

async function inBank(run: (path: string) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/bank.sqlite`;
    SqliteStore.open(systemWithFiles, path, settings).close();
    await run(path);
  });
}

/** Tries a commit that ends in doubt. */
async function doubtful(store: SqliteStore, fault: Fault, changes = customer("alice")) {
  const tried = () => under(fault, () => store.commit(changes, []));
  return await assertRejects(tried, InDoubt, "a commit is in doubt: ");
}

const names = (store: SqliteStore) => store.customers().map(({ username }) => username);

Deno.test("an error before COMMIT refuses a batch, and the next one goes through", () =>
  inBank(async (path) => {
    const store = open(path);
    assertThrows(() => store.commit(impossible, []), Refused, "NOT NULL");
    const refused = await assertRejects(
      () => under(beginFails, () => store.commit(customer("alice"), [])),
      Refused,
      "disk I/O error",
    );
    assert(!(refused instanceof TryAgain));
    assertEquals(names(store), []);
    store.commit(customer("bob"), []);
    assertEquals(names(store), ["bob"]);
    store.close();
  }));

const doubts: [name: string, fault: Fault, changes: typeof noChanges, committed: boolean][] = [
  ["COMMIT is done, and fails", answerIsLost, customer("alice"), true],
  ["COMMIT is not done, and fails", commitIsLost, customer("alice"), false],
  ["the ROLLBACK of a refused batch fails", rollbackFails, impossible, false],
];

for (const [name, fault, changes, committed] of doubts) {
  const found = committed ? ["alice"] : [];

  Deno.test(`${name}: the outcome is found out, and is final`, () =>
    inBank(async (path) => {
      const store = open(path);
      const { batchId } = await doubtful(store, fault, changes);
      assertThrows(() => store.customers(), Error, "a commit is in doubt");
      assertThrows(() => store.commit(customer("bob"), []), Error, "a commit is in doubt");
      for (let asked = 0; asked < 3; asked++) {
        assertEquals(await store.outcomeOf(batchId), committed ? "committed" : "not_committed");
        assertEquals(names(store), found);
      }
      store.commit(customer("bob"), []);
      store.close();
      const again = open(path);
      assertEquals(names(again), [...found, "bob"]);
      again.close();
    }));

  Deno.test(`${name}, then a crash: the next process goes on from what it finds`, () =>
    inBank(async (path) => {
      await doubtful(open(path), fault, changes);
      const next = open(path);
      assertEquals(names(next), found);
      next.commit(customer("bob"), []);
      assertEquals(names(next), [...found, "bob"]);
      next.close();
    }));

  Deno.test(`${name}, and the disk fails for a while: the outcome is found out after that`, () =>
    inBank(async (path) => {
      const store = open(path);
      const { batchId } = await doubtful(store, fault, changes);
      // Opening fails, then emptying the log, then the commit behind it: done, and not done.
      const failing = ["PRAGMA journal_mode", "BEGIN", "COMMIT", "COMMIT"];
      let tries = 0;
      const fails: Fault = (sql, run) => {
        if (!failing[0] || !sql.startsWith(failing[0])) return run();
        if (tries++ % 2 === 1) run();
        failing.shift();
        ioError();
      };
      const outcome = await under(fails, () => store.outcomeOf(batchId));
      assertEquals([outcome, tries], [committed ? "committed" : "not_committed", 4]);
      assertEquals(names(store), found);
      store.close();
    }));
}

Deno.test("a store that is closed ends the wait for an outcome without an answer", () =>
  inBank(async (path) => {
    const store = open(path);
    const { batchId } = await doubtful(store, answerIsLost);
    await under(beginFails, async () => {
      const outcome = assertRejects(() => store.outcomeOf(batchId), Error, "still in doubt");
      await new Promise((resolve) => setTimeout(resolve, 50));
      store.close();
      await outcome;
    });
    const next = open(path);
    assertEquals(names(next), ["alice"]);
    next.close();
  }));

Deno.test("a chain that another process has written is not written again", () =>
  inBank((path) => {
    const store = open(path);
    store.commit(customer("alice"), []);
    const { prepare } = DatabaseSync.prototype;
    let other: DatabaseSync | undefined;
    DatabaseSync.prototype.prepare = function (sql: string) {
      other = this;
      return prepare.call(this, sql);
    };
    store.times(); // the store's own connection: no other process can write the file
    DatabaseSync.prototype.prepare = prepare;
    other!.exec("UPDATE audit_chains SET batch_id = randomblob(16)");
    assertThrows(
      () => store.commit(customer("bob"), []),
      Refused,
      "another process writes to the same chain",
    );
    assertEquals(names(store), ["alice"]);
    store.close();
    return Promise.resolve();
  }));
