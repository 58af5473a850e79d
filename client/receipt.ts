/** Receipts of movements, and notes as screens and receipts list them. */
import type { Notes, Receipt } from "../lib/atm.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import type { MinorText } from "../lib/money.ts";
import type { Answer } from "../lib/protocol/message.ts";
import type { NoteCounts } from "./cash/note_mix.ts";

/**
 * Returns the receipt of a movement. Facts that are not given are unknown.
 * @param nowMs the ATM's time, for a receipt without the bank's
 */
export function receipt(
  kind: Receipt["kind"],
  amount: MinorText,
  outcome: AtmOutcome,
  nowMs: number,
  facts: Partial<Receipt> = {},
): Receipt {
  const time = new Date(nowMs).toISOString();
  return { outcome, kind, amount, notes: [], movement: "", account: null, time, ...facts };
}

/** Returns the facts that the bank's answer adds to a receipt. */
export function factsOf(answer: Answer | null): Partial<Receipt> {
  return {
    ...(answer?.account && { account: answer.account }),
    ...(answer?.time && { time: answer.time }),
    ...(answer?.logged && { logged: answer.logged }),
  };
}

/** Returns notes as a list, largest first. */
export function notesView(notes: NoteCounts): Notes[] {
  return [...notes].sort(([a], [b]) => a < b ? 1 : -1)
    .map(([value, count]) => ({ value: value.toString(), count }));
}
