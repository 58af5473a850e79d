/** Runs the check of the books, and reports its progress and result in words. */
import type { CheckedBooks, OnProgress } from "../ledger/check.ts";
import type { Answers } from "./request.ts";

export async function* checkedInWords(
  check: (onProgress: OnProgress) => Promise<CheckedBooks>,
): Answers {
  let progress = { checked: 0, of: 1 };
  let wake = () => {};
  const checking = check((checked, of) => {
    progress = { checked, of };
    wake();
  });
  for (let shown = 0;;) {
    const moved = new Promise<null>((resolve) => wake = () => resolve(null));
    const books = await Promise.race([checking, moved]);
    if (books) return yield inWords(books);
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
