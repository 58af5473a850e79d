/** What every store must do, whatever database it is on. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { SealedEntry } from "../../../server/audit/entry.ts";
import type { Account, Changes, Movement } from "../../../server/ledger/model.ts";
import { checkStore } from "../../../server/ledger/check.ts";
import { dayOf } from "../../../lib/calendar.ts";
import { openStore } from "../../../server/ledger/open_store.ts";
import { Refused, type Store } from "../../../server/ledger/store.ts";
import { touchOf } from "../../../server/ledger/touch.ts";
import { filled } from "../../lib/helpers.ts";
import { systemWithFiles } from "../../../lib/system.ts";
import {
  addCustomer,
  chainId,
  engineOn,
  enrolTerminal,
  keyRing,
  noChanges,
} from "../helpers/engine.ts";
import { commandOf, identityOf, idOf, settings } from "../helpers/small_bank.ts";
import { alice, aliceAfter, entry, opening, withdrawal } from "../helpers/small_store.ts";
import { type MakeStore, onEachPlace, onEachStore } from "../helpers/stores.ts";

/** Returns a store with one account, its opening and an open withdrawal. */
async function smallStore(make: MakeStore): Promise<Store> {
  const store = await make(settings);
  await store.openChain(chainId);
  await store.commit({ ...noChanges, accounts: [aliceAfter], movements: [opening, withdrawal] }, [
    entry,
  ]);
  return store;
}

onEachStore("what is committed is read back, and nothing else has changed", async (make) => {
  const store = await smallStore(make);
  const touch = {
    movements: new Set([withdrawal.id, idOf("other")]),
    accountNumbers: new Set<string>(),
    accounts: new Set([999]),
    closing: new Set<string>(),
    customers: new Set(["alice", "nobody"]),
    terminals: new Set([idOf("lobby")]),
    terminalNames: new Set(["lobby"]),
    failureSources: new Set(["none"]),
    devices: new Set<string>(),
  };
  const loaded = await store.load(touch);
  assertEquals(loaded.movements, [withdrawal]);
  assertEquals(loaded.accounts.filter(({ owner }) => owner === "alice")[0], aliceAfter);
  assertEquals(loaded.accountIdNext, 4);
  assertEquals(loaded.settings, settings);
  assertEquals(await store.lastEntries(1, 9), [entry]);
  assertEquals((await store.accounts()).map(({ kind }) => kind), [
    "vault",
    "differences",
    "customer",
  ]);
});

