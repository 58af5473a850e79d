/**
 * The bounds of balances and of charges to a day: far below the 64 bits of a statement's parameter.
 */
import { balanceMinorMax, ownBalanceMinorMax } from "../../../lib/money.ts";
import type { Account, DayOut } from "../model.ts";

/** Returns whether an account may change by this much. */
export function mayChange({ kind, balance }: Pick<Account, "kind" | "balance">, by: bigint) {
  const max = kind === "vault" || kind === "differences" ? ownBalanceMinorMax : balanceMinorMax;
  return -max <= balance + by && balance + by <= max;
}

/** Returns whether an amount is above a limit. No limit means the largest balance. */
export function isOver(amount: bigint, max: bigint | null): boolean {
  return amount > (max ?? balanceMinorMax);
}

/** Returns what an account handed out. */
export function dayOutOf({ day, dayOut, dayOutMax }: DayOut): DayOut {
  return { day, dayOut, dayOutMax };
}
