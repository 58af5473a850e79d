/** The bounds of balances and of charges to a day: far inside the 64 bits that a statement binds. */
import { balanceMinorMax, ownBalanceMinorMax } from "../../../lib/money.ts";
import type { Account } from "../model.ts";

/** Whether an account may change by this much. */
export function mayChange({ kind, balance }: Pick<Account, "kind" | "balance">, by: bigint) {
  const max = kind === "vault" || kind === "differences" ? ownBalanceMinorMax : balanceMinorMax;
  return -max <= balance + by && balance + by <= max;
}

/** Whether an amount is above a limit. None is as high as the largest balance. */
export function isOver(amount: bigint, max: bigint | null): boolean {
  return amount > (max ?? balanceMinorMax);
}
