/** A clock that jumps stops money, and nothing else, until it is right again or confirmed. */
import { assertEquals, assertRejects } from "@std/assert";
import {
  clockAwayMsMax,
  clockJumpMsMax,
  clockProposedMsMax,
  clockSettleMs,
} from "../../../lib/limits.ts";
import { systemWithFiles } from "../../../lib/system.ts";
import {
  BankClock,
  type ClockDoubt,
  doubtInWords,
  jumpInWords,
  jumpOf,
} from "../../../server/ledger/clock.ts";
import type { ConfirmedClock } from "../../../server/ledger/model.ts";
import { type Command, logCommand } from "../../../server/ledger/command.ts";
import { checkStore } from "../../../server/ledger/check.ts";
import { openStore, type StorePlace } from "../../../server/ledger/open_store.ts";
import type { Store } from "../../../server/ledger/store.ts";
import { historyPage } from "../../../server/audit/history.ts";
import { lastDays } from "../../../server/visits/views.ts";
import {
  addCustomer,
  chainId,
  engineOn,
  enrolTerminal,
  keyRing,
  logOf,
  noChanges,
} from "../helpers/engine.ts";
import { filled } from "../../lib/helpers.ts";
import { commandOf, idOf, settings } from "../helpers/small_bank.ts";
import { newDatabase, onEachPlace, onEachStore, onPostgres } from "../helpers/stores.ts";

const minute = 60_000;
const hour = 60 * minute;
const start = 1_000 * hour;
const confirm: Command = { op: "confirm_clock", operator: "root" };

/** What passes by the clock · by the one that nobody sets · how far it has jumped. */
const readings: [string, number, number, number | null][] = [
  ["nothing", 0, 0, null],
  ["a night without a command", 12 * hour, 12 * hour, null],
  ["a year without a command", 8_760 * hour, 8_760 * hour, null],
  ["set ahead a little", clockAwayMsMax, 0, null],
  ["set ahead", clockAwayMsMax + 1, 0, clockAwayMsMax + 1],
  ["set back a little", -clockAwayMsMax, 0, null],
  ["set back", -clockAwayMsMax - 1, 0, -clockAwayMsMax - 1],
  ["set back during a night", 2 * hour, 12 * hour, -10 * hour],
];

Deno.test("a jump is what passes by the clock and not by the one that only runs on", () => {
  for (const [name, passed, running, jumpMs] of readings) {
    const { time, read } = turnedClock();
    time.nowMs += passed;
    time.monotonicMs += running;
    const { doubt, timeMs } = read();
    assertEquals(doubt, jumpMs === null ? null : { kind: "jumped", ms: jumpMs }, name);
    const expected = jumpMs === null ? Math.max(start, start + passed) : start + running;
    assertEquals(timeMs, expected, name);
    time.confirmed = { confirmedMs: time.nowMs, timeMs, setBacks: 0 };
    assertEquals(read().doubt, null, name);
  }
});

/** Returns a server's clock, and its database's where it has one, at first all right. */
function turnedClock(clockMs: number | null = null) {
  const time = { nowMs: start, monotonicMs: 7, clockMs, confirmed: null as ConfirmedClock | null };
  const clock = new BankClock(
    { nowMs: () => time.nowMs, monotonicMs: () => time.monotonicMs },
    { lastMs: start, clockMs, confirmed: null },
  );
  const read = (asked = clock.instant()) =>
    clock.read({ lastMs: start, clockMs: time.clockMs, confirmed: time.confirmed }, asked);
  return { time, clock, read };
}

