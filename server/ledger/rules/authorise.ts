/** The first phase of a withdrawal or a deposit: a hold, or a permission to accept notes. */
import { inWords, type Outcome } from "../../../lib/errors.ts";
import { withdrawalsInDoubtMax } from "../../../lib/limits.ts";
import { amountMinorMax } from "../../../lib/money.ts";
import type { Account, Movement } from "../model.ts";
import type { Authorise, Transfer } from "../command.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { dayOutOf, isOver, mayChange } from "./bounds.ts";
import { accountOfRow, customerAccount, logMovement } from "./movement_rows.ts";
import { isInDoubt } from "./doubt.ts";
import { statusNonceOf } from "./proof.ts";

export function authorise(batch: Batch, command: Authorise): Answer {
  const first = batch.books.movement(command.movement, 1);
  if (first) return again(batch, first, command);
  const cash = batch.books.accountOf("terminal", command.terminal);
  const account = batch.books.accountNumbered(command.account);
  const refused = refusalOf(batch, command, account, cash);
  const stopped = refused === undefined ? whyNoToken(batch, command) : null;
  if (stopped) logStopped(batch, command, stopped);
  if (stopped?.outcome === "try_later") return { outcome: "try_later" };
  const outcome = refused ?? stopped?.outcome ?? "ok";
  const mine = account?.owner === command.customer ? account : undefined;
  const hasDevice = batch.books.terminal(command.terminal)?.device !== undefined;
  const token = outcome === "ok" && command.kind === "withdrawal" && hasDevice
    ? command.dispense!.token
    : "";
  if (outcome === "ok") open(batch, command, account!, cash!);
  const [debit, credit] = command.kind === "withdrawal" ? [mine, cash] : [cash, mine];
  const row = batch.addRow({
    ...command,
    id: command.movement,
    step: 1,
    action: "authorise",
    debit: debit?.id ?? null,
    credit: credit?.id ?? null,
    booked: 0n,
    outcome,
    token,
  });
  logMovement(batch, row, row);
  return {
    outcome,
    ...tokenAnswer(row),
    account: mine && batch.books.account(mine.id),
    cash: cash && dayOutOf(batch.books.account(cash.id)!),
  };
}

/** Why a device gets no token: for a moment, or until staff have seen to it. */
interface Stopped {
  outcome: "try_later" | "withdrawals_stopped";
  why: string;
}

/**
 * Returns why a terminal's device may get no token for a withdrawal: it has no nonce or no keys, too
 * many withdrawals are in doubt, or an earlier token of it is neither proved dead nor in doubt. Null
 * if it may, or there is no device with keys.
 */
function whyNoToken(batch: Batch, { kind, terminal: id, dispense }: Authorise): Stopped | null {
  const device = batch.books.terminal(id)?.device;
  if (kind !== "withdrawal" || !device) return null;
  const stopped = (why: string): Stopped => ({ outcome: "withdrawals_stopped", why });
  const later = (why: string): Stopped => ({ outcome: "try_later", why });
  const open = batch.books.openTokens(id);
  const live = open.find((first) => !isInDoubt(batch, first));
  if (device.state === "revoked") return stopped("its device is revoked");
  if (!dispense) return stopped("without its device's nonce");
  if (live) return later(`its device may still dispense for movement ${live.id}`);
  if (open.length >= withdrawalsInDoubtMax) return stopped(`${open.length} are in doubt`);
  if (batch.books.restored?.unattested.some((each) => each.terminal === id)) {
    return later("its device has not attested its state since the restore");
  }
  return dispense.keyVersion === device.keyVersion ? null : later("its device has other keys");
}

function logStopped(batch: Batch, { terminal: id }: Authorise, { outcome, why }: Stopped): void {
  const terminal = batch.terminalName(id);
  batch.log(`terminal ${terminal}`, `${failed("withdraw", outcome)}: ${why}`, {
    ...{ outcome, terminal },
  });
}

function tokenAnswer(row: Movement): Pick<Answer, "token" | "statusNonce"> {
  return row.token === "" ? {} : { token: row.token, statusNonce: statusNonceOf(row) };
}

/** Holds the money, and charges it to the day. */
function open(batch: Batch, { kind, amount }: Authorise, account: Account, cash: Account): void {
  if (kind === "deposit") return batch.books.charge(cash.id, batch.day, { in: amount });
  batch.books.adjust(account.id, { held: amount });
  batch.books.charge(account.id, batch.day, { out: amount });
  batch.books.charge(cash.id, batch.day, { out: amount });
}

