/** How commits to a database end: durable, refused, or in doubt until the chain's row was asked. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { system, systemWithFiles } from "../../../../lib/system.ts";
import { pause, type World } from "../../../../lib/world.ts";
import { PostgresStore } from "../../../../server/ledger/postgres/store.ts";
import { InDoubt, Refused, TryAgain } from "../../../../server/ledger/store.ts";
import { touchOf } from "../../../../server/ledger/touch.ts";
import { chainId, noChanges } from "../../helpers/engine.ts";
import { type CommitFate, Forwarder } from "../../helpers/forwarder.ts";
import { postgres } from "../../helpers/postgres.ts";
import { settings } from "../../helpers/small_bank.ts";
import { newDatabase, onPostgres } from "../../helpers/stores.ts";

const customer = (username: string) => ({
  ...noChanges,
  customers: [{
    username,
    passwordHash: "hash",
    passwordVersion: 1,
    oneTime: null,
    knownTerminals: [],
  }],
});

/** A world whose time passes so much faster. */
const hurried = (times: number): World => ({
  ...system,
  monotonicMs: () => system.monotonicMs() * times,
  after: (ms, act) => system.after(ms / times, act),
});

const names = async (store: PostgresStore) =>
  (await store.customers()).map(({ username }) => username);

async function open(url: string, world: World = system): Promise<PostgresStore> {
  const store = await PostgresStore.open(world, url);
  await store.openChain(chainId);
  return store;
}

/** Returns a bank's store, reached through what loses commits. */
async function inBank(
  run: (bank: { url: string; door: Forwarder; store: PostgresStore }) => Promise<void>,
  world: World = system,
): Promise<void> {
  const { url } = await newDatabase();
  const door = new Forwarder((await postgres()).port);
  (await PostgresStore.open(systemWithFiles, url, settings)).close();
  const store = await open(door.through(url), world);
  try {
    await run({ url, door, store });
  } finally {
    store.close();
    door.close();
  }
}

const doubtful = (store: PostgresStore) =>
  assertRejects(() => store.commit(customer("alice"), []), InDoubt, "a commit is in doubt: ");

onPostgres(
  "an error before COMMIT refuses a batch, and the next one goes through",
  () =>
    inBank(async ({ url, store }) => {
      const counted = { source: "x", count: null as unknown as number, lastMs: 0 };
      const impossible = { ...customer("alice"), failures: [counted] };
      const refused = await assertRejects(
        () => store.commit(impossible, []),
        Refused,
        "null value",
      );
      assert(!(refused instanceof TryAgain));

      const { run } = await postgres();
      await store.load({ ...touchOf([]), customers: new Set(["alice"]) });
      await run(
        url,
        `INSERT INTO customers (username, password_hash, password_version, one_time, known_terminals, display_name)
       VALUES ('alice', 'of another server', 1, 'null', '[]', '')`,
      );
      await assertRejects(() => store.commit(customer("alice"), []), TryAgain, "duplicate key");

      assertEquals(await names(store), ["alice"]);
      await store.commit(customer("bob"), []);
      assertEquals(await names(store), ["alice", "bob"]);
    }),
);

onPostgres(
  "a connection that is lost before COMMIT was sent refuses a batch",
  () =>
    inBank(async ({ url, store }) => {
      await store.load({ ...touchOf([]), customers: new Set(["alice"]) });
      const { run } = await postgres();
      await run(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bank'",
      );
      await pause(system, 200); // until the store's connection is notified
      await assertRejects(() => store.commit(customer("alice"), []), TryAgain);
      await store.commit(customer("alice"), []);
      assertEquals(await names(store), ["alice"]);
    }),
);

const fates: [fate: CommitFate, committed: boolean][] = [["answer lost", true], ["lost", false]];

