/** The first phase of a withdrawal or a deposit: a hold, or leave to take the notes. */
import { inWords, type Outcome } from "../../../lib/errors.ts";
import { amountMinorMax } from "../../../lib/money.ts";
import type { Account, Movement } from "../books.ts";
import type { Authorise } from "../command.ts";
import type { Answer, Batch } from "./batch.ts";
import { accountOfRow, customerAccount, logMovement } from "./movement_rows.ts";

export function authorise(batch: Batch, command: Authorise): Answer {
  const first = batch.books.movement(command.movement, 1);
  if (first) return again(batch, first, command);
  const cash = batch.books.accountOf("terminal", command.terminal);
  const account = batch.books.account(command.account);
  const outcome = refusalOf(batch, command, account, cash) ?? "ok";
  const mine = account?.owner === command.customer ? account : undefined;
  if (outcome === "ok" && command.kind === "withdrawal") {
    batch.books.adjust(command.account, { held: command.amount });
  }
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
  });
  logMovement(batch, row, row);
  return { outcome, account: mine && batch.books.account(mine.id) };
}

function refusalOf(
  batch: Batch,
  { kind, customer, amount, currency }: Authorise,
  account: Account | undefined,
  cash: Account | undefined,
): Outcome | undefined {
  if (amount <= 0n) return "amount_not_positive";
  if (amount > amountMinorMax) return "amount_too_large";
  if (!cash || account?.kind !== "customer" || account.owner !== customer) {
    return "unknown_account";
  }
  if (currency !== account.currency || currency !== cash.currency) return "wrong_currency";
  if (account.state === "closed") return "account_closed";
  if (account.state === "locked") return "account_locked";
  if (kind === "deposit") return undefined;
  const limit = batch.books.settings.withdrawalMax;
  if (limit !== null && amount > limit) return "over_withdrawal_limit";
  if (amount > account.balance - account.held) return "insufficient_funds";
}

/** The same id once more: the first outcome for the same content, a refusal for other content. */
function again(batch: Batch, first: Movement, command: Authorise): Answer {
  if (first.action === "void") return { outcome: "voided" };
  const same = first.action === "authorise" && first.kind === command.kind &&
    first.terminal === command.terminal && first.customer === command.customer &&
    first.amount === command.amount && first.currency === command.currency &&
    (customerAccount(first) ?? command.account) === command.account;
  if (!same) {
    batch.log(command.customer, `${command.kind} refused - ${inWords("id_reused")}`, {
      kind: command.kind,
      outcome: "id_reused",
      terminal: batch.terminalName(command.terminal),
      movement: command.movement,
    });
    return { outcome: "id_reused" };
  }
  return { outcome: first.outcome, account: accountOfRow(batch, first) };
}
