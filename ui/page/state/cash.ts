/** What can be withdrawn now, by the account's money and by the notes that this ATM has. */
import type { AtmView } from "../../../lib/atm.ts";
import { dispensedNotesMax } from "../../../lib/limits.ts";
import { minorFromText, type MinorText } from "../../../lib/money.ts";

/** Returns the largest amount that can be withdrawn, in minor units. */
export function cashMost({ cash, visit }: AtmView): bigint {
  const available = minorFromText(visit?.account.available) ?? 0n;
  let notesLeft = dispensedNotesMax;
  let total = 0n;
  for (const { value, count } of cash.cassettes) {
    const taken = Math.min(count, notesLeft);
    total += BigInt(taken) * (minorFromText(value) ?? 0n);
    notesLeft -= taken;
  }
  const smallest = minorFromText(cash.cassettes.at(-1)?.value) ?? 1n;
  const payable = available - available % smallest;
  return payable < total ? payable : total;
}

/** Returns the smallest amounts for buttons that the account has, at most `countMax`. */
export function affordable(view: AtmView, countMax: number): MinorText[] {
  const most = cashMost(view);
  return view.cash.fastAmounts.filter((amount) => (minorFromText(amount) ?? 0n) <= most)
    .slice(0, countMax);
}

/** Returns the largest amount that can be transferred, in minor units. */
export function transferMost({ visit }: AtmView): bigint {
  return minorFromText(visit?.account.available) ?? 0n;
}
