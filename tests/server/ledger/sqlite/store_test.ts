import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../../../../lib/errors.ts";
import { systemWithFiles } from "../../../../lib/system.ts";
import { SqliteStore } from "../../../../server/ledger/sqlite/store.ts";
import { aliceAfter, entry, opening, withdrawal } from "../../helpers/small_store.ts";
import { chainId, noChanges } from "../../helpers/engine.ts";
import { settings } from "../../helpers/small_bank.ts";
import { inTemporaryFolder } from "../../helpers/temporary.ts";

/** Returns a store in memory with one account, its opening and an open withdrawal. */
function smallStore(): SqliteStore {
  const store = SqliteStore.open(systemWithFiles, ":memory:", settings);
  store.openChain(chainId);
  store.commit({ ...noChanges, accounts: [aliceAfter], movements: [opening, withdrawal] }, [entry]);
  return store;
}

/** Opens a store; gives its connection to the database, too. */
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
    "UPDATE accounts SET number = '100000000093' WHERE id = 3",
    "UPDATE accounts SET uid = zeroblob(16) WHERE id = 3",
    "UPDATE accounts SET currency = 'USD' WHERE id = 3",
    "UPDATE accounts SET kind = 'vault' WHERE id = 3",
    "INSERT INTO accounts (number, uid, kind, owner, currency, balance, held, version, state) " +
    "VALUES ('100000000093', zeroblob(16), 'customer', 'eve', 'EUR', 5, 0, 0, 'open')",
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
    "SEARCH audit USING INDEX audit_who (who=? AND rowid<?)",
    "SEARCH audit USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    "SEARCH audit USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
  ]);
  store.close();
});

Deno.test("every commit is on disk before it returns: WAL, synchronous FULL", () =>
  inTemporaryFolder((folder) => {
    const { store, database } = opened(() =>
      SqliteStore.open(systemWithFiles, `${folder}/bank.sqlite`, settings)
    );
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
    const first = SqliteStore.open(systemWithFiles, path, settings);
    assertThrows(
      () => SqliteStore.open(systemWithFiles, path),
      UsageError,
      "in use by another process",
    );
    first.close();
    SqliteStore.open(systemWithFiles, path).close();
  }));

Deno.test("a file of a newer version, a damaged one and one that is no bank are refused", () =>
  inTemporaryFolder((folder) => {
    const path = `${folder}/bank.sqlite`;
    SqliteStore.open(systemWithFiles, path, settings).close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 999");
    database.close();
    assertThrows(() => SqliteStore.open(systemWithFiles, path), UsageError, "newer Strongroom");
    Deno.writeTextFileSync(path, "no database at all, ".repeat(500));
    assertThrows(() => SqliteStore.open(systemWithFiles, path), UsageError, "damaged");
    assertThrows(
      () => SqliteStore.open(systemWithFiles, `${folder}/none/bank.sqlite`, settings),
      UsageError,
    );
  }));