for (const [fate, committed] of fates) {
  const found = committed ? ["alice"] : [];
  const expected = committed ? "committed" : "not_committed";

  onPostgres(
    `a commit is ${fate}: the outcome is found out, and is final`,
    () =>
      inBank(async ({ door, store }) => {
        door.fates = [fate];
        const { batchId } = await doubtful(store);
        await assertRejects(() => store.commit(customer("bob"), []), Refused, "in doubt");
        for (let asked = 0; asked < 3; asked++) {
          assertEquals(await store.outcomeOf(batchId), expected);
          assertEquals(await names(store), found);
        }
        await store.commit(customer("bob"), []);
        assertEquals(await names(store), [...found, "bob"]);
      }),
  );

  onPostgres(
    `a commit is ${fate}, then a crash: the next process goes on from what it finds`,
    () =>
      inBank(async ({ url, door, store }) => {
        door.fates = [fate];
        await doubtful(store);
        store.close();
        const next = await open(url);
        assertEquals(await names(next), found);
        await next.commit(customer("bob"), []);
        assertEquals(await names(next), [...found, "bob"]);
        next.close();
      }),
  );

  onPostgres(
    `a commit is ${fate}, and so are those behind it: the outcome waits for one`,
    () =>
      inBank(async ({ door, store }) => {
        door.fates = [fate, "lost", "answer lost", "lost"];
        const { batchId } = await doubtful(store);
        assertEquals(await store.outcomeOf(batchId), expected);
        assertEquals([door.cuts, await names(store)], [4, found]);
      }),
  );

  for (const awayMs of [1_000, 60_000]) {
    onPostgres(`a commit is ${fate}, and the database is away for ${awayMs} ms`, () => {
      const world = hurried(awayMs / 1_000);
      return inBank(async ({ door, store }) => {
        door.isAway = true;
        door.fates = [fate];
        const { batchId } = await doubtful(store);
        let isKnown = false;
        const outcome = store.outcomeOf(batchId).finally(() => isKnown = true);
        await pause(world, awayMs);
        assert(!isKnown);
        door.isAway = false;
        assertEquals(await outcome, expected);
        await store.commit(customer("bob"), []);
        assertEquals(await names(store), [...found, "bob"]);
      }, world);
    });
  }
}

/** Runs this while commits wait for a standby that there is not; `cancel` ends such waits with a warning. */
async function withoutStandby(
  url: string,
  act: (standby: { cancel(): Promise<void>; found(): Promise<void> }) => Promise<void>,
): Promise<void> {
  const { run } = await postgres();
  const expect = (names: string) =>
    run(url, `ALTER SYSTEM SET synchronous_standby_names = '${names}'`, "SELECT pg_reload_conf()");
  const waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'bank'";
  await expect("nobody");
  await pause(system, 500); // until the store's own connection has the setting: a reload is no answer
  try {
    await act({
      async cancel() {
        while ((await run(url, `SELECT pg_cancel_backend(pid) ${waiting}`)).length === 0) {
          await pause(system, 20);
        }
      },
      async found() {
        while ((await run(url, `SELECT pid ${waiting}`)).length === 0) await pause(system, 20);
        await expect("");
      },
    });
  } finally {
    await expect("");
  }
}

onPostgres(
  "a commit with a warning is in doubt until one without lies behind it",
  () =>
    inBank(({ url, store }) =>
      withoutStandby(url, async (standby) => {
        const doubt = doubtful(store);
        await standby.cancel();
        const { batchId } = await doubt;
        const outcome = store.outcomeOf(batchId);
        for (let cancels = 0; cancels < 3; cancels++) await standby.cancel();
        await standby.found();
        assertEquals(await outcome, "committed");
        assertEquals(await names(store), ["alice"]);
      })
    ),
);

onPostgres(
  "a commit with a warning, then a crash: the next process makes sure first",
  () =>
    inBank(({ url, store }) =>
      withoutStandby(url, async (standby) => {
        const doubt = doubtful(store);
        await standby.cancel();
        await doubt;
        store.close();
        const opening = open(url);
        await standby.cancel();
        await standby.found();
        const next = await opening;
        assertEquals(await names(next), ["alice"]);
        next.close();
      })
    ),
);

onPostgres(
  "a store that is closed ends the wait for an outcome without an answer",
  () =>
    inBank(async ({ url, door, store }) => {
      door.isAway = true;
      door.fates = ["answer lost"];
      const { batchId } = await doubtful(store);
      const outcome = assertRejects(() => store.outcomeOf(batchId), Error, "closed");
      await pause(system, 250);
      const closedMs = system.monotonicMs();
      store.close();
      await outcome;
      assert(system.monotonicMs() - closedMs < 1_000);
      const next = await open(url);
      assertEquals(await names(next), ["alice"]);
      next.close();
    }),
);
