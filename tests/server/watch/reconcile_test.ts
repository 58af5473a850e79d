/** Which rows of a movement its terminal must agree with. */
import { assertEquals } from "@std/assert";
import type { Movement } from "../../../server/ledger/model.ts";
import { differencesOf } from "../../../server/watch/reconcile.ts";

const movement = "ab".repeat(16);
const terminal = "cd".repeat(16);
const row = (step: Movement["step"], action: Movement["action"], amount: bigint) =>
  ({ id: movement, step, action, amount, booked: amount, terminal, outcome: "ok" }) as Movement;

/** Rows of a movement of which the ATM has €40.00, and how many differences are found. */
const cases: [rows: Movement[], count: number][] = [
  [[row(1, "authorise", 0n), row(2, "complete", 4000n)], 0],
  [[row(1, "authorise", 0n), row(2, "complete", 3000n)], 1],
  [[row(1, "authorise", 0n)], 1],
  [[], 1],
  // An operator reversed it, and the terminal reported later what it had moved.
  [[row(1, "authorise", 0n), row(2, "reverse", 0n), row(3, "report", 4000n)], 0],
  [[row(1, "authorise", 0n), row(2, "reverse", 0n)], 1],
  // A correction is between the bank and its customer: the terminal has what its devices moved.
  [[row(1, "authorise", 0n), row(2, "complete", 4000n), row(4, "correct", 1000n)], 0],
];

Deno.test("a terminal must agree with the row that its devices made", () => {
  for (const [rows, count] of cases) {
    const report = { cash: "0", movements: [{ movement, amount: "4000" }] };
    const books = { terminal, rows: new Map([[movement, rows]]), cash: 0n };
    const found = differencesOf(report, books, { code: "EUR", exponent: 2 });
    assertEquals(found.length, count, found.join());
  }
});