onEachStore("an account that is to be closed is loaded with its open movements", async (make) => {
  const closing = (number: string) => ({
    ...touchOf([]),
    accountNumbers: new Set([number]),
    closing: new Set([number]),
  });
  const open = await smallStore(make);
  assertEquals((await open.load(closing(alice.number))).movements, [withdrawal]);
  assertEquals((await open.load(closing(identityOf("bob").number))).movements, []);
  const settled = await smallStore(make);
  await settled.commit({ ...noChanges, movements: [completed] }, []);
  assertEquals((await settled.load(closing(alice.number))).movements, []);
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

onEachStore(
  "the database books what a movement's rows say: balances, holds, and what is open",
  async (make) => {
    const store = await smallStore(make);
    assertEquals(await store.holds(), [withdrawal]);
    await store.commit({ ...noChanges, movements: [completed] }, []);
    const { balance, held } = (await store.account(3))!;
    assertEquals([balance, held, (await store.account(1))!.balance], [60n, 0n, -60n]);
    assertEquals(await store.holds(), []);
  },
);

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

const another = (change: Partial<Account>): Case =>
  account({ ...identityOf("another"), id: 9, owner: "another", ...change });

const neverCommitted: Record<string, Case> = {
  "a number that another account has": another({ number: alice.number }),
  "a uid that another account has": another({ uid: alice.uid }),
  "a uid of another length": another({ uid: "" }),
  "a number of eleven digits": another({ number: "10000000001" }),
  "a number whose first digit is 0": another({ number: "000000000098" }),
  "a number whose check digits are others": another({ number: "100000000000" }),
  "a number that is invalid": another({ number: "1000000000x4" }),
  "a customer's account that is called as the bank's own": another({ number: "vault" }),
  "an account of the bank's own with a customer's number": another({ kind: "terminal" }),
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
  "an unknown kind of account": another({ kind: "gold" as Account["kind"] }),
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
  "a log entry at no place": { entries: [{ ...entry, sequence: 0 }] },
  "a log entry of a chain that is not listed": { entries: [{ ...entry, chain: 7, sequence: 2 }] },
  "a log entry without its tag": { entries: [{ ...entry, sequence: 2, tag: filled(0, 16) }] },
};

onEachStore(
  "the database refuses what must never be, and keeps nothing of that batch",
  async (make) => {
    for (const [name, { changes, entries = [] }] of Object.entries(neverCommitted)) {
      const store = await smallStore(make);
      const accounts = await store.accounts();
      const good = { ...alice, ...identityOf("good"), id: 8, owner: "good" };
      const all = { ...noChanges, ...changes, accounts: [good, ...(changes?.accounts ?? [])] };
      await assertRejects(async () => await store.commit(all, entries), Refused, undefined, name);
      assertEquals(await store.accounts(), accounts, name);
      // It goes on working.
      await store.commit({ ...noChanges, accounts: [good], movements: [completed] }, []);
      await store.close();
    }
  },
);

const allOf = async (store: Store) => [
  await store.accounts(),
  await store.holds(),
  await store.lastEntries(1, 1),
];

onEachPlace(
  "a bank is found as it was left: balances, holds, the log, throttling and its time",
  async (place) => {
    const who = { username: "alice", nameHash: idOf("hash"), terminal: idOf("lobby") };
    const fail = async (engine: Awaited<ReturnType<typeof engineOn>>) => {
      const [begun] = await engine.run({ op: "begin_log_in", ...who });
      if (begun!.outcome === "ok") {
        await engine.run({ op: "end_log_in", ...who, passed: false, passwordVersion: 1 });
      }
      return begun!;
    };

    const before = await openStore(systemWithFiles, place, settings);
    const engine = await engineOn(before);
    await engine.run(addCustomer("alice", 10_000n), enrolTerminal("lobby"));
    await engine.run(commandOf("lobby alice withdraw w1 alice 4000 EUR"));
    assertEquals((await before.holds()).length, 1);
    for (let count = 0; count < 3; count++) await fail(engine);
    const left = await allOf(before);
    await before.close();

    const after = await openStore(systemWithFiles, place);
    assertEquals(await allOf(after), left);
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
    await after.close();
  },
);

onEachStore(
  "a customer's account has a balance for each day on which its money moved",
  async (make) => {
    const store = await smallStore(make);
    const later = { ...completed, day: 3 };
    await store.commit({ ...noChanges, movements: [later] }, []);
    const another = { ...opening, id: idOf("o2"), day: 3, debitBalance: -70n, creditBalance: 70n };
    await store.commit({ ...noChanges, movements: [{ ...another, amount: 10n, booked: 10n }] }, []);
    const days = async (account: number, fromDay: number) =>
      (await store.dayBalances(account, fromDay)).map(({ day, balance }) => [day, balance]);
    assertEquals(await days(3, 0), [[0, 100n], [3, 70n]]);
    assertEquals(
      await days(3, 2),
      [[0, 100n], [3, 70n]],
      "the last one before says what there was",
    );
    assertEquals(await days(3, 3), [[3, 70n]]);
    assertEquals(await days(3, 9), [[3, 70n]]);
    assertEquals(await days(1, 0), [], "the bank's own have none");
  },
);

onEachStore("a customer's password is replaced, and nobody else's", async (make) => {
  const store = await smallStore(make);
  const [bob, carl] = ["bob", "carl"].map((username) => ({
    username,
    passwordHash: "first",
    passwordVersion: 1,
    oneTime: null,
    knownTerminals: [],
  }));
  await store.commit({ ...noChanges, customers: [bob!, carl!] }, []);
  const oneTime = { untilMs: 5_000, setBacks: 2 };
  const second = { ...bob!, passwordHash: "second", oneTime };
  await store.commit({ ...noChanges, customers: [second] }, []);
  assertEquals(await store.customer("bob"), second);
  assertEquals((await store.customer("carl"))!.passwordHash, "first");
});

onEachStore("a card is found by its hash, and is one customer's alone", async (make) => {
  const store = await smallStore(make);
  const [hash, sinceMs] = ["ab".repeat(32), 1_000];
  const [bob, carl] = ["bob", "carl"].map((username) => ({
    ...{ username, passwordHash: "hash", passwordVersion: 1, oneTime: null, knownTerminals: [] },
  }));
  const issued = { ...bob!, card: { hash, sinceMs, pinHash: null } };
  await store.commit({ ...noChanges, customers: [issued, carl!] }, []);
  assertEquals(await store.customerWithCard(hash), issued);
  const withPin = { ...bob!, card: { hash, sinceMs, pinHash: "hash of a PIN" } };
  await store.load(touchOf([{ op: "revoke_card", operator: "root", username: "bob" }]));
  await store.commit({ ...noChanges, customers: [withPin] }, []);
  assertEquals(await store.customer("bob"), withPin);
  const twice = { ...carl!, card: { hash, sinceMs, pinHash: null } };
  await assertRejects(async () => await store.commit({ ...noChanges, customers: [twice] }, []));
  await store.load(touchOf([{ op: "revoke_card", operator: "root", username: "bob" }]));
  await store.commit({ ...noChanges, customers: [bob!] }, []);
  assertEquals(await store.customerWithCard(hash), undefined);
  assertEquals(await store.customer("bob"), bob);
});

onEachStore(
  "what is retold of several days, in any order, leaves good books and one day of balances",
  async (make) => {
    const store = await make(settings);
    const now = "2026-11-24T12:00:00Z";
    const engine = await engineOn(store, Date.parse(now));
    await engine.run(addCustomer("alice", 10_000n), enrolTerminal("lobby"), enrolTerminal("mall"));
    const restoring = {
      sinceMs: 0,
      waiting: [idOf("lobby"), idOf("mall")],
      unattested: [],
      unknown: [],
    };
    await engine.run({ op: "restore", operator: "root", terminals: [], restoring, missing: "all" });
    const replies = await engine.run(...[
      "lobby retell withdraw w1 alice 4000 EUR 2026-11-23T12:00:00Z",
      "mall  retell withdraw w2 alice 3000 EUR 2026-11-22T12:00:00Z",
      "lobby retell deposit d1 alice 500 EUR 2026-11-23T13:00:00Z",
      "mall  retell deposit d2 alice/lost 500 EUR 2026-11-24T11:00:00Z",
      "lobby retell withdraw w3 alice 9000 EUR",
      "mall  retell withdraw w4 alice 100 EUR 2026-11-24T11:30:00Z",
      "lobby retold",
      "mall  retold",
      "lobby alice withdraw w5 alice 100 EUR",
    ].map(commandOf));
    assertEquals([...new Set(replies.map(({ outcome }) => outcome))], ["ok"]);
    assertEquals((await checkStore(store, keyRing, () => {})).problem, null);
    const { id, balance } = (await store.accounts()).find(({ owner }) => owner === "alice")!;
    assertEquals(await store.dayBalances(id, 0), [{ day: dayOf(Date.parse(now), "UTC"), balance }]);
    await store.close();
  },
);

onEachStore(
  "retold transfers, booked and in doubt, decided and not, leave good books",
  async (make) => {
    const store = await make(settings);
    const engine = await engineOn(store, Date.parse("2026-11-24T12:00:00Z"));
    await engine.run(
      ...[addCustomer("alice", 10_000n), addCustomer("bob", 10_000n), enrolTerminal("lobby")],
    );
    const restoring = { sinceMs: 0, waiting: [idOf("lobby")], unattested: [], unknown: [] };
    await engine.run({ op: "restore", operator: "root", terminals: [], restoring, missing: "all" });
    const run = (...lines: string[]) => engine.run(...lines.map(commandOf));
    await run(
      "lobby retell transfer t1 alice bob 1000 EUR vouched",
      "lobby retell transfer t2 alice bob 2000 EUR",
      "lobby retell transfer t3 bob alice 3000 EUR",
      "lobby retell transfer t4 bob/lost alice 4000 EUR",
      "lobby retell transfer t5 alice bob/lost 500 EUR",
    );
    assertEquals((await checkStore(store, keyRing, () => {})).problem, null);
    assertEquals((await store.holds()).map(({ kind }) => kind), Array(4).fill("transfer"));
    const close = commandOf("root close alice");
    assertEquals((await engine.run(close))[0]!.outcome, "account_not_empty");
    const replies = await run(
      ...["root settle t2 2000", "root settle t3 0", "root settle t4 4000"],
      ...["lobby retold", "lobby alice transfer t6 alice bob 10 EUR"],
    );
    assertEquals(replies.map(({ outcome }) => outcome), Array(5).fill("ok"));
    const balances = (await store.accounts()).map(({ owner, kind, balance }) =>
      [owner || kind, balance] as const
    );
    assertEquals(Object.fromEntries(balances.filter(([name]) => name !== "vault")), {
      differences: -4_000n,
      alice: 10_990n,
      bob: 13_010n,
      [idOf("lobby")]: 0n,
    });
    assertEquals((await store.holds()).map(({ id }) => id), [idOf("t5")]);
    assertEquals((await checkStore(store, keyRing, () => {})).problem, null);
    await store.close();
  },
);
