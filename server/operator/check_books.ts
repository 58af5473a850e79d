/** Runs checks of books, and reports their progress, and their result in words. */
import type { CheckedBooks, OnProgress } from "../ledger/check.ts";
import type { Answers, OperatorAnswer } from "./request.ts";

type Check = (onProgress: OnProgress) => Promise<CheckedBooks>;

export async function* checkedInWords(check: Check, json = false): Answers {
  const books = yield* withProgress(check);
  if (json) yield { line: JSON.stringify({ good: books.problem === null, ...books }) };
  if (!json || books.problem !== null) yield inWords(books);
}

/** Runs a check, yields its progress, and returns its result. */
export async function* withProgress(
  check: Check,
): AsyncGenerator<OperatorAnswer, CheckedBooks, void> {
  let progress = { checked: 0, of: 1 };
  let wake = () => {};
  const checking = check((checked, of) => {
    progress = { checked, of };
    wake();
  });
  for (let shown = 0;;) {
    const moved = new Promise<null>((resolve) => wake = () => resolve(null));
    const books = await Promise.race([checking, moved]);
    if (books) return books;
    const percent = Math.floor(100 * progress.checked / progress.of);
    if (percent > shown) yield progress;
    shown = percent;
  }
}

function inWords({ problem, accounts, movements, entries }: CheckedBooks) {
  if (problem !== null) return { bad: `the books are wrong: ${problem}` };
  return {
    line: `the books are correct: ${accounts} accounts, ${movements} rows of movements, ` +
      `${entries} entries of the log; they sum to zero`,
  };
}
