/** A clock that jumps stops money, and nothing else, until it is right again or confirmed. */
import { assertEquals } from "@std/assert";
import { clockJumpMsMax } from "../../../lib/limits.ts";
import { systemWithFiles } from "../../../lib/system.ts";
import { BankClock, jumpInWords } from "../../../server/ledger/clock.ts";
import type { ConfirmedClock } from "../../../server/ledger/model.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { openStore } from "../../../server/ledger/open_store.ts";
import type { Store } from "../../../server/ledger/store.ts";
import { addCustomer, engineOn, enrolTerminal, logOf } from "../helpers/engine.ts";
import { commandOf, idOf, settings } from "../helpers/small_bank.ts";
import { onEachPlace, onEachStore } from "../helpers/stores.ts";

const minute = 60_000;
const hour = 60 * minute;
const start = 1_000 * hour;
const confirm: Command = { op: "confirm_clock", operator: "root" };

/** What passes by the clock · by the one that nobody sets · how far it has jumped. */
const readings: [string, number, number, number | null][] = [
  ["nothing", 0, 0, null],
  ["a night without a command", 12 * hour, 12 * hour, null],
  ["a year without a command", 8_760 * hour, 8_760 * hour, null],
  ["set ahead a little", clockJumpMsMax, 0, null],
  ["set ahead", clockJumpMsMax + 1, 0, clockJumpMsMax + 1],
  ["set back a little", -clockJumpMsMax, 0, null],
  ["set back", -clockJumpMsMax - 1, 0, -clockJumpMsMax - 1],
  ["set back during a night", 2 * hour, 12 * hour, -10 * hour],
];

Deno.test("a jump is what passes by the clock and not by the one that only runs on", () => {
  for (const [name, passed, running, jumpMs] of readings) {
    const time = { nowMs: start, monotonicMs: 7 };
    const clock = new BankClock(
      { nowMs: () => time.nowMs, monotonicMs: () => time.monotonicMs },
      start,
    );
    time.nowMs += passed;
    time.monotonicMs += running;
    const read = clock.read(start);
    assertEquals(read.jumpMs, jumpMs, name);
    const expected = jumpMs === null ? Math.max(start, start + passed) : start + running;
    assertEquals(read.timeMs, expected, name);
    clock.confirm();
    assertEquals(clock.read(start).jumpMs, null, name);
  }
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
    { confirmedMs: start - 3 * hour, timeMs: start },
    start - 2 * hour,
    false,
  ],
  [
    "further behind than confirmed",
    start,
    { confirmedMs: start - 3 * hour, timeMs: start },
    start - 4 * hour,
    true,
  ],
  [
    "confirmed long ago",
    start,
    { confirmedMs: start - 30 * hour, timeMs: start - 20 * hour },
    start - 2 * hour,
    true,
  ],
];

Deno.test("at a start, a clock behind the books stops money, unless an operator confirmed it so", () => {
  for (const [name, lastMs, confirmed, nowMs, stops] of starts) {
    const parts = { nowMs: () => nowMs, monotonicMs: () => 3 };
    assertEquals(new BankClock(parts, lastMs, confirmed).read(lastMs).jumpMs !== null, stops, name);
  }
});

Deno.test("jumps in words", () => {
  const rows: [number, string][] = [
    [6 * minute, "ahead by 6 min"],
    [-6 * minute - 59_000, "back by 6 min"],
    [hour, "ahead by 1 h 0 min"],
    [-50 * hour - 3 * minute, "back by 50 h 3 min"],
  ];
  for (const [jumpMs, words] of rows) assertEquals(jumpInWords(jumpMs), words);
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
        ...money.map(() => "try_later"),
        "try_later",
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
  "a void goes through while the clock is in doubt: it moves no money, and the customer waits for it",
  async (make) => {
    const store = await make(settings);
    const { clock, run } = await withdrawn(store);
    clock.nowMs += 2 * hour;
    const voids = ["lobby void w1", "lobby void w2"].map(commandOf);
    const later = commandOf("lobby alice withdraw w2 alice 100 EUR");
    assertEquals(outcomesOf(await run(...voids, later)), ["ok", "ok", "try_later"]);
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
    assertEquals(outcomesOf(await run(deposit("d1"))), ["try_later"]);
    clock.nowMs -= 2 * hour;
    assertEquals(outcomesOf(await run(deposit("d1"))), ["ok"]);
    clock.nowMs += 2 * hour;
    assertEquals(outcomesOf(await run(deposit("d2"))), ["try_later"]);
    assertEquals(outcomesOf(await run(confirm)), ["ok"]);
    const [moved] = await run(deposit("d2"));
    assertEquals([moved!.outcome, moved!.timeMs], ["ok", start + 2 * hour]);
    // Set back and confirmed, time is stopped until the clock is there: it never goes back.
    clock.nowMs -= hour;
    assertEquals(outcomesOf(await run(deposit("d3"), confirm)), ["try_later", "ok"]);
    const [still] = await run(deposit("d3"));
    assertEquals([still!.outcome, still!.timeMs], ["ok", start + 2 * hour]);
    const said = (await logOf(store)).filter(({ who }) => who !== "alice").slice(2);
    assertEquals(said.map(({ who, action }) => `${who} | ${action}`), [
      "bank | the clock jumped ahead by 2 h 0 min - money stops",
      "bank | the clock is right again - money moves",
      "bank | the clock jumped ahead by 2 h 0 min - money stops",
      "operator root | confirm the clock",
      "bank | the clock jumped back by 1 h 0 min - money stops",
      "operator root | confirm the clock",
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
  assertEquals(await opened(start - 3 * hour, deposit("d1")), ["try_later"]);
  assertEquals(await opened(start - 3 * hour, deposit("d1"), confirm), ["try_later", "ok"]);
  assertEquals(await opened(start - 2 * hour, deposit("d1")), ["ok"]);
  assertEquals(await opened(start - 9 * hour, deposit("d2")), ["try_later"]);
  assertEquals(await opened(start + hour, deposit("d2")), ["ok"]);
  // The books have gone on since: what was confirmed is no longer used.
  assertEquals(await opened(start - 2 * hour, deposit("d3")), ["try_later"]);
});
