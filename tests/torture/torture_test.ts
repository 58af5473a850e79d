/** The torture in short, and whether its judge would find what it looks for. */
import { assert, assertEquals } from "@std/assert";
import { type Acknowledged, type BankRow, doubledOf, type Journaled, lostOf } from "./judge.ts";
import { torture } from "./torture.ts";

const row = (movement: string, action: string, booked = 0n, outcome = "ok"): BankRow => ({
  movement,
  step: action === "authorise" ? 1 : 2,
  action,
  kind: "withdrawal",
  outcome,
  booked,
});
const rows = [
  row("open", "authorise"),
  row("refused", "authorise", 0n, "insufficient_funds"),
  row("done", "authorise"),
  row("done", "complete", 40n),
  row("reversed", "authorise"),
  row("reversed", "reverse"),
];

/** What an ATM was acknowledged · whether the rows above keep it. */
const answered: [Acknowledged, boolean][] = [
  [{ movement: "open", what: "leave" }, true],
  [{ movement: "refused", what: "leave" }, false],
  [{ movement: "unheard", what: "leave" }, false],
  [{ movement: "refused", what: "end", done: 0n }, true],
  [{ movement: "done", what: "end", done: 40n }, true],
  [{ movement: "done", what: "end", done: 50n }, false],
  [{ movement: "done", what: "end", done: 0n }, false],
  [{ movement: "reversed", what: "end", done: 0n }, true],
  [{ movement: "reversed", what: "end", done: 40n }, false],
  [{ movement: "unheard", what: "end", done: 0n }, false],
];

Deno.test("the judge finds acknowledged movements that were lost", () => {
  for (const [acknowledged, kept] of answered) {
    assertEquals(
      lostOf([acknowledged], rows).length,
      kept ? 0 : 1,
      JSON.stringify(acknowledged, text),
    );
  }
});

Deno.test("the judge finds what was booked and not moved, or moved once and booked twice", () => {
  const journaled = (movement: string, done: bigint): Journaled => ({
    movement,
    state: "settled",
    done,
  });
  assertEquals(doubledOf(rows, [journaled("done", 40n)]), []);
  assertEquals(doubledOf(rows, []).length, 1);
  assertEquals(doubledOf(rows, [journaled("done", 20n)]).length, 1);
  assertEquals(
    doubledOf([...rows, row("done", "report", 40n)], [journaled("done", 40n)]).length,
    1,
  );
});

Deno.test("kill -9 of the server, of ATMs and of both loses nothing and doubles nothing", async () => {
  const outcome = await torture({ kills: 6, atms: 3 });
  const { kills, acknowledged, lost, doubled, problems, counts } = outcome;
  assertEquals({ lost, doubled, problems }, { lost: [], doubled: [], problems: [] });
  assert(kills >= 6 && acknowledged > 6 && counts.get("transfer: ok")! > 0);
});

const text = (_: string, value: unknown) => typeof value === "bigint" ? `${value}` : value;
