/** The emblem of each refusal: `warn` where something is wrong, `calm` where one only has to choose. */
import type { IconName } from "../../parts/icon.ts";
import type { Refused } from "../../state.ts";

interface Look {
  icon: IconName;
  tone: "calm" | "warn";
}

const amount: Look = { icon: "amount", tone: "calm" };
const account: Look = { icon: "lock", tone: "warn" };
const settled: Look = { icon: "shield", tone: "calm" };

export const looks: Record<Refused, Look> = {
  wrong_credentials: { icon: "key", tone: "warn" },
  throttled: { icon: "clock", tone: "warn" },
  not_logged_in: { icon: "person", tone: "calm" },
  already_logged_in: { icon: "person", tone: "calm" },
  amount_not_a_number: amount,
  amount_not_positive: amount,
  amount_too_large: amount,
  wrong_currency: { icon: "notes", tone: "warn" },
  unknown_account: account,
  account_locked: account,
  account_closed: account,
  over_withdrawal_limit: { icon: "hand", tone: "calm" },
  insufficient_funds: { icon: "balance", tone: "calm" },
  id_reused: settled,
  unknown_movement: settled,
  voided: settled,
  already_completed: settled,
  already_reversed: settled,
  name_taken: { icon: "person", tone: "calm" },
  unknown_name: { icon: "person", tone: "calm" },
  try_later: { icon: "clock", tone: "calm" },
  not_dispensable: { icon: "notes", tone: "calm" },
  no_notes_inserted: { icon: "deposit", tone: "calm" },
  device_fault: { icon: "fault", tone: "warn" },
  bank_unreachable: { icon: "cut", tone: "warn" },
  in_doubt: settled,
};