Deno.test("a small step of the clock stops money until it has lasted a minute, a large one until it is confirmed", () => {
  const rows: [stepMs: number, settles: boolean][] = [
    [clockAwayMsMax + 1, true],
    [-clockAwayMsMax - 1, true],
    [clockJumpMsMax, true],
    [clockJumpMsMax + 1, false],
    [-clockJumpMsMax - 1, false],
  ];
  for (const [stepMs, settles] of rows) {
    const { time, read } = turnedClock();
    const pass = (ms: number) => {
      time.nowMs += ms;
      time.monotonicMs += ms;
    };
    time.nowMs += stepMs;
    assertEquals(read().doubt?.ms, stepMs);
    pass(clockSettleMs - 1);
    assertEquals(read().doubt?.ms, stepMs);
    pass(1);
    assertEquals(read().doubt === null, settles);
  }
  // A clock that is stepped again and again is not accepted.
  const { time, read } = turnedClock();
  for (let count = 1; count <= 10; count++) {
    time.nowMs += clockSettleMs / 2 + clockAwayMsMax + 1;
    time.monotonicMs += clockSettleMs / 2;
    assertEquals(read().doubt?.ms, count * (clockAwayMsMax + 1));
  }
});

Deno.test("the database's clock counts, and a server whose clock is away from it takes no money", () => {
  const away = (ms: number): ClockDoubt => ({ kind: "away", ms });
  const over = clockAwayMsMax + 1;
  /** By the server's clock · by the monotonic one · by the database's · how long the answer took. */
  const rows: [
    name: string,
    own: number,
    running: number,
    theirs: number,
    took: number,
    ClockDoubt | null,
  ][] = [
    ["alike", 60, 60, 60, 0, null],
    ["a little ahead", clockAwayMsMax, 0, 0, 0, null],
    ["ahead", over, 0, 0, 0, away(over)],
    ["a little behind", -clockAwayMsMax, 0, 0, 0, null],
    ["behind", -over, 0, 0, 0, away(-over)],
    ["far ahead", 300 * 24 * hour, 0, 0, 0, away(300 * 24 * hour)],
    ["the answer took long", 30_000, 30_000, 2_000, 30_000, null],
    ["ahead, and the answer took long", 30_000 + over, 30_000, 0, 30_000, away(over)],
    [
      "both run on over a week, not at the same rate",
      168 * hour,
      168 * hour,
      168 * hour - 4_000,
      0,
      null,
    ],
    [
      "a database's clock that drifts from the monotonic one",
      168 * hour,
      168 * hour + 20_000,
      168 * hour,
      0,
      null,
    ],
  ];
  for (const [name, own, running, theirs, took, doubt] of rows) {
    const { time, clock, read } = turnedClock(start);
    time.nowMs += own - took;
    time.monotonicMs += running - took;
    const asked = clock.instant();
    time.nowMs += took;
    time.monotonicMs += took;
    time.clockMs = start + theirs;
    const reading = read(asked);
    assertEquals(reading.doubt, doubt, name);
    assertEquals(reading.timeMs, start + theirs, name);
  }
  const { time, read } = turnedClock(start);
  time.clockMs = time.nowMs += 2 * hour;
  assertEquals(read().doubt, { kind: "jumped", ms: 2 * hour });
});

/** At a start: the last committed time · what was confirmed · the clock · whether money stops. */
const starts: [string, number, ConfirmedClock | null, number, boolean][] = [
  ["a new bank", 0, null, start, false],
  ["after a long rest", start, null, start + 900 * hour, false],
  ["the clock a little behind the books", start, null, start - clockJumpMsMax, false],
  ["the clock behind the books", start, null, start - clockJumpMsMax - 1, true],
  [
    "behind them as confirmed",
    start,
    { confirmedMs: start - 3 * hour, timeMs: start, setBacks: 0 },
    start - 2 * hour,
    false,
  ],
  [
    "further behind than confirmed",
    start,
    { confirmedMs: start - 3 * hour, timeMs: start, setBacks: 0 },
    start - 4 * hour,
    true,
  ],
  [
    "confirmed long ago",
    start,
    { confirmedMs: start - 30 * hour, timeMs: start - 20 * hour, setBacks: 0 },
    start - 2 * hour,
    true,
  ],
];

Deno.test("at a start, a clock behind the books stops money, unless an operator confirmed it so", () => {
  for (const [name, lastMs, confirmed, nowMs, stops] of starts) {
    const parts = { nowMs: () => nowMs, monotonicMs: () => 3 };
    for (
      const [server, clockMs] of [[parts, null], [{ ...parts, nowMs: () => 0 }, nowMs]] as const
    ) {
      const times = { lastMs, clockMs, confirmed };
      const clock = new BankClock(server, times);
      assertEquals(clock.read(times, clock.instant()).doubt?.kind === "jumped", stops, name);
    }
  }
});

