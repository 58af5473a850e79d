/** The emblem of each refusal: `warn` where something is wrong, calm where one only has to choose. */
import type { IconName, Tone } from "../../parts/icon.ts";
import type { Refused } from "../../words/shapes.ts";

type Look = [icon: IconName, tone?: Tone];

const amount: Look = ["amount"];
const account: Look = ["lock", "warn"];
const looks: Partial<Record<Refused, Look>> = {
  wrong_credentials: ["key", "warn"],
  throttled: ["clock", "warn"],
  password_too_short: ["key"],
  password_unchanged: ["key"],
  card_blocked: ["card", "warn"],
  pin_not_set: ["key"],
  pin_weak: ["key"],
  password_needed: ["key"],
  card_not_taken: ["card", "warn"],
  account_not_a_number: ["person"],
  unknown_recipient: ["person"],
  same_account: ["transfer"],
  recipient_unavailable: ["lock"],
  not_logged_in: ["person"],
  already_logged_in: ["person"],
  amount_not_positive: amount,
  amount_too_large: amount,
  wrong_currency: ["notes", "warn"],
  unknown_account: account,
  account_locked: account,
  account_closed: account,
  over_withdrawal_limit: amount,
  over_day_limit: amount,
  over_terminal_limit: ["notes"],
  withdrawals_stopped: ["fault", "warn"],
  insufficient_funds: ["notes"],
  try_later: ["clock"],
  money_stopped: ["clock", "warn"],
  not_dispensable: ["notes"],
  no_notes_inserted: ["deposit"],
  device_fault: ["fault", "warn"],
  notes_not_taken: ["notes"],
  to_be_counted: ["fault", "warn"],
  already_completed: ["fault", "warn"],
  bank_unreachable: ["cut", "warn"],
  earlier_in_doubt: ["clock"],
};

export function lookOf(refused: Refused): Look {
  return looks[refused] ?? ["shield"];
}
