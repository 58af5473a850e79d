/** What operators do: customers and terminals are added. */
import { amountMinorMax } from "../../../lib/money.ts";
import type { Administer } from "../command.ts";
import { type Answer, type Batch, failed } from "./batch.ts";

export function administer(
  batch: Batch,
  command: Extract<Administer, { op: "add_customer" | "enrol_terminal" }>,
): Answer {
  const who = `operator ${command.operator}`;
  if (command.op === "enrol_terminal") {
    const outcome = batch.books.terminalNamed(command.name) ? "name_taken" : "ok";
    if (outcome === "ok") {
      const { terminal: id, name, keyVersion, sealedKey } = command;
      batch.books.setTerminal({ id, name, keyVersion, sealedKey, state: "active", next: null });
      batch.books.openAccount("terminal", id);
    }
    batch.log(who, failed(`enrol terminal ${command.name}`, outcome), { outcome });
    return { outcome };
  }
  const { username, passwordHash, opening, movement } = command;
  const outcome = batch.books.customer(username)
    ? "name_taken"
    : opening < 0n
    ? "amount_not_positive"
    : opening > amountMinorMax
    ? "amount_too_large"
    : "ok";
  batch.log(who, failed(`add customer ${username}`, outcome), { outcome });
  if (outcome !== "ok") return { outcome };
  batch.books.addCustomer({ username, passwordHash });
  const credit = batch.books.openAccount("customer", username);
  if (opening > 0n) {
    const debit = batch.books.accountOf("vault")!;
    batch.book({
      movement,
      kind: "opening",
      terminal: "",
      debit,
      credit,
      amount: opening,
      customer: username,
    });
    const action = `deposit ${batch.money(opening)} - opening balance`;
    batch.log(username, action, { kind: "deposit", outcome, movement, amount: opening });
  }
  return { outcome, account: batch.books.account(credit.id) };
}