function refusalOf(
  batch: Batch,
  command: Authorise,
  account: Account | undefined,
  cash: Account | undefined,
): Outcome | undefined {
  const { kind, amount } = command;
  const refused = amountRefusalOf(command) ?? accountRefusalOf(command, account, cash);
  if (refused) return refused;
  const { withdrawalMax, terminalDayOutMax, terminalDayInMax } = batch.books.limits;
  if (kind === "deposit") {
    if (!mayChange(account!, amount)) return "over_balance_limit";
    if (!mayChange(cash!, -amount)) return "over_terminal_limit";
    const takenIn = batch.chargedToday(cash!).dayIn + amount;
    return isOver(takenIn, cash!.dayInMax ?? terminalDayInMax) ? "over_terminal_limit" : undefined;
  }
  if (isOver(amount, account!.withdrawalMax ?? withdrawalMax)) return "over_withdrawal_limit";
  const short = fundsRefusalOf(batch, account!, amount);
  if (short) return short;
  if (amount % batch.books.settings.smallestNote !== 0n) return "not_dispensable";
  if (!mayChange(cash!, amount)) return "over_terminal_limit";
  const handedOut = batch.chargedToday(cash!).dayOut + amount;
  if (isOver(handedOut, cash!.dayOutMax ?? terminalDayOutMax)) return "over_terminal_limit";
}

/** Returns the refusal of an amount, for any purpose. */
export function amountRefusalOf(
  { amount, fault }: Pick<Authorise, "amount" | "fault">,
): Outcome | undefined {
  if (fault) return fault;
  if (amount <= 0n) return "amount_not_positive";
  if (amount > amountMinorMax) return "amount_too_large";
}

/** Returns the refusal of a customer's account at a terminal, for any purpose. */
export function accountRefusalOf(
  { customer, currency }: Pick<Authorise, "customer" | "currency">,
  account: Account | undefined,
  cash: Account | undefined,
): Outcome | undefined {
  if (!cash || account?.kind !== "customer" || account.owner !== customer) {
    return "unknown_account";
  }
  if (currency !== account.currency || currency !== cash.currency) return "wrong_currency";
  if (account.state === "closed") return "account_closed";
  if (account.state === "locked") return "account_locked";
}

/** Returns the refusal of an amount to be taken from an account today. */
export function fundsRefusalOf(
  batch: Batch,
  account: Account,
  amount: bigint,
): Outcome | undefined {
  const given = batch.chargedToday(account).dayOut + amount;
  if (isOver(given, account.dayOutMax ?? batch.books.limits.accountDayOutMax)) {
    return "over_day_limit";
  }
  if (amount > account.balance - account.held) return "insufficient_funds";
}

/** Answers a repeated id: the first outcome for the same content, a refusal for other content. */
function again(batch: Batch, first: Movement, command: Authorise): Answer {
  if (first.action === "void") return { outcome: "voided" };
  const same = first.action === "authorise" && first.kind === command.kind &&
    saysTheSame(first, command) &&
    isOf(batch, customerAccount(first), command.account);
  if (!same) return reused(batch, command, command.kind);
  const { outcome } = first;
  // With `booked` it is settled: its first outcome is not a permission to move notes.
  const booked = batch.books.movement(first.id, 2)?.booked;
  return {
    outcome,
    account: accountOfRow(batch, first),
    ...(booked === undefined ? tokenAnswer(first) : { booked }),
  };
}

/** Returns whether a row's account has this number; a row without an account matches any. */
export function isOf({ books }: Batch, id: number | null, number: string): boolean {
  return id === null || books.account(id)!.number === number;
}

/** Returns whether a command has the same content as this row, accounts aside. */
export function saysTheSame(first: Movement, command: Authorise | Transfer): boolean {
  const { terminal, customer, amount, currency, fault } = command;
  return first.terminal === terminal && first.customer === customer && first.amount === amount &&
    first.currency === currency &&
    // An invalid amount is stored as zero, with its own outcome.
    (amount !== 0n || first.outcome === (fault ?? "amount_not_positive"));
}

/** Refuses an id that was used with other content. */
export function reused(
  batch: Batch,
  { customer, terminal, movement }: Pick<Authorise, "customer" | "terminal" | "movement">,
  kind: "withdrawal" | "deposit" | "transfer",
): Answer {
  const outcome = "id_reused";
  const facts = { kind, outcome, movement, terminal: batch.terminalName(terminal) } as const;
  batch.log(customer, `${kind} refused - ${inWords(outcome)}`, facts);
  return { outcome };
}