Deno.test("what is wrong with a clock, in words", () => {
  const rows: [ClockDoubt["kind"], number, string][] = [
    ["jumped", 6 * minute, "the clock jumped ahead by 6 min"],
    ["jumped", -6 * minute - 59_000, "the clock jumped back by 6 min"],
    ["jumped", hour, "the clock jumped ahead by 1 h 0 min"],
    ["jumped", -50 * hour - 3 * minute, "the clock jumped back by 50 h 3 min"],
    ["away", 5_999, "the server's clock is ahead of the database's by 5 s"],
    ["away", -90_000, "the server's clock is behind the database's by 1 min"],
  ];
  for (const [kind, ms, words] of rows) assertEquals(doubtInWords({ kind, ms }), words);
});

const money = [
  "lobby alice withdraw w9 alice 100 EUR",
  "lobby alice deposit d9 alice 100 EUR",
  "lobby alice transfer t9 alice alice 100 EUR",
  "lobby complete w1 4000",
  "lobby reverse w1",
  "lobby load l9 100 EUR",
  "root settle w1 0",
].map(commandOf);
/** What these get while it is stopped: people are answered, and terminals repeat. */
const stopped = ["money_stopped", "money_stopped", "money_stopped"]
  .concat(["try_later", "try_later", "try_later"], "money_stopped");
const who = { username: "alice", nameHash: idOf("hash"), terminal: idOf("lobby") };
const logIn: Command[] = [
  { op: "begin_log_in", ...who },
  { op: "end_log_in", ...who, passed: true, passwordVersion: 1 },
];

async function withdrawn(store: Store) {
  const engine = await engineOn(store, start, 0);
  await engine.run(addCustomer("alice", 10_000n), enrolTerminal("lobby"));
  await engine.run(commandOf("lobby alice withdraw w1 alice 4000 EUR"));
  return engine;
}

const outcomesOf = (replies: { outcome: string }[]) => replies.map(({ outcome }) => outcome);

onEachStore(
  "while the clock is in doubt all money waits, log-ins go on, and time runs on automatically",
  async (make) => {
    for (const jumpMs of [2 * hour, -2 * hour]) {
      const store = await make(settings);
      const { clock, run, errors } = await withdrawn(store);
      const entriesBefore = (await logOf(store)).length;
      clock.nowMs += jumpMs;
      const later = await run(...money, addCustomer("bob", 1n), ...logIn, addCustomer("eve", 0n));
      assertEquals(outcomesOf(later), [
        ...stopped,
        "money_stopped",
        "ok",
        "ok",
        "ok",
      ]);
      assertEquals(later.at(-2)!.account!.balance, 10_000n);
      assertEquals(later.at(-1)!.timeMs, start);
      clock.nowMs += minute;
      clock.runningMs! += minute;
      assertEquals((await run(logIn[0]!))[0]!.timeMs, start + minute);
      const log = (await logOf(store)).slice(entriesBefore).map(({ action }) => action);
      const way = jumpMs > 0 ? "ahead" : "back";
      // It is said once; what waited is not in the log, for it did not happen.
      assertEquals(log, [
        `the clock jumped ${way} by 2 h 0 min - money stops`,
        "log in",
        "add customer eve",
      ]);
      assertEquals(errors.length, 1);
      assertEquals((await store.holds()).length, 1);
    }
  },
);

