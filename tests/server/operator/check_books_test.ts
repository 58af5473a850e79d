/** The check of the books reports how far it has come, and then what it found. */
import { assertEquals, assertRejects } from "@std/assert";
import { type OnProgress } from "../../../server/ledger/check.ts";
import { checkedInWords } from "../../../server/operator/check_books.ts";

const good = { problem: null, accounts: 3, movements: 400, entries: 500 };

/** Reports each row of 400, as a check does that waits for nothing else. */
async function check(onProgress: OnProgress) {
  for (let row = 1; row <= 400; row++) {
    onProgress(row, 400);
    await Promise.resolve();
  }
  return good;
}

Deno.test("progress comes in order, at most once for each percent, and the result last", async () => {
  const answers = await Array.fromAsync(checkedInWords(check));
  const rows = answers.flatMap((answer) => "checked" in answer ? answer.checked : []);
  assertEquals(rows, [...new Set(rows)].sort((a, b) => a - b));
  assertEquals(rows.length > 10 && rows.length <= 100, true, `${rows.length} reports`);
  assertEquals(answers.at(-1), {
    line: "the books are correct: 3 accounts, 400 rows of movements, 500 entries of the log; " +
      "they sum to zero",
  });
  // The operator's socket ends an answer with a piece that has this name.
  assertEquals(answers.filter((answer) => "done" in answer), []);
});

Deno.test("what is bad is said, and what fails is thrown", async () => {
  const bad = { ...good, problem: "row 1 of movement 00 is not in the log" };
  assertEquals(await Array.fromAsync(checkedInWords(() => Promise.resolve(bad))), [
    { bad: "the books are wrong: row 1 of movement 00 is not in the log" },
  ]);
  const fails = checkedInWords(() => Promise.reject(new Error("the database is away")));
  await assertRejects(() => Array.fromAsync(fails), Error, "the database is away");
});
