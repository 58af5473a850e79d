/**
 * Cash that staff moved: notes that were put into a terminal's cassettes, booked from the vault,
 * and differences found by a count, booked to the differences account.
 */
import type { Outcome } from "../../../lib/errors.ts";
import type { AuditEntry } from "../../audit/entry.ts";
import { type Account, cashSource, type TerminalId } from "../model.ts";
import type { Administer, CountCash, LoadCash } from "../command.ts";
import { cashLoadSmallMinorMax } from "../../../lib/limits.ts";
import { amountMinorMax } from "../../../lib/money.ts";
import { amountRefusalOf } from "./authorise.ts";
import { type Answer, type Batch, failed, failuresOf } from "./batch.ts";
import { mayChange } from "./bounds.ts";
import { cashPatience, oneMore, remembered } from "./throttle.ts";

export function loadCash(batch: Batch, command: LoadCash): Answer {
  const { books } = batch;
  return bookOnce(batch, command, {
    debit: books.accountOf("terminal", command.terminal),
    credit: books.accountOf("vault"),
    action: `load ${batch.money(command.amount)} into the cassettes`,
  });
}

export function countCash(batch: Batch, { amount, ...command }: CountCash): Answer {
  const { books } = batch;
  const cash = books.accountOf("terminal", command.terminal);
  const differences = books.accountOf("differences");
  const over = amount > 0n;
  const size = over ? amount : -amount;
  const found = `${batch.money(size)} ${over ? "over" : "missing"}`;
  return bookOnce(batch, { ...command, amount: size }, {
    debit: over ? cash : differences,
    credit: over ? differences : cash,
    action: `count the notes: ${found}, to the differences account`,
  });
}

/**
 * Books the notes of a revoked terminal to the differences account: no count of them will be
 * reported.
 */
export function writeOff(
  batch: Batch,
  { operator, terminal, movement, reason }: Extract<Administer, { op: "write_off_terminal" }>,
): Answer {
  const { books } = batch;
  const cash = books.accountOf("terminal", terminal);
  const differences = books.accountOf("differences")!;
  const found = books.terminal(terminal);
  const notes = cash ? -cash.balance : 0n;
  const size = notes < 0n ? -notes : notes;
  const [debit, credit] = notes > 0n ? [differences, cash] : [cash, differences];
  const outcome: Outcome = !found || !cash
    ? "unknown_name"
    : found.state !== "revoked"
    ? "not_revoked"
    : notes === 0n
    ? "no_notes"
    : !mayChange(debit!, -size) || !mayChange(credit!, size)
    ? "over_balance_limit"
    : "ok";
  const action = failed(`write off the notes of terminal ${found?.name ?? ""}`, outcome);
  if (outcome !== "ok") {
    batch.log(`operator ${operator}`, `${action} - ${reason}`, { outcome });
    return { outcome };
  }
  const { currency } = cash!;
  const row = { movement, kind: "load", terminal, debit, credit, currency, outcome } as const;
  batch.book({ ...row, amount: size });
  const words = `${action}: ${batch.money(notes)}, to the differences account - ${reason}`;
  batch.log(`operator ${operator}`, words, { outcome, amount: size, movement, step: "book" });
  return { outcome, booked: notes };
}

/** Books in one step, once, from the debit account to the credit account. */
function bookOnce(
  batch: Batch,
  { amount: asked, ...command }: Omit<LoadCash, "op">,
  { debit, credit, action }: {
    debit: Account | undefined;
    credit: Account | undefined;
    action: string;
  },
): Answer {
  const { movement, terminal, currency } = command;
  // An amount that is too large is stored as the smallest such amount: a row has 64 bits for it.
  const amount = asked > amountMinorMax ? amountMinorMax + 1n : asked;
  const { books } = batch;
  const first = books.movement(movement, 1);
  if (first) {
    const same = first.kind === "load" && first.terminal === terminal && first.amount === amount &&
      first.currency === currency && first.debit === (debit?.id ?? null) &&
      first.credit === (credit?.id ?? null);
    return { outcome: same ? first.outcome : first.action === "void" ? "voided" : "id_reused" };
  }
  const cash = books.accountOf("terminal", terminal);
  const outcome: Outcome = amountRefusalOf({ amount }) ??
    (!cash
      ? "unknown_account"
      : currency !== cash.currency
      ? "wrong_currency"
      : !mayChange(debit!, -amount) || !mayChange(credit!, amount)
      ? "over_balance_limit"
      : "ok");
  const log = (outcome: Outcome, row: Partial<AuditEntry> = {}) =>
    batch.log(`terminal ${batch.terminalName(terminal)}`, failed(action, outcome), {
      outcome,
      amount,
      ...row,
    });
  const isSmall = amount <= cashLoadSmallMinorMax;
  if (outcome === "ok" && !isSmall && !countsCash(batch, terminal)) { // not recorded: the same may come again
    log("try_later");
    return { outcome: "try_later" };
  }
  batch.book({ movement, kind: "load", terminal, debit, credit, amount, currency, outcome });
  log(outcome, { movement, step: "book" });
  return { outcome };
}

/** Counts a load or a count of a terminal; returns false where there were too many, and counts nothing. */
function countsCash(batch: Batch, terminal: TerminalId): boolean {
  const loads = failuresOf(batch, cashSource(terminal));
  if (remembered(loads, cashPatience, batch.steadyMs) >= cashPatience.freeCount) return false;
  batch.books.setFailures(oneMore(loads, cashPatience, batch.steadyMs));
  return true;
}
