/** Notes put into a terminal's cassettes: booked from the vault in one step. */
import type { Outcome } from "../../../lib/errors.ts";
import type { LoadCash } from "../command.ts";
import { amountRefusalOf } from "./authorise.ts";
import { type Answer, type Batch, failed } from "./batch.ts";

export function loadCash(batch: Batch, command: LoadCash): Answer {
  const { movement, terminal, amount, currency } = command;
  const { books } = batch;
  const first = books.movement(movement, 1);
  if (first) {
    const same = first.kind === "load" && first.terminal === terminal && first.amount === amount &&
      first.currency === currency;
    return { outcome: same ? first.outcome : first.action === "void" ? "voided" : "id_reused" };
  }
  const cash = books.accountOf("terminal", terminal);
  const vault = books.accountOf("vault")!;
  const outcome: Outcome = amountRefusalOf(command) ??
    (!cash ? "unknown_account" : currency !== cash.currency ? "wrong_currency" : "ok");
  batch.book({
    movement,
    kind: "load",
    terminal,
    debit: cash,
    credit: vault,
    amount,
    currency,
    outcome,
  });
  const action = `load ${batch.money(amount)} into the cassettes`;
  batch.log(`terminal ${batch.terminalName(terminal)}`, failed(action, outcome), {
    outcome,
    movement,
    step: "book",
    amount,
  });
  return { outcome };
}
