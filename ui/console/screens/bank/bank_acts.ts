/** What can be done with the bank as a whole, in its state. */
import type { BankNews } from "../../../../lib/console.ts";
import { reason, secondOperator } from "../../parts/act_fields.ts";
import type { Act } from "../../state/model.ts";

export function actsOnBank({ server }: BankNews): Act[] {
  const { clockDoubt, isAhead, isRestoring, isShared } = server;
  return [
    ...(clockDoubt === null ? [] : [confirmClock]),
    ...(clockDoubt === null && !isAhead ? [] : [setBackClock]),
    ...(isRestoring ? [endRestore] : []),
    ...(isShared ? [] : [backUp]),
    checkBooks,
    masterKey,
  ];
}

const confirmClock: Act = {
  title: "Confirm the clock",
  effect:
    "Money moves again by the present time. Do it only if the clock is right: limits of a day " +
    "and the order of bookings depend on it.",
  withFourEyes: secondOperator,
  command: { command: "confirm_clock" },
  fields: [],
  verb: "Confirm the clock",
  isGrave: true,
};

const setBackClock: Act = {
  title: "Set the bank’s time back",
  effect: "The bank’s time becomes that of the clock, which must be right. One-time passwords end.",
  withFourEyes: secondOperator,
  command: { command: "set_back_clock" },
  fields: [],
  verb: "Set the time back",
  isGrave: true,
  confirm: "clock back",
};

const endRestore: Act = {
  title: "End the restore",
  effect:
    "Customers are served again, although some ATMs have not reported what they moved since " +
    "the backup. A later report is booked to the differences account.",
  withFourEyes: secondOperator,
  command: { command: "end_restore", reason: "" },
  fields: [reason],
  verb: "End the restore",
  isGrave: true,
  confirm: "restore end",
};

const backUp: Act = {
  title: "Back up the books",
  effect: "The server copies the books into its folder for backups and checks the copy.",
  command: { command: "back_up", inFolder: true },
  fields: [],
  verb: "Back up",
  isGrave: false,
};

const checkBooks: Act = {
  title: "Check the books",
  effect: "Works all balances out again from the movements, and compares every row with the log. " +
    "It takes some minutes in a large bank.",
  command: { command: "check_ledger" },
  fields: [],
  verb: "Check the books",
  isGrave: false,
};

const masterKey: Act = {
  title: "Another master key",
  effect:
    "The terminals’ keys are sealed under it. Copy bank.keys after it, and keep the previous " +
    "copy with the backups until now.",
  command: { command: "rotate_key" },
  fields: [],
  verb: "Another master key",
  isGrave: true,
};
