/** The emblem of each refusal: `warn` where something is wrong, `calm` where one only has to choose. */
import type { IconName } from "../../parts/icon.ts";
import type { Refused } from "../../state.ts";

type Look = [icon: IconName, tone: "calm" | "warn"];

const amount: Look = ["amount", "calm"];
const account: Look = ["lock", "warn"];
const looks: Partial<Record<Refused, Look>> = {
  wrong_credentials: ["key", "warn"],
  throttled: ["clock", "warn"],
  not_logged_in: ["person", "calm"],
  already_logged_in: ["person", "calm"],
  amount_not_a_number: amount,
  amount_not_positive: amount,
  amount_too_large: amount,
  wrong_currency: ["notes", "warn"],
  unknown_account: account,
  account_locked: account,
  account_closed: account,
  over_withdrawal_limit: ["shield", "calm"],
  over_day_limit: ["shield", "calm"],
  over_terminal_limit: ["notes", "calm"],
  insufficient_funds: ["balance", "calm"],
  try_later: ["clock", "calm"],
  not_dispensable: ["notes", "calm"],
  no_notes_inserted: ["deposit", "calm"],
  device_fault: ["fault", "warn"],
  notes_not_taken: ["notes", "calm"],
  to_be_counted: ["fault", "warn"],
  bank_unreachable: ["cut", "warn"],
};

export function lookOf(refused: Refused): Look {
  return looks[refused] ?? ["shield", "calm"];
}
