/**
 * The rules of money and of the log: (what the batch touches, commands in order, time) → (replies,
 * changes, audit entries). Pure and deterministic: no I/O, no clock, no randomness.
 *
 * A movement is refused for the first of these that holds, in this order:
 * `voided` or the first outcome or `id_reused` (the id was used before) · `amount_not_a_number` ·
 * `amount_not_whole` · `amount_not_positive` · `amount_too_large` · `unknown_account` ·
 * `wrong_currency` · `account_closed` · `account_locked`;
 * a withdrawal then for `over_withdrawal_limit` · `over_day_limit` · `insufficient_funds` ·
 * `not_dispensable` · `over_terminal_limit` · `withdrawals_stopped`; a deposit for `over_balance_limit` · `over_terminal_limit`;
 * a transfer for `unknown_recipient` · `same_account` · `wrong_currency` (of the recipient) ·
 * `recipient_unavailable` · `over_day_limit` · `insufficient_funds`; of another customer's account these
 * are `throttled` once too many have been asked about. A terminal's loads and counts of cash get
 * `try_later` beyond their rate, and leave no row. An approved command is refused as `not_open` unless its
 * proposal is open, which ends with it.
 * Before all of these come `terminal_revoked`, `not_logged_in` for what needs a visit whose password is
 * not the customer's any more, and `money_stopped` or `try_later` while the clock stops money; none of
 * them is recorded against the movement's id. Log-ins get `try_later` while a restored bank waits for its terminals.
 */
import { keyStands } from "./key_versions.ts";
import type { Books } from "../books.ts";
import type { EntryWithRows } from "../../audit/entry.ts";
import { type Command, type Reply, visitOf } from "../command.ts";
import * as administer from "./administer.ts";
import { attest } from "./attest.ts";
import { authorise } from "./authorise.ts";
import { type Answer, Batch, type BatchClocks, failed } from "./batch.ts";
import { countCash, loadCash, writeOff } from "./load_cash.ts";
import { correctMovement } from "./correct.ts";
import { cardLogIn, issueCard, revokeCard, setPin } from "./cards.ts";
import { administerDevice } from "./device_keys.ts";
import { doubt } from "./doubt.ts";
import { changePassword } from "./change_password.ts";
import { logIn, logOnly } from "./log_in.ts";
import { end, isOpen, manageStaff } from "./manage_staff.ts";
import { retell, retold } from "./retell.ts";
import { retellTransfer } from "./retell_transfer.ts";
import { settle } from "./settle.ts";
import { administerKeys, confirmKey } from "./terminal_keys.ts";
import { lookUp, transfer } from "./transfer.ts";

/** The result of a batch. `replies` has one for each command, in order. */
export interface BatchResult {
  replies: Reply[];
  entries: EntryWithRows[];
  /** For each command the index of its first entry; null where it wrote none. */
  firstEntries: (number | null)[];
}

/** How the clocks are, where they are not just the batch's time. */
export interface Clocks extends Partial<BatchClocks> {
  /** True while a clock is in doubt: nothing that moves money is done then. */
  stopped?: boolean;
}

/**
 * Runs commands, in order, against the books, which have the changes afterwards.
 * @param timeMs the batch's time: never before that of an earlier batch, unless it is set back
 */
export function applyCommands(
  books: Books,
  commands: readonly Command[],
  timeMs: number,
  { nowMs = timeMs, steadyMs = timeMs, setBackFromMs = null, stopped = false }: Clocks = {},
): BatchResult {
  const batch = new Batch(books, timeMs, { nowMs, steadyMs, setBackFromMs });
  const firstEntries: (number | null)[] = [];
  const replies = commands.map((command) => {
    const next = batch.entries.length;
    const answer = refusedBefore(batch, command, stopped) ?? applyApproved(batch, command);
    if (command.signed !== undefined) batch.sign(next, command.signed);
    batch.logAdministered(next);
    firstEntries.push(batch.entries.length > next ? next : null);
    return { timeMs, ...answer };
  });
  return { replies, entries: batch.entries, firstEntries };
}

/** Returns refusals that precede all others, and leave no row. */
function refusedBefore(batch: Batch, command: Command, moneyStopped: boolean): Answer | null {
  if (isShutOut(batch, command)) return { outcome: "terminal_revoked" };
  if (lacksVisit(batch, command)) return { outcome: "not_logged_in" };
  // Given again, it is refused with the reason, or becomes a proposal.
  if (
    command.op !== "log" && (lacksSigner(batch, command) || administer.raisesAlone(batch, command))
  ) {
    return { outcome: "try_later" };
  }
  if (!moneyStopped || !movesMoney(command)) return null;
  return { outcome: isRepeated(command) ? "try_later" : "money_stopped" };
}

/** Applies a command, and ends the proposal that it was, unless it is to be tried again. */
function applyApproved(batch: Batch, command: Command): Answer {
  const { approval } = command;
  if (approval === undefined || command.op === "log") return apply(batch, command);
  if (!isOpen(batch, approval)) return { outcome: "not_open" };
  const { entries, books } = batch;
  const before = entries.length;
  const answer = apply(batch, command);
  if (answer.outcome === "try_later") return answer;
  const isChange = books.hasAdministered() ||
    entries.slice(before).some(({ rows = [] }) => rows.length > 0);
  const isRefused = answer.outcome === "ok" && !isChange;
  end(batch, approval);
  if (!isRefused && entries.length > before) return answer;
  // The end of the proposal needs an entry, though its command changed nothing.
  entries.length = before;
  const who = `operator ${"operator" in command ? command.operator : ""}`;
  const { outcome } = isRefused ? { outcome: "changed_nothing" as const } : answer;
  batch.log(who, failed(`approve the proposal ${approval.proposal}`, outcome), { outcome });
  return { ...answer, outcome };
}