onEachStore(
  "a clock in doubt is known without a command, and that it is right again",
  async (make) => {
    const store = await make(settings);
    const { clock, run, clockDoubt } = await withdrawn(store);
    const entries = (await logOf(store)).length;
    const pass = (ms: number) => {
      clock.nowMs += ms;
      clock.runningMs! += ms;
    };
    pass(25 * hour);
    assertEquals(await clockDoubt(), null);
    clock.nowMs += 25 * hour;
    assertEquals(await clockDoubt(), "the clock jumped ahead by 25 h 0 min");
    pass(clockSettleMs);
    assertEquals(await clockDoubt(), "the clock jumped ahead by 25 h 0 min");
    clock.nowMs -= 25 * hour;
    assertEquals(await clockDoubt(), null);
    clock.nowMs += 2 * hour;
    assertEquals(outcomesOf(await run(confirm)), ["ok"]);
    assertEquals(await clockDoubt(), null);
    assertEquals((await logOf(store)).length, entries + 2, "a look alone has no entry");
  },
);

onEachStore(
  "a clock that has jumped further than its proposal names is not confirmed",
  async (make) => {
    const store = await make(settings);
    const { clock, run, clockDoubt } = await withdrawn(store);
    const propose = {
      op: "propose",
      operator: "anna",
      id: "p",
      command: "{}",
      words: "x",
    } as const;
    const confirmOf = (jumpMs: number): Command => ({
      ...{ op: "confirm_clock", operator: "root", jumpMs },
      approval: { proposal: "p", lapseMs: 24 * hour },
    });
    const last = async () => (await logOf(store)).at(-1)!.action;
    clock.nowMs += 2 * hour;
    await run(propose);
    clock.nowMs += 718 * hour;
    assertEquals(outcomesOf(await run(confirmOf(2 * hour))), ["another_clock"]);
    assertEquals(
      await last(),
      "confirm the clock at 1970-03-13T16:00:00.000Z, jump: +720:00:00 failed - another clock",
    );
    assertEquals(await clockDoubt(), "the clock jumped ahead by 720 h 0 min");
    assertEquals((await store.staff()).proposals, []);
    clock.nowMs -= 718 * hour + clockProposedMsMax;
    await run(propose);
    assertEquals(outcomesOf(await run(confirmOf(2 * hour))), ["ok"]);
    assertEquals(
      await last(),
      "confirm the clock at 1970-02-11T17:59:00.000Z, jump: +1:59:00",
    );
    assertEquals(await clockDoubt(), null);
  },
);

Deno.test("a jump of the clock, in words and back", () => {
  const rows: [number, string][] = [
    [0, "none"],
    [1_000, "+0:00:01"],
    [-6 * minute - 59_000, "-0:06:59"],
    [720 * hour + 3 * minute, "+720:03:00"],
  ];
  for (const [ms, words] of rows) assertEquals([jumpInWords(ms), jumpOf(words)], [words, ms]);
  for (const text of ["", "2:00:00", "+2:60:00", "+2:0:0", "+0x2:00:00"]) {
    assertEquals(jumpOf(text), null, text);
  }
});

onEachStore(
  "a void goes through while the clock is in doubt: it moves no money, and the customer waits for it",
  async (make) => {
    const store = await make(settings);
    const { clock, run } = await withdrawn(store);
    clock.nowMs += 2 * hour;
    const voids = ["lobby void w1", "lobby void w2"].map(commandOf);
    const later = commandOf("lobby alice withdraw w2 alice 100 EUR");
    assertEquals(outcomesOf(await run(...voids, later)), ["ok", "ok", "money_stopped"]);
    assertEquals(await store.holds(), []);
    clock.nowMs -= 2 * hour;
    assertEquals(outcomesOf(await run(later)), ["voided"]);
  },
);

