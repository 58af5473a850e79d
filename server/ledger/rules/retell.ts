/**
 * After a restore the bank lacks what happened since its backup. Each terminal retells what its
 * devices did, from its journal, before any customer is served: what the books lack is booked in one
 * step, and what they have is left as it is.
 */
import type { Outcome } from "../../../lib/errors.ts";
import type { Account, Movement } from "../model.ts";
import type { Retell, Retold } from "../command.ts";
import { amountRefusalOf } from "./authorise.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { isOver, mayChange } from "./bounds.ts";
import { countCash, loadCash } from "./load_cash.ts";
import { settle } from "./settle.ts";

/** Notes that a customer got or gave. */
type Moved = Omit<Retell, "kind"> & { kind: "withdrawal" | "deposit" };

export function retell(batch: Batch, command: Retell): Answer {
  const { movement, terminal, kind, amount } = command;
  if (!batch.books.restoring?.waiting.includes(terminal)) return refuse(batch, command);
  const first = batch.books.movement(movement, 1);
  const cash = batch.books.accountOf("terminal", terminal);
  if (kind === "load") return loadCash(batch, { ...command, op: "load_cash" });
  if (kind === "count") return countCash(batch, { ...command, op: "count_cash" });
  if (first) {
    if (first.kind === kind && first.action === "book") return { outcome: first.outcome };
    return amount > 0n
      ? settle(batch, { op: "complete", movement, terminal, amount })
      : settle(batch, { op: "reverse", movement, terminal });
  }
  if (amount <= 0n) return { outcome: "ok" }; // nothing moved, and nothing is missing
  if (!cash || command.currency !== cash.currency) return refuse(batch, command);
  const refused = amountRefusalOf(command);
  if (refused) return refuse(batch, command, refused);
  book(batch, { ...command, kind }, cash);
  return { outcome: "ok" };
}

/** The terminal has no more to tell. */
export function retold(batch: Batch, { terminal }: Retold): Answer {
  if (batch.books.restoring?.waiting.includes(terminal)) {
    const name = batch.terminalName(terminal);
    batch.log(`terminal ${name}`, "has told again what it did since the backup", {
      outcome: "ok",
      terminal: name,
    });
    stopWaiting(batch, [terminal]);
  }
  return { outcome: "ok" };
}

/** Stops waiting for these terminals; after the last one, customers are served again. */
export function stopWaiting(batch: Batch, terminals: readonly string[]): void {
  const { restoring } = batch.books;
  if (!restoring) return;
  const waiting = restoring.waiting.filter((id) => !terminals.includes(id));
  if (waiting.length === restoring.waiting.length) return;
  batch.books.setRestoring({ ...restoring, waiting });
  if (waiting.length > 0) return;
  batch.log("bank", "serve customers again after the restore", { outcome: "ok" });
}

/** The customer's account where it can bear it, otherwise the differences account: notes did move. */
function book(batch: Batch, command: Moved, cash: Account): void {
  const { books } = batch;
  const { kind, amount, movement, terminal } = command;
  const account = books.accountNumbered(command.account);
  const why = whyNotTheirs(batch, command, account, cash);
  const payer = why === null ? account! : books.accountOf("differences")!;
  const [debit, credit] = kind === "withdrawal" ? [payer, cash] : [cash, payer];
  books.adjust(debit.id, { balance: -amount });
  books.adjust(credit.id, { balance: amount });
  if (kind === "deposit") books.charge(cash.id, batch.day, { in: amount });
  else for (const { id } of [debit, credit]) books.charge(id, batch.day, { out: amount });
  const customer = account?.kind === "customer" ? account.owner : "";
  const row: Movement = batch.addRow({
    ...{ id: movement, step: 1, action: "book", kind, terminal, customer },
    ...{ debit: debit.id, credit: credit.id, amount, booked: amount },
    ...{ currency: cash.currency, outcome: "ok" },
  });
  const name = batch.terminalName(terminal);
  const verb = kind === "withdrawal" ? "withdraw" : "deposit";
  const action = `${verb} ${batch.money(amount)} - told again by the machine after a restore`;
  const differs = why === null ? "" : `, to the differences account: ${why}`;
  batch.log(why === null ? customer : `terminal ${name}`, action + differs, {
    kind,
    outcome: "ok",
    movement: row.id,
    step: "book",
    amount,
    terminal: name,
  });
}

/** Why the customer's account cannot bear it; null where it can. */
function whyNotTheirs(
  batch: Batch,
  { kind, amount, account: number }: Moved,
  account: Account | undefined,
  cash: Account,
): string | null {
  if (account?.kind !== "customer") return `account ${number} is not known`;
  if (account.currency !== cash.currency) return `account ${number} has another currency`;
  if (account.state === "closed") return `account ${number} is closed`;
  if (kind === "withdrawal") {
    return amount > account.balance - account.held ? `account ${number} has less than that` : null;
  }
  if (!mayChange(account, amount)) return `account ${number} has no room for it`;
  const takenIn = batch.chargedToday(cash).dayIn + amount;
  return isOver(takenIn, cash.dayInMax ?? batch.books.limits.terminalDayInMax)
    ? `more than the terminal may take in in a day`
    : null;
}

function refuse(
  batch: Batch,
  { movement, terminal }: Retell,
  outcome: Outcome = "unknown_movement",
): Answer {
  const name = batch.terminalName(terminal);
  batch.log(`terminal ${name}`, failed("tell a movement again", outcome), { outcome, movement });
  return { outcome };
}
