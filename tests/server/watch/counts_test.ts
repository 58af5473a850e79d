/** Counters of the server's figures. */
import { assertEquals } from "@std/assert";
import { Counts, Histogram, RecentCounts } from "../../../server/watch/counts.ts";

Deno.test("counts are by labels", () => {
  const counts = new Counts<"kind" | "outcome">();
  for (const outcome of ["ok", "ok", "voided"]) counts.add({ kind: "transfer", outcome });
  assertEquals([...counts], [
    [{ kind: "transfer", outcome: "ok" }, 2],
    [{ kind: "transfer", outcome: "voided" }, 1],
  ]);
  assertEquals([counts.sum(), counts.sum(({ outcome }) => outcome !== "ok")], [3, 1]);
});

Deno.test("recent counts end after one to two periods, and have a limited number of keys", () => {
  let nowMs = 0;
  const recent = new RecentCounts({ monotonicMs: () => nowMs }, 1_000, 2);
  for (const key of ["a", "a", "b", "c"]) recent.add(key);
  assertEquals([recent.keys, recent.largest, recent.sum], [2, 2, 3]);
  nowMs = 1_500;
  recent.add("a");
  assertEquals([recent.keys, recent.largest, recent.sum], [2, 3, 4]);
  nowMs = 2_100;
  assertEquals([recent.keys, recent.largest, recent.sum], [1, 1, 1]);
  nowMs = 9_000;
  assertEquals([recent.keys, recent.largest, recent.sum], [0, 0, 0]);
});

Deno.test("a histogram counts what is at most each bound", () => {
  const histogram = new Histogram([1, 2]);
  for (const value of [1, 2, 3]) histogram.add(value);
  const { counts, sum, count } = histogram;
  assertEquals([counts, sum, count], [[1, 2], 6, 3]);
});
