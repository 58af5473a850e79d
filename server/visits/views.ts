/** Builds answers from the ledger's data. Pure. */
import type { AccountView, DayBalance, LimitsLeft } from "../../lib/atm.ts";
import { balanceDaysMax } from "../../lib/limits.ts";
import type { Answer } from "../../lib/protocol/message.ts";
import type { Reply } from "../ledger/command.ts";
import { calendarDayOf, dateOf } from "../ledger/day.ts";
import type { Account, DayOut, Limits } from "../ledger/model.ts";
import type { DayEnd } from "../ledger/store.ts";

/** What limits the movements of an account at a terminal now. */
export interface LimitsNow {
  /** The bank's. */
  limits: Limits;
  /** What the terminal's cash account handed out. */
  cash: DayOut | undefined;
  /** The bank's day. */
  today: number;
}

/**
 * Returns a reply of the ledger as an answer.
 * @param now of the visit; absent for a request without one
 */
export function answerOf(
  { outcome, account, timeMs, booked, logged, retryAfterMs, token, statusNonce }: Reply,
  now?: LimitsNow,
): Answer {
  return {
    outcome,
    time: new Date(timeMs).toISOString(),
    ...(account && { account: accountView(account, now) }),
    ...(booked === undefined ? {} : { booked: booked.toString() }),
    ...(logged && { logged }),
    ...(token !== undefined && { token }),
    ...(statusNonce !== undefined && { statusNonce }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

export function accountView(account: Account, now?: LimitsNow): AccountView {
  const { number, name, balance, held, version } = account;
  const left = now && leftOf(account, now);
  return {
    id: number,
    ...(name && { name }),
    booked: balance.toString(),
    available: (balance - held).toString(),
    version,
    ...(left && Object.keys(left).length > 0 && { left }),
  };
}

/** Returns what the limits still allow. */
function leftOf(account: Account, { limits, cash, today }: LimitsNow): LimitsLeft {
  const spent = ({ day, dayOut }: DayOut) => day >= today ? dayOut : 0n;
  const text = (name: keyof LimitsLeft, max: bigint | null, used: bigint) =>
    max === null ? {} : { [name]: String(max > used ? max - used : 0n) };
  return {
    ...text("once", account.withdrawalMax ?? limits.withdrawalMax, 0n),
    ...text("today", account.dayOutMax ?? limits.accountDayOutMax, spent(account)),
    ...(cash && text("here", cash.dayOutMax ?? limits.terminalDayOutMax, spent(cash))),
  };
}

/** Returns whether an answer already has this state of an account, or a later one. */
export function hasAccount({ account }: Answer, { number, version }: Account): boolean {
  return account?.id === number && account.version >= version;
}

/**
 * Returns the balances of an account's last days, oldest first, today last.
 * @param days the bank's days on which its money moved; the first of them begins the list. A day ahead of a
 * later one, by a clock that was set back since, counts as that one.
 * @param today a calendar day
 */
export function lastDays(days: readonly DayEnd[], today: number, balance: bigint): DayBalance[] {
  let next = today;
  const ends = days.toReversed().map((end) => {
    next = Math.min(next, calendarDayOf(end.day));
    return { day: next, balance: end.balance };
  }).reverse();
  const first = Math.max(today - balanceDaysMax + 1, ends[0]?.day ?? today);
  return Array.from({ length: today - first + 1 }, (_, index) => {
    const day = first + index;
    const last = ends.findLast((end) => end.day <= day);
    const booked = day === today ? balance : last?.balance ?? 0n;
    return { day: dateOf(day), booked: booked.toString() };
  });
}