onEachStore(
  "a clock that is put right lets money move again, and so does an operator's word",
  async (make) => {
    const store = await make(settings);
    const { clock, run } = await withdrawn(store);
    const deposit = (id: string) => commandOf(`lobby alice deposit ${id} alice 100 EUR`);
    clock.nowMs += 2 * hour;
    assertEquals(outcomesOf(await run(deposit("d1"))), ["money_stopped"]);
    clock.nowMs -= 2 * hour;
    assertEquals(outcomesOf(await run(deposit("d1"))), ["ok"]);
    clock.nowMs += 2 * hour;
    assertEquals(outcomesOf(await run(deposit("d2"))), ["money_stopped"]);
    assertEquals(outcomesOf(await run(confirm)), ["ok"]);
    const [moved] = await run(deposit("d2"));
    assertEquals([moved!.outcome, moved!.timeMs], ["ok", start + 2 * hour]);
    // Set back and confirmed, time is stopped until the clock is there: it never goes back.
    clock.nowMs -= hour;
    assertEquals(outcomesOf(await run(deposit("d3"), confirm)), ["money_stopped", "ok"]);
    const [still] = await run(deposit("d3"));
    assertEquals([still!.outcome, still!.timeMs], ["ok", start + 2 * hour]);
    const said = (await logOf(store)).filter(({ who }) => who !== "alice").slice(2);
    assertEquals(said.map(({ who, action }) => `${who} | ${action}`), [
      "bank | the clock jumped ahead by 2 h 0 min - money stops",
      "bank | the clock is right again - money moves",
      "bank | the clock jumped ahead by 2 h 0 min - money stops",
      "operator root | confirm the clock at 1970-02-11T18:00:00.000Z, jump: +2:00:00",
      "bank | the clock jumped back by 1 h 0 min - money stops",
      "operator root | confirm the clock at 1970-02-11T17:00:00.000Z, jump: -1:00:00",
    ]);
  },
);

onEachPlace("what was confirmed of a clock behind the books outlives a restart", async (place) => {
  const first = await openStore(systemWithFiles, place, settings);
  await withdrawn(first);
  await first.close();
  const deposit = (id: string) => commandOf(`lobby alice deposit ${id} alice 100 EUR`);
  const opened = async (nowMs: number, ...commands: Command[]) => {
    const store = await openStore(systemWithFiles, place);
    const replies = await (await engineOn(store, nowMs)).run(...commands);
    await store.close();
    return outcomesOf(replies);
  };
  assertEquals(await opened(start - 3 * hour, deposit("d1")), ["money_stopped"]);
  assertEquals(await opened(start - 3 * hour, deposit("d1"), confirm), ["money_stopped", "ok"]);
  assertEquals(await opened(start - 2 * hour, deposit("d1")), ["ok"]);
  assertEquals(await opened(start - 9 * hour, deposit("d2")), ["money_stopped"]);
  assertEquals(await opened(start + hour, deposit("d2")), ["ok"]);
  // The books have gone on since: what was confirmed is no longer used.
  assertEquals(await opened(start - 2 * hour, deposit("d3")), ["money_stopped"]);
});

onPostgres(
  "a server whose clock is away from the database's takes no money until it is there again",
  async () => {
    const store = await openStore(systemWithFiles, await newDatabase(), settings);
    const { clock, run, errors } = await withdrawn(store);
    clock.storeMs = start;
    clock.nowMs += clockAwayMsMax + 1;
    assertEquals(outcomesOf(await run(...money, ...logIn)), [
      ...stopped,
      "ok",
      "ok",
    ]);
    clock.nowMs = start;
    const deposit = commandOf("lobby alice deposit d9 alice 100 EUR");
    assertEquals(outcomesOf(await run(deposit)), ["ok"]);
    assertEquals(errors, [
      "the server's clock is ahead of the database's by 5 s - money stops",
      "the clock is right again - money moves",
    ]);
    await store.close();
  },
);

onEachPlace(
  "a throttle ends by the store's clock though the bank's time is far ahead, and is never longer than its maximum",
  async (place) => {
    const opened = async (nowMs: number, create?: typeof settings) => {
      const store = await openStore(systemWithFiles, place, create);
      return { store, ...await engineOn(store, nowMs, 0) };
    };
    const tryIn = async (engine: Awaited<ReturnType<typeof opened>>) => {
      const [begun] = await engine.run(logIn[0]!);
      if (begun!.outcome === "ok") await engine.run({ ...logIn[1]!, passed: false } as Command);
      return begun!;
    };
    // A server began 300 days ahead, and the wrong passwords were typed there.
    const wrong = await opened(start + 7_200 * hour, settings);
    await wrong.run(addCustomer("alice", 10_000n), enrolTerminal("lobby"));
    for (let count = 0; count < 3; count++) await tryIn(wrong);
    await wrong.store.close();
    const right = await opened(start);
    await right.run(confirm);
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, minute, minute]) {
      const throttled = await tryIn(right);
      assertEquals([throttled.outcome, throttled.retryAfterMs], ["throttled", waitMs]);
      right.clock.nowMs += waitMs;
      right.clock.runningMs! += waitMs;
      assertEquals((await tryIn(right)).outcome, "ok");
    }
    // A clock that stops while the monotonic one runs holds nobody up.
    right.clock.nowMs -= hour;
    right.clock.runningMs! += minute;
    assertEquals((await tryIn(right)).outcome, "ok");
    await right.store.close();
  },
);

