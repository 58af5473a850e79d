import { assertEquals } from "@std/assert";
import {
  customerPatience,
  everywherePatience,
  oneMore,
  remembered,
  terminalPatience,
  waitMs,
} from "../../../../server/ledger/rules/throttle.ts";

const failures = (count: number) => ({ source: "x", count, lastMs: 1_000_000 });

Deno.test("the wait grows from nothing to a minute, and no further", () => {
  const seconds = (count: number) => waitMs(failures(count), customerPatience, 1_000_000) / 1_000;
  const waits = Array.from({ length: 12 }, (_, count) => seconds(count));
  assertEquals(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
  assertEquals(seconds(1_000_000), 60);
  const ofTerminal = [0, 9, 10, 11, 99].map((count) =>
    waitMs(failures(count), terminalPatience, 1_000_000) / 1_000
  );
  assertEquals(ofTerminal, [0, 0, 1, 2, 60]);
  const everywhere = [0, 19, 20, 99].map((count) =>
    waitMs(failures(count), everywherePatience, 1_000_000) / 1_000
  );
  assertEquals(everywhere, [0, 0, 60, 60]);
});

Deno.test("a wait runs out with time, to the millisecond", () => {
  const table: [count: number, laterMs: number, waitMs: number][] = [
    [3, 0, 1_000],
    [3, 1, 999],
    [3, 999, 1],
    [3, 1_000, 0],
    [5, 3_999, 1],
    [5, 4_000, 0],
    [20, 59_999, 1],
    [20, 60_000, 0],
  ];
  for (const [count, laterMs, expected] of table) {
    const wait = waitMs(failures(count), customerPatience, 1_000_000 + laterMs);
    assertEquals(wait, expected, `${count} failures, ${laterMs} ms later`);
  }
});

Deno.test("one failure is forgotten every quarter of an hour without another", () => {
  const { forgetMs } = customerPatience;
  const table: [count: number, laterMs: number, left: number][] = [
    [5, 0, 5],
    [5, forgetMs - 1, 5],
    [5, forgetMs, 4],
    [5, 3 * forgetMs, 2],
    [5, 100 * forgetMs, 0],
    [5, -forgetMs, 5], // a clock that went back drops nothing
  ];
  for (const [count, laterMs, left] of table) {
    assertEquals(remembered(failures(count), customerPatience, 1_000_000 + laterMs), left);
  }
  const next = oneMore(failures(5), customerPatience, 1_000_000 + 2 * forgetMs);
  assertEquals(next, { source: "x", count: 4, lastMs: 1_000_000 + 2 * forgetMs });
});
