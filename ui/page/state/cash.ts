/** What can be withdrawn and sent now: by the account's money, by limits, and by this ATM's notes. */
import type { AtmView, LimitsLeft } from "../../../lib/atm.ts";
import { dispensedNotesMax } from "../../../lib/limits.ts";
import { minorFromText, type MinorText } from "../../../lib/money.ts";

/** The largest amount, in minor units, and the limit that makes it so small, if one does. */
export interface Most {
  minor: bigint;
  limit?: keyof LimitsLeft;
}

/** Returns the most that can be withdrawn. */
export function cashMost(view: AtmView): Most {
  const { cash } = view;
  let notesLeft = dispensedNotesMax;
  let total = 0n;
  for (const { value, count } of cash.cassettes) {
    const taken = Math.min(count, notesLeft);
    total += BigInt(taken) * (minorFromText(value) ?? 0n);
    notesLeft -= taken;
  }
  const { minor, limit } = limited(view, ["once", "today", "here"]);
  if (total <= minor) return { minor: total };
  const smallest = minorFromText(cash.cassettes.at(-1)?.value) ?? 1n;
  return { minor: minor - minor % smallest, ...(limit && { limit }) };
}

/** Returns the most that can be transferred. */
export function transferMost(view: AtmView): Most {
  return limited(view, ["today"]);
}

/** Returns what the account has, or less where one of these limits allows less. */
function limited({ visit }: AtmView, names: (keyof LimitsLeft)[]): Most {
  const { available, left = {} } = visit?.account ?? {};
  let most: Most = { minor: minorFromText(available) ?? 0n };
  for (const limit of names) {
    const minor = minorFromText(left[limit]);
    if (minor !== null && minor < most.minor) most = { minor, limit };
  }
  return most;
}

/** Returns the smallest amounts for buttons that can be had, at most `countMax`. */
export function affordable(view: AtmView, countMax: number): MinorText[] {
  const { minor: most } = cashMost(view);
  return view.cash.fastAmounts.filter((amount) => (minorFromText(amount) ?? 0n) <= most)
    .slice(0, countMax);
}

/** Returns the amount of the customer's last withdrawal, if it can be had again. */
export function lastAmount(view: AtmView): MinorText | null {
  const last = view.visit?.usual.lastWithdrawal;
  const minor = minorFromText(last);
  return last !== undefined && minor !== null && minor <= cashMost(view).minor ? last : null;
}