onPostgres("what is confirmed at one server holds at all servers of its database", async () => {
  const place = await newDatabase();
  const store = await openStore(systemWithFiles, place, settings);
  const { clock, run } = await withdrawn(store);
  const other = await openStore(systemWithFiles, place);
  const there = await engineOn(other, start, 0, filled(0xc9, 16));
  const deposit = (id: string) => commandOf(`lobby alice deposit ${id} alice 100 EUR`);
  assertEquals(outcomesOf(await there.run(deposit("d1"))), ["ok"]);
  clock.nowMs = there.clock.nowMs = start + 2 * hour; // and the database's
  assertEquals(outcomesOf(await there.run(deposit("d2"))), ["money_stopped"]);
  assertEquals(outcomesOf(await run(confirm)), ["ok"]);
  assertEquals(outcomesOf(await there.run(deposit("d2"))), ["ok"]);
  for (const each of [store, other]) await each.close();
});

const day = 24 * hour;
const today = Math.floor(start / day);
const back: Command = { op: "set_back_clock", operator: "root" };
const withdraw = (id: string) => commandOf(`lobby alice withdraw ${id} alice 6000 EUR`);
const transfer = (id: string) => commandOf(`lobby alice transfer ${id} alice bob 1000 EUR`);
const limit: Command = { op: "set_limits", operator: "root", limits: { accountDayOutMax: 7_000n } };
const problemOf = async (store: Store) => (await checkStore(store, keyRing, () => {})).problem;

/** Opens a bank's store and its engine at this time. */
async function openedAt(nowMs: number, place: StorePlace, id = chainId, create?: typeof settings) {
  const store = await openStore(systemWithFiles, place, create);
  return { store, ...await engineOn(store, nowMs, 0, id) };
}

/** Makes a bank whose money moved at the right time, and then by a clock that was a year ahead. */
async function yearAhead(place: StorePlace): Promise<void> {
  const right = await openedAt(start - day, place, chainId, settings);
  await right.run(
    addCustomer("alice", 100_000n),
    addCustomer("bob", 0n),
    enrolTerminal("lobby"),
    limit,
  );
  assertEquals(outcomesOf(await right.run(transfer("t1"))), ["ok"]);
  right.clock.nowMs += day;
  right.clock.runningMs! += day;
  assertEquals(outcomesOf(await right.run(transfer("t2"))), ["ok"]);
  await right.store.close();
  const wrong = await openedAt(start + 365 * day, place);
  assertEquals(outcomesOf(await wrong.run(withdraw("w1"))), ["ok"]);
  assertEquals(outcomesOf(await wrong.run(transfer("t3"))), ["ok"]);
  await wrong.store.close();
}

