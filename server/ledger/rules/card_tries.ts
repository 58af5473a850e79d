/** Counts the uses of a card since the last one that succeeded, over all terminals. */
import { pinTriesMax } from "../../../lib/limits.ts";
import { cardSource } from "../model.ts";
import { type Batch, failuresOf } from "./batch.ts";

/** Returns whether a customer's card waits for a log-in with the password. */
export function isCardBlocked(batch: Batch, username: string): boolean {
  return failuresOf(batch, cardSource(username)).count >= pinTriesMax;
}

/** Counts a use of a card. It never expires. */
export function countTry(batch: Batch, username: string): void {
  const { count, ...tries } = failuresOf(batch, cardSource(username));
  batch.books.setFailures({ ...tries, count: count + 1, lastMs: batch.steadyMs });
}

/** Unblocks a customer's card: after a correct PIN, a log-in with the password, or a new card. */
export function forgetTries(batch: Batch, username: string): void {
  const tries = failuresOf(batch, cardSource(username));
  if (tries.count > 0) batch.books.setFailures({ ...tries, count: 0 });
}
