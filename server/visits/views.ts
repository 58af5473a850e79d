/** Builds answers from the ledger's data. Pure. */
import type { AccountView, DayBalance } from "../../lib/atm.ts";
import { balanceDaysMax } from "../../lib/limits.ts";
import type { Answer } from "../../lib/protocol/message.ts";
import type { Reply } from "../ledger/command.ts";
import { dateOf } from "../ledger/day.ts";
import type { AccountState } from "../ledger/model.ts";
import type { DayEnd } from "../ledger/store.ts";

/** Returns a reply of the ledger as an answer. */
export function answerOf(
  { outcome, account, timeMs, booked, logged, retryAfterMs }: Reply,
): Answer {
  return {
    outcome,
    time: new Date(timeMs).toISOString(),
    ...(account && { account: accountView(account) }),
    ...(booked === undefined ? {} : { booked: booked.toString() }),
    ...(logged && { logged }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

export function accountView({ number, name, balance, held, version }: AccountState): AccountView {
  return {
    id: number,
    ...(name && { name }),
    booked: balance.toString(),
    available: (balance - held).toString(),
    version,
  };
}

/** Returns whether an answer already has this state of an account, or a later one. */
export function hasAccount({ account }: Answer, { number, version }: AccountState): boolean {
  return account?.id === number && account.version >= version;
}

/**
 * Returns the balances of an account's last days, oldest first, today last.
 * @param ends the days on which its money moved; the first of them begins the list
 * @param today a day's number, as returned by `dayOf`
 */
export function lastDays(ends: readonly DayEnd[], today: number, balance: bigint): DayBalance[] {
  const first = Math.max(today - balanceDaysMax + 1, ends[0]?.day ?? today);
  return Array.from({ length: today - first + 1 }, (_, index) => {
    const day = first + index;
    const last = ends.findLast((end) => end.day <= day);
    const booked = day === today ? balance : last?.balance ?? 0n;
    return { day: dateOf(day), booked: booked.toString() };
  });
}
