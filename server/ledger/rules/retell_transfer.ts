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
import { accountNamed } from "./retell.ts";
import { maskedName } from "./transfer.ts";

/** Both sides of a transfer. */
interface Sides {
  account: Account;
  to: Account;
}

export function retellTransfer(batch: Batch, command: RetellTransfer): Answer {
  const { books } = batch;
  const { movement, terminal, currency, vouched } = command;
  if (!books.restoring?.waiting.includes(terminal)) {
    return refuse(batch, command, "unknown_movement");
  }
  const account = accountNamed(batch, command.account, command.uid);
  const to = accountNamed(batch, command.to, command.toUid);
  const differences = books.accountOf("differences")!;
  const sides = { account: account ?? differences, to: to ?? differences };
  const first = books.movement(movement, 1);
  if (first) {
    return isThis(first, command, sides) ? { outcome: "ok" } : refuse(batch, command, "id_reused");
  }
  const refused = amountRefusalOf(command) ??
    (command.account === command.to
      ? "same_account"
      : [account, to].some((each) => each && each.currency !== currency)
      ? "wrong_currency"
      : undefined);
  if (refused) return refuse(batch, command, refused);
  if (!account && !to) {
    // There is nothing to book, now or later, and the terminal has done what it can.
    refuse(batch, command, "unknown_account");
    return { outcome: "ok" };
  }
  const why = whyNotNow(command, account, to) ?? (vouched ? null : "without the bank's voucher");
  return why === null
    ? bookTransfer(batch, command, sides)
    : openTransfer(batch, command, sides, why);
}

/** Returns whether the books have just this transfer: booked, in doubt, or decided by operators. */
function isThis(
  first: Movement,
  { terminal, amount, currency }: RetellTransfer,
  { account, to }: Sides,
): boolean {
  return first.kind === "transfer" && first.outcome === "ok" && first.terminal === terminal &&
    first.amount === amount && first.currency === currency &&
    first.debit === account.id && first.credit === to.id;
}

/**
 * Returns why a transfer that the bank once booked cannot be booked as the books are now. The
 * differences account is on the side of an account that the bank does not have any more.
 */
function whyNotNow(
  command: RetellTransfer,
  account: Account | undefined,
  to: Account | undefined,
): string | null {
  if (!account) return `account ${command.account} is unknown`;
  if (!to) return `account ${command.to} is unknown`;
  switch (transferRefusalOf({ account, to }, command.amount)) {
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
export function transferRefusalOf({ account, to }: Sides, amount: bigint): Outcome | undefined {
  if (account.state === "closed") return "account_closed";
  if (to.state === "closed" || !mayChange(to, amount)) return "recipient_unavailable";
  if (!mayChange(account, -amount)) return "over_balance_limit";
  const isShort = account.kind === "customer" && amount > account.balance - account.held;
  return isShort ? "insufficient_funds" : undefined;
}

/** Books a transfer, and charges it to the present day. */
function bookTransfer(batch: Batch, command: RetellTransfer, { account, to }: Sides): Answer {
  const { movement, terminal, amount, currency } = command;
  batch.books.adjust(account.id, { balance: -amount });
  batch.books.adjust(to.id, { balance: amount });
  batch.books.charge(account.id, batch.day, { out: amount });
  const row = batch.addRow({
    ...{ id: movement, step: 1, action: "book", kind: "transfer", terminal },
    ...{ customer: account.owner, debit: account.id, credit: to.id },
    ...{ amount, booked: amount, currency, outcome: "ok" },
  });
  logTransfer(batch, row, "book", "reported by the ATM after a restore");
  return { outcome: "ok" };
}

/** Opens a transfer. It holds no money: the terminal's word is not enough for that, either. */
function openTransfer(
  batch: Batch,
  { movement, terminal, amount, currency }: RetellTransfer,
  { account, to }: Sides,
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
  const log = (side: Account, words: string, more: { step?: typeof step }) => {
    const own = side.kind === "customer";
    batch.log(own ? side.owner : `terminal ${terminal}`, `${words} - ${how}`, {
      ...facts,
      ...more,
      ...(own && accountFacts(batch, row, side.id)),
    });
  };
  log(account, `transfer ${batch.money(amount)} to ${inWords(to)}`, { step });
  if (booked > 0n) log(to, `receive ${batch.money(amount)} from ${inWords(account)}`, {});
}

/** Returns the other side of a transfer, with its masked owner. */
function inWords({ kind, number, owner }: Account): string {
  return kind === "customer" ? `account ${number} (${maskedName(owner)})` : "the bank";
}

function refuse(
  batch: Batch,
  { movement, terminal, amount, account, to }: RetellTransfer,
  outcome: Outcome,
): Answer {
  const name = batch.terminalName(terminal);
  const what = `report a transfer of ${batch.money(amount)} from account ${account} to account ` +
    `${to} after a restore`;
  batch.log(`terminal ${name}`, failed(what, outcome), { outcome, movement });
  return { outcome };
}
