/**
 * Transfers money from one customer's account to another, in one step; and looks up the other's
 * masked owner.
 */
import type { Outcome } from "../../../lib/errors.ts";
import { oneMore, recipientPatience, waitMs } from "./throttle.ts";
import { type Account, messageHash, type Movement, recipientSource } from "../model.ts";
import type { LookUp, Transfer } from "../command.ts";
import {
  accountRefusalOf,
  amountRefusalOf,
  fundsRefusalOf,
  isOf,
  reused,
  saysTheSame,
} from "./authorise.ts";
import { type Answer, type Batch, failed, failuresOf } from "./batch.ts";
import { mayChange } from "./bounds.ts";
import { accountFacts } from "./movement_rows.ts";

export function transfer(batch: Batch, command: Transfer): Answer {
  const { books } = batch;
  const first = books.movement(command.movement, 1);
  if (first) return again(batch, first, command);
  const account = books.accountNumbered(command.account);
  const to = recipientOf(batch, command.to);
  const { outcome, retryAfterMs } = outcomeOf(batch, command, account, to);
  const mine = account?.owner === command.customer ? account : undefined;
  if (outcome === "ok") {
    const { amount } = command;
    books.adjust(mine!.id, { balance: -amount });
    books.adjust(to!.id, { balance: amount });
    books.charge(mine!.id, batch.day, { out: amount });
  }
  const row = batch.addRow({
    ...command,
    id: command.movement,
    step: 1,
    action: "book",
    kind: "transfer",
    debit: mine?.id ?? null,
    credit: to?.id ?? null,
    booked: outcome === "ok" ? command.amount : 0n,
    outcome,
    messageHash: messageHash(command.movement, command.message),
  });
  log(batch, command, row, to);
  const state = mine && books.account(mine.id);
  return {
    outcome,
    account: state,
    ...transferredBy(batch, row),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** Returns what a row has transferred; nothing for a row of another kind, or that booked nothing. */
export function transferredBy(
  { books }: Batch,
  { id: movement, kind, booked, debit, credit, amount, currency }: Movement,
): Pick<Answer, "transferred"> {
  if (kind !== "transfer" || booked === 0n) return {};
  const [account, to] = [books.account(debit!)!, books.account(credit!)!];
  return { transferred: { movement, account, to, amount, currency } };
}

/**
 * Returns the outcome; counts a refusal that may reveal something of another customer's account as
 * a look-up.
 */
function outcomeOf(
  batch: Batch,
  command: Transfer,
  account: Account | undefined,
  to: Account | undefined,
): Pick<Answer, "outcome" | "retryAfterMs"> {
  const cash = batch.books.accountOf("terminal", command.terminal);
  const outcome = amountRefusalOf(command) ?? accountRefusalOf(command, account, cash);
  if (outcome) return { outcome };
  const refused = recipientRefusalOf(batch, command, account, to);
  if (!refused) return { outcome: "ok" };
  if (to?.owner === command.customer) return { outcome: refused };
  const retryAfterMs = lookOrWaitMs(batch, command.customer);
  return retryAfterMs > 0 ? { outcome: "throttled", retryAfterMs } : { outcome: refused };
}

function recipientRefusalOf(
  batch: Batch,
  command: Transfer,
  account: Account | undefined,
  to: Account | undefined,
): Outcome | undefined {
  if (!to) return "unknown_recipient";
  if (to.id === account!.id) return "same_account";
  if (to.currency !== account!.currency) return "wrong_currency";
  if (to.state !== "open" || !mayChange(to, command.amount)) return "recipient_unavailable";
  return fundsRefusalOf(batch, account!, command.amount);
}

function again(batch: Batch, first: Movement, command: Transfer): Answer {
  if (first.action === "void") return { outcome: "voided" };
  const same = first.kind === "transfer" && first.action === "book" &&
    saysTheSame(first, command) &&
    isOf(batch, first.debit, command.account) && isOf(batch, first.credit, command.to) &&
    first.messageHash === messageHash(command.movement, command.message);
  if (!same) return reused(batch, command, "transfer");
  const account = batch.books.accountNumbered(command.account);
  return {
    outcome: first.outcome,
    account: first.debit === null ? undefined : account,
    ...transferredBy(batch, first),
  };
}

/**
 * Logs a transfer for both sides; neither gets the other's full name, and none for a refused
 * transfer.
 */
function log(batch: Batch, command: Transfer, row: Movement, to: Account | undefined): void {
  const { customer, outcome, amount, id: movement } = row;
  const { message } = command;
  const facts = {
    kind: "transfer",
    outcome,
    movement,
    amount,
    terminal: batch.terminalName(row.terminal),
    ...(message && { message }),
  } as const;
  const recipient = to && outcome === "ok" ? ` (${maskedName(to.owner)})` : "";
  const sent = `transfer ${batch.money(amount)} to account ${command.to}${recipient}`;
  batch.log(customer, failed(sent, outcome), {
    ...facts,
    ...accountFacts(batch, row, row.debit),
    step: "book",
  });
  if (outcome !== "ok") return;
  const received = `receive ${batch.money(amount)} from account ${command.account}`;
  batch.log(to!.owner, `${received} (${maskedName(customer)})`, {
    ...facts,
    ...accountFacts(batch, row, row.credit),
  });
}

/**
 * Looks up an account's owner. Counts and logs each look-up, so that nobody can list the bank's
 * customers.
 */
export function lookUp(
  batch: Batch,
  { customer, terminal, account: number, from }: LookUp,
): Answer {
  // an account that sends to the same account reveals nobody
  const isSame = number === from;
  const retryAfterMs = isSame ? 0 : lookOrWaitMs(batch, customer);
  const to = isSame ? undefined : recipientOf(batch, number);
  const outcome = isSame
    ? "same_account"
    : retryAfterMs > 0
    ? "throttled"
    : to
    ? "ok"
    : "unknown_recipient";
  batch.log(customer, failed(`look up account ${number}`, outcome), {
    outcome,
    terminal: batch.terminalName(terminal),
  });
  if (outcome === "throttled") return { outcome, retryAfterMs };
  return { outcome, ...(to && { recipient: maskedName(to.owner) }) };
}

/** Counts a look-up; or returns its delay, and counts nothing. */
function lookOrWaitMs(batch: Batch, customer: string): number {
  const { books, steadyMs } = batch;
  const looks = failuresOf(batch, recipientSource(customer));
  const retryAfterMs = waitMs(looks, recipientPatience, steadyMs);
  if (retryAfterMs === 0) books.setFailures(oneMore(looks, recipientPatience, steadyMs));
  return retryAfterMs;
}

function recipientOf(batch: Batch, number: string): Account | undefined {
  const account = batch.books.accountNumbered(number);
  return account?.kind === "customer" ? account : undefined;
}

/** Masks a name so that acquaintances recognise it: `alice` is `a•••e`. */
export function maskedName(name: string): string {
  return `${name.at(0)}•••${name.length > 2 ? name.at(-1) : ""}`;
}
