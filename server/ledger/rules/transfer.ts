/** Money from one customer's account to another, in one step; and the owner of the other, masked. */
import type { Outcome } from "../../../lib/errors.ts";
import { oneMore, recipientPatience, waitMs } from "./throttle.ts";
import { type Account, type Movement, recipientSource } from "../model.ts";
import type { LookUp, Transfer } from "../command.ts";
import {
  accountRefusalOf,
  amountRefusalOf,
  fundsRefusalOf,
  isOf,
  reused,
  saysTheSame,
} from "./authorise.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { mayChange } from "./bounds.ts";

export function transfer(batch: Batch, command: Transfer): Answer {
  const { books } = batch;
  const first = books.movement(command.movement, 1);
  if (first) return again(batch, first, command);
  const account = books.accountNumbered(command.account);
  const to = recipientOf(batch, command.to);
  const outcome = refusalOf(batch, command, account, to) ?? "ok";
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
  });
  log(batch, command, row, to);
  return { outcome, account: mine && books.account(mine.id) };
}

function refusalOf(
  batch: Batch,
  command: Transfer,
  account: Account | undefined,
  to: Account | undefined,
): Outcome | undefined {
  const cash = batch.books.accountOf("terminal", command.terminal);
  const refused = amountRefusalOf(command) ?? accountRefusalOf(command, account, cash);
  if (refused) return refused;
  if (!to) return "unknown_recipient";
  if (to.id === account!.id) return "same_account";
  if (to.currency !== account!.currency) return "wrong_currency";
  if (to.state !== "open" || !mayChange(to, command.amount)) return "recipient_unavailable";
  return fundsRefusalOf(batch, account!, command.amount);
}

function again(batch: Batch, first: Movement, command: Transfer): Answer {
  if (first.action === "void") return { outcome: "voided" };
  const same = first.kind === "transfer" && saysTheSame(first, command) &&
    isOf(batch, first.debit, command.account) && isOf(batch, first.credit, command.to);
  if (!same) return reused(batch, command, "transfer");
  const account = batch.books.accountNumbered(command.account);
  return { outcome: first.outcome, account: first.debit === null ? undefined : account };
}

/** Logs it for both sides; neither gets the other's whole name. */
function log(batch: Batch, command: Transfer, row: Movement, to: Account | undefined): void {
  const { customer, outcome, amount, id: movement } = row;
  const facts = {
    kind: "transfer",
    outcome,
    movement,
    amount,
    terminal: batch.terminalName(row.terminal),
  } as const;
  const recipient = to ? ` (${maskedName(to.owner)})` : "";
  const sent = `transfer ${batch.money(amount)} to account ${command.to}${recipient}`;
  batch.log(customer, failed(sent, outcome), { ...facts, step: "book" });
  if (outcome !== "ok") return;
  const received = `receive ${batch.money(amount)} from account ${command.account}`;
  batch.log(to!.owner, `${received} (${maskedName(customer)})`, facts);
}

/** Counts and logs each look, so that nobody can list the bank's customers. */
export function lookUp(batch: Batch, { customer, terminal, account: number }: LookUp): Answer {
  const looks = batch.books.failures(recipientSource(customer));
  const retryAfterMs = waitMs(looks, recipientPatience, batch.timeMs);
  const to = recipientOf(batch, number);
  const outcome = retryAfterMs > 0 ? "throttled" : to ? "ok" : "unknown_recipient";
  batch.log(customer, failed(`look up account ${number}`, outcome), {
    outcome,
    terminal: batch.terminalName(terminal),
  });
  if (outcome === "throttled") return { outcome, retryAfterMs };
  batch.books.setFailures(oneMore(looks, recipientPatience, batch.timeMs));
  return { outcome, ...(to && { recipient: maskedName(to.owner) }) };
}

function recipientOf(batch: Batch, number: string): Account | undefined {
  const account = batch.books.accountNumbered(number);
  return account?.kind === "customer" ? account : undefined;
}

/** A name as far as its friends recognise it: `alice` is `a•••e`. */
export function maskedName(name: string): string {
  return `${name.at(0)}•••${name.length > 2 ? name.at(-1) : ""}`;
}
