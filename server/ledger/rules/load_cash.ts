/** Notes put into a terminal's cassettes: booked from the vault in one step. */
import { amountMinorMax } from "../../../lib/money.ts";
import type { LoadCash } from "../command.ts";
import { type Answer, type Batch, failed } from "./batch.ts";

export function loadCash(batch: Batch, { movement, terminal, amount, currency }: LoadCash): Answer {
  const first = batch.books.movement(movement, 1);
  if (first) {
    const same = first.kind === "load" && first.terminal === terminal && first.amount === amount;
    return { outcome: same ? first.outcome : first.action === "void" ? "voided" : "id_reused" };
  }
  const cash = batch.books.accountOf("terminal", terminal);
  const outcome = amount <= 0n
    ? "amount_not_positive"
    : amount > amountMinorMax
    ? "amount_too_large"
    : !cash
    ? "unknown_account"
    : currency !== cash.currency
    ? "wrong_currency"
    : "ok";
  const vault = batch.books.accountOf("vault")!;
  if (outcome === "ok") {
    batch.book({ movement, kind: "load", terminal, debit: cash!, credit: vault, amount });
  }
  const action = `load ${batch.money(amount)} into the cassettes`;
  batch.log(`terminal ${batch.terminalName(terminal)}`, failed(action, outcome), {
    outcome,
    movement,
    amount,
  });
  return { outcome };
}
