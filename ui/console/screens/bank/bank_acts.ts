/** What can be done with the bank as a whole, in its state. */
import type { BankNews } from "../../../../lib/console.ts";
import { reason, secondOperator } from "../../parts/act_fields.ts";
import { fullTime } from "../../parts/format.ts";
import type { Act } from "../../state/model.ts";

/** @param nowMs the time by the server's clock */
export function actsOnBank({ server, bank: { timeZone } }: BankNews, nowMs: number): Act[] {
  const { clockDoubt, aheadMs, restore, isShared } = server;
  // the database's clock is not known here
  const clock = isShared
    ? "the database’s clock, which ‘deno task bank clock’ shows,"
    : `the server’s clock, ${fullTime(nowMs, timeZone)},`;
  return [
    ...(clockDoubt === null ? [] : [confirmClock(clock)]),
    ...(aheadMs === null ? [] : [setBackClock(clock, fullTime(aheadMs, timeZone))]),
    ...(restore === null ? [] : [endRestore(restore)]),
    masterKey,
  ];
}

const confirmClock = (clock: string): Act => ({
  title: "Confirm the clock",
  effect: `Money moves again by ${clock} and limits of a day and the order of bookings depend on ` +
    "it. Do it only if that is the right time.",
  withFourEyes: secondOperator,
  command: { command: "confirm_clock" },
  fields: [],
  verb: "Confirm the clock",
  isGrave: true,
});

const setBackClock = (clock: string, bankTime: string): Act => ({
  title: "Set the bank’s time back",
  effect: `The bank’s time, ${bankTime}, becomes that of ${clock} which must be right. One-time ` +
    "passwords end.",
  withFourEyes: secondOperator,
  command: { command: "set_back_clock" },
  fields: [],
  verb: "Set the time back",
  isGrave: true,
  confirm: "clock back",
});

const endRestore = ({ waitingFor }: NonNullable<BankNews["server"]["restore"]>): Act => ({
  title: "End the restore",
  effect: waitingFor === ""
    ? "What devices paid without a record stays in the differences account: look for each " +
      "withdrawal in the replaced bank’s log first."
    : `Customers are served again, without what moved since the backup at ${waitingFor}. A later ` +
      "report is booked to the differences account.",
  withFourEyes: secondOperator,
  command: { command: "end_restore", reason: "" },
  fields: [reason],
  verb: "End the restore",
  isGrave: true,
  confirm: "restore end",
});

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