onEachPlace(
  "an operator sets the bank's time back to the clock, for all servers and for good",
  async (place) => {
    await yearAhead(place);
    // Another server of the same database wrote with the wrong time, too.
    const another = "url" in place
      ? await openedAt(start + 365 * day, place, filled(0xc9, 16))
      : null;
    await another?.run(logCommand("bank", "start"));

    const right = await openedAt(start + hour, place);
    assertEquals(outcomesOf(await right.run(transfer("t4"))), ["money_stopped"]);
    await right.run(confirm);
    assertEquals(outcomesOf(await right.run(transfer("t4"))), ["over_day_limit"]);
    const [done, twice] = await right.run(back, back);
    assertEquals([done!.outcome, done!.timeMs], ["ok", start + hour]);
    assertEquals(twice!.outcome, "clock_not_ahead");
    right.clock.nowMs += minute;
    right.clock.runningMs! += minute;
    const complete = commandOf("lobby complete w1 5000");
    const again = await right.run(withdraw("w2"), transfer("t5"), transfer("t6"), complete);
    assertEquals(outcomesOf(again), ["ok", "ok", "over_day_limit", "ok"]);
    assertEquals(again[0]!.timeMs, start + hour + minute);
    assertEquals(await problemOf(right.store), null);
    if (another) {
      another.clock.nowMs = start + hour + 2 * minute;
      const [there] = await another.run(transfer("t7"));
      assertEquals([there!.outcome, there!.timeMs], ["over_day_limit", start + hour + 2 * minute]);
      await another.store.close();
    }
    assertEquals(await problemOf(right.store), null);
    const actions = (await logOf(right.store)).map(({ action }) => action);
    const times = [start + 365 * day, start + hour].map((ms) => new Date(ms).toISOString());
    assertEquals(actions.includes(`set the bank's time back from ${times.join(" to ")}`), true);

    const page = { customer: "alice", filter: { kind: "money", outcome: "done" } } as const;
    const { entries } = await historyPage(right.store, keyRing, page);
    const afterwards = start + hour + minute;
    assertEquals(entries.map(({ time }) => Date.parse(time)), [
      ...[afterwards, afterwards, afterwards],
      ...[start + 365 * day, start, start - day, start - day],
    ]);
    const alice = (await right.store.accounts()).find(({ owner }) => owner === "alice")!;
    const ends = await right.store.dayBalances(alice.id, today - 29);
    assertEquals(lastDays(ends, today, alice.balance), [
      { day: "1970-02-10", booked: "99000" },
      { day: "1970-02-11", booked: "91000" },
    ]);
    await right.store.close();

    const later = await openedAt(start + 2 * hour, place);
    assertEquals((await later.run(logIn[0]!))[0]!.timeMs, start + 2 * hour);
    const [refused] = await later.run(back);
    assertEquals(refused!.outcome, "clock_not_ahead");
    await later.store.close();
  },
);

for (const happens of [true, false]) {
  onEachPlace(
    `a crash while the bank's time is set back, ${happens ? "after" : "before"} its commit`,
    async (place) => {
      await yearAhead(place);
      const store = await openStore(systemWithFiles, place);
      const crashing = new Proxy(store, {
        get(target, name) {
          if (name === "commit") {
            return async (...batch: Parameters<Store["commit"]>) => {
              if (happens) await store.commit(...batch);
              throw new Error("crash");
            };
          }
          const value = Reflect.get(target, name, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      });
      await assertRejects(async () => await (await engineOn(crashing, start, 0)).run(back));
      await store.close();

      const next = await openedAt(start + hour, place);
      const { lastMs, confirmed } = await next.store.times();
      assertEquals(
        [lastMs, confirmed?.setBacks],
        happens ? [start, 1] : [start + 365 * day, undefined],
      );
      assertEquals(await problemOf(next.store), null);
      if (!happens) assertEquals(outcomesOf(await next.run(back)), ["ok"]);
      assertEquals(outcomesOf(await next.run(back)), ["clock_not_ahead"]);
      assertEquals(outcomesOf(await next.run(transfer("t4"))), ["ok"]);
      assertEquals(await problemOf(next.store), null);
      await next.store.close();
    },
  );
}

onEachPlace("books whose time went back without an entry that says so are wrong", async (place) => {
  await yearAhead(place);
  const turned = await openedAt(start, place);
  await turned.store.commit({ ...noChanges, timeMs: start }, []);
  assertEquals(await problemOf(turned.store), null);
  await turned.store.close();
  const right = await openedAt(start, place);
  assertEquals(outcomesOf(await right.run(logCommand("bank", "something"))), ["ok"]);
  assertEquals(
    await problemOf(right.store),
    "entry 1.13 of the log is earlier than the one before it",
  );
  await right.store.close();
});