function apply(batch: Batch, command: Command): Answer {
  switch (command.op) {
    case "authorise":
      return authorise(batch, command);
    case "complete":
    case "reverse":
    case "void":
      return settle(batch, command);
    case "doubt":
      return doubt(batch, command);
    case "attest":
      return attest(batch, command);
    case "load_cash":
      return loadCash(batch, command);
    case "count_cash":
      return countCash(batch, command);
    case "write_off_terminal":
      return writeOff(batch, command);
    case "transfer":
      return transfer(batch, command);
    case "look_up":
      return lookUp(batch, command);
    case "retell":
      return retell(batch, command);
    case "retell_transfer":
      return retellTransfer(batch, command);
    case "retold":
      return retold(batch, command);
    case "add_customer":
      return administer.addCustomer(batch, command);
    case "open_account":
      return administer.openAccount(batch, command);
    case "reset_password":
      return administer.resetPassword(batch, command);
    case "set_account_state":
      return administer.setAccountState(batch, command);
    case "set_limits":
      return administer.setLimits(batch, command);
    case "set_own_limits":
      return administer.setOwnLimits(batch, command);
    case "settle_hold":
      return administer.settleHold(batch, command);
    case "correct_movement":
      return correctMovement(batch, command);
    case "restore":
      return administer.restore(batch, command);
    case "end_restore":
      return administer.endRestore(batch, command);
    case "confirm_clock":
      return administer.confirmClock(batch, command);
    case "set_back_clock":
      return administer.setBackClock(batch, command);
    case "enrol_terminal":
      return administer.enrolTerminal(batch, command);
    case "rotate_terminal":
    case "revoke_terminal":
    case "suspend_terminal":
    case "resume_terminal":
    case "reseal_terminals":
      return administerKeys(batch, command);
    case "enrol_device":
    case "rotate_device":
    case "revoke_device":
      return administerDevice(batch, command);
    case "add_operator":
    case "remove_operator":
    case "propose":
    case "reject_proposal":
    case "rotate_audit_key":
      return manageStaff(batch, command);
    case "confirm_key":
      return confirmKey(batch, command);
    case "begin_log_in":
    case "end_log_in":
      return logIn(batch, command);
    case "begin_password_change":
    case "end_password_change":
      return changePassword(batch, command);
    case "begin_card_log_in":
    case "end_card_log_in":
      return cardLogIn(batch, command);
    case "set_pin":
      return setPin(batch, command);
    case "issue_card":
      return issueCard(batch, command);
    case "revoke_card":
      return revokeCard(batch, command);
    case "log":
      return logOnly(batch, command);
    case "open_line":
      batch.books.openLine({ ...command });
      return { outcome: "ok" };
    case "alive":
      return { outcome: "ok" };
  }
}

/**
 * Returns whether a command must wait while the clock is in doubt: each movement of money is dated,
 * and charged to a day. A void moves none, and its customer waits for it.
 */
function movesMoney(command: Command): boolean {
  if ("opening" in command) return command.opening !== 0n;
  return "movement" in command && command.op !== "void";
}

/** Returns whether terminals repeat it until it is done: nobody waits for its answer. */
function isRepeated({ op }: Command): boolean {
  return ["complete", "reverse", "load_cash", "count_cash", "retell", "retell_transfer"].includes(
    op,
  );
}

/** Returns whether the operator was removed, or got another key or role, since the request was checked. */
function lacksSigner({ books }: Batch, { signer }: Command): boolean {
  return signer !== undefined &&
    !books.staff.operators.some(({ name, role, publicKey }) =>
      name === signer.name && role === signer.role && publicKey === signer.publicKey
    );
}

/**
 * Returns whether the terminal is revoked, or its channel's key has ended: it then moves nothing
 * more, even if its connection is open. The attempt is logged.
 */
function isShutOut(batch: Batch, command: Command): boolean {
  if (command.op === "log" || command.op === "alive" || "operator" in command) return false;
  const terminal = batch.books.terminal(command.terminal);
  if (!terminal) return false;
  const { name, keyVersion } = terminal;
  if (keyStands(terminal, command.underKey ?? keyVersion, batch.timeMs)) return false;
  const outcome = "terminal_revoked";
  batch.log(`terminal ${name}`, failed(command.op.replaceAll("_", " "), outcome), {
    outcome,
    terminal: name,
  });
  return true;
}

/**
 * Returns whether a command's visit has ended: a visit is bound to the password of its log-in.
 * Later requests are logged.
 */
function lacksVisit(batch: Batch, command: Command): boolean {
  const visit = visitOf(command);
  if (!visit) return false;
  const { customer, passwordVersion } = visit;
  if (batch.books.customer(customer)?.passwordVersion === passwordVersion) return false;
  const outcome = "not_logged_in";
  const action = command.op === "log" ? command.action : actions[command.op] ?? command.op;
  const terminal = "terminal" in command ? batch.terminalName(command.terminal ?? "") : "";
  batch.log(customer, failed(action, outcome), { outcome, terminal });
  return true;
}

const actions: Partial<Record<Command["op"], string>> = {
  look_up: "look up",
  begin_password_change: "change password",
  end_password_change: "change password",
  set_pin: "set the PIN",
};
