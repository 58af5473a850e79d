/** What a request asks for, as the ledger takes it. Pure. */
import { isAccountNumber } from "../../lib/account_number.ts";
import { type AmountFault, minorOrFault } from "../../lib/money.ts";

/** Returns an account's number; 0, which no account has, for any other text. */
export function accountNumberOf(text: string): string {
  return isAccountNumber(text) ? text : "0";
}

/** Returns an amount for the ledger, which refuses faults by name. */
export function amountOf(text: string): { amount: bigint; fault?: AmountFault } {
  const amount = minorOrFault(text);
  return typeof amount === "bigint" ? { amount } : { amount: 0n, fault: amount };
}
