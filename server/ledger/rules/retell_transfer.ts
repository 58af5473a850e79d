/**
 * Transfers that a restored bank lacks. A terminal's word moves no customer's money: the bank books
 * a transfer at once only if its own voucher shows that it had booked it. Otherwise the transfer is
 * opened, in doubt, until two operators decide it.
 */
import type { Outcome } from "../../../lib/errors.ts";
import type { RetellTransfer } from "../command.ts";
import type { Account, Movement } from "../model.ts";
import { amountRefusalOf } from "./authorise.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { mayChange } from "./bounds.ts";
import { accountFacts } from "./movement_rows.ts";
import { accountNamed, dayToCharge } from "./retell.ts";
import { maskedName } from "./transfer.ts";

export function retellTransfer(batch: Batch, command: RetellTransfer): Answer {
  const { books } = batch;
  const { movement, terminal, amount, currency, vouched } = command;
  if (!books.restoring?.waiting.includes(terminal)) {
    return refuse(batch, command, "unknown_movement");
  }
  const account = accountNamed(batch, command.account, command.uid);
  const to = accountNamed(batch, command.to, command.toUid);
  const first = books.movement(movement, 1);
  if (first) {
    return isThis(first, command, account, to) ? { outcome: "ok" } : refuse(batch, command);
  }
  if (!account) return refuse(batch, command, "unknown_account");
  if (!to) return refuse(batch, command, "unknown_recipient");
  const refused = amountRefusalOf(command) ??
    (account.id === to.id
      ? "same_account"
      : [account, to].some((each) => each.currency !== currency)
      ? "wrong_currency"
      : undefined);
  if (refused) return refuse(batch, command, refused);
  const why = vouched ? whyNotNow(account, to, amount) : "without the bank's voucher";
  return why === null
    ? bookTransfer(batch, command, account, to)
    : openTransfer(batch, command, account, to, why);
}

/** Returns whether the books have just this transfer: booked, in doubt, or decided by operators. */
function isThis(
  first: Movement,
  { terminal, amount, currency }: RetellTransfer,
  account: Account | undefined,
  to: Account | undefined,
): boolean {
  return first.kind === "transfer" && first.outcome === "ok" && first.terminal === terminal &&
    first.amount === amount && first.currency === currency &&
    first.debit === account?.id && first.credit === to?.id;
}

/** Returns why a transfer that the bank once booked cannot be booked as the books are now. */
function whyNotNow(account: Account, to: Account, amount: bigint): string | null {
  const refusal = transferRefusalOf(account, to, amount);
  switch (refusal) {
    case undefined:
      return null;
    case "account_closed":
      return `account ${account.number} is closed`;
    case "insufficient_funds":
      return `account ${account.number} has less than that`;
    default:
      return "the recipient cannot receive it";
  }
}

/** Returns the refusal of a transfer that was accepted before, or is decided by operators. */
export function transferRefusalOf(
  account: Account,
  to: Account,
  amount: bigint,
): Outcome | undefined {
  if (account.state === "closed") return "account_closed";
  if (to.state === "closed" || !mayChange(to, amount)) return "recipient_unavailable";
  if (amount > account.balance - account.held) return "insufficient_funds";
}

function bookTransfer(
  batch: Batch,
  command: RetellTransfer,
  account: Account,
  to: Account,
): Answer {
  const { books } = batch;
  const { movement, terminal, amount, currency } = command;
  const day = dayToCharge(batch, command.timeMs, 0);
  books.adjust(account.id, { balance: -amount });
  books.adjust(to.id, { balance: amount });
  // A later day that has begun is not charged with an earlier one's.
  if (account.day <= day) books.charge(account.id, day, { out: amount });
  const row = batch.addRow({
    ...{ id: movement, step: 1, action: "book", kind: "transfer", terminal },
    ...{ customer: account.owner, debit: account.id, credit: to.id },
    ...{ amount, booked: amount, currency, outcome: "ok", chargedDay: day },
  });
  logTransfer(batch, row, "book", "reported by the ATM after a restore");
  return { outcome: "ok" };
}

/** Opens a transfer. It holds no money: the terminal's word is not enough for that, either. */
function openTransfer(
  batch: Batch,
  { movement, terminal, amount, currency }: RetellTransfer,
  account: Account,
  to: Account,
  why: string,
): Answer {
  const row = batch.addRow({
    ...{ id: movement, step: 1, action: "authorise", kind: "transfer", terminal },
    ...{ customer: account.owner, debit: account.id, credit: to.id },
    ...{ amount, booked: 0n, currency, outcome: "ok" },
  });
  logTransfer(batch, row, "authorise", `in doubt, reported by the ATM after a restore: ${why}`);
  return { outcome: "ok" };
}

/** Ends a transfer in doubt as operators have decided: an amount of 0 drops it. */
export function settleTransfer(
  batch: Batch,
  first: Movement,
  amount: bigint,
  operator: string,
): Answer {
  if (amount > 0n) {
    batch.books.adjust(first.debit!, { balance: -amount });
    batch.books.adjust(first.credit!, { balance: amount });
  }
  const action = amount > 0n ? "complete" : "reverse";
  const row = batch.addRow({ ...first, step: 2, action, booked: amount, operator });
  const how = amount > 0n ? "settled by the bank" : "not booked: settled by the bank";
  logTransfer(batch, row, "settle", how);
  return { outcome: "ok", booked: amount };
}

/** Logs a row for the sender; for the recipient, too, if it booked money. */
function logTransfer(
  batch: Batch,
  row: Movement,
  step: "book" | "authorise" | "settle",
  how: string,
): void {
  const { id: movement, booked } = row;
  const [account, to] = [batch.books.account(row.debit!)!, batch.books.account(row.credit!)!];
  const amount = booked > 0n ? booked : row.amount;
  const terminal = batch.terminalName(row.terminal);
  const facts = { kind: "transfer", outcome: "ok", movement, amount, terminal } as const;
  const sent = `transfer ${batch.money(amount)} to account ${to.number} (${maskedName(to.owner)})`;
  const ofSender = accountFacts(batch, row, account.id);
  batch.log(account.owner, `${sent} - ${how}`, { ...facts, ...ofSender, step });
  if (booked === 0n) return;
  const received = `receive ${batch.money(amount)} from account ${account.number} ` +
    `(${maskedName(account.owner)})`;
  const ofRecipient = accountFacts(batch, row, to.id);
  batch.log(to.owner, `${received} - ${how}`, { ...facts, ...ofRecipient });
}

function refuse(
  batch: Batch,
  { movement, terminal, amount, account, to }: RetellTransfer,
  outcome: Outcome = "id_reused",
): Answer {
  const name = batch.terminalName(terminal);
  const what = `report a transfer of ${batch.money(amount)} from account ${account} to account ` +
    `${to} after a restore`;
  batch.log(`terminal ${name}`, failed(what, outcome), { outcome, movement });
  return { outcome };
}
