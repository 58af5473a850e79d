/** A movement's rows: the customer's account, and the entries in the log. */
import type { AuditEntry } from "../../audit/entry.ts";
import type { Account, Movement } from "../model.ts";
import { type Batch, failed } from "./batch.ts";

/** Returns the account that a withdrawal takes from, or a deposit adds to. */
export function customerAccount(row: Movement): number | null {
  return row.kind === "withdrawal" ? row.debit : row.kind === "deposit" ? row.credit : null;
}

export function accountOfRow(batch: Batch, row: Movement): Account | undefined {
  const id = customerAccount(row);
  return id === null ? undefined : batch.books.account(id);
}

/** Returns the facts of an entry about the customer's account: which, and its balance if it changed. */
export function accountFacts(
  batch: Batch,
  row: Movement,
  id: number | null = customerAccount(row),
): Pick<AuditEntry, "account" | "balance"> {
  const account = id === null ? undefined : batch.books.account(id);
  if (!account) return {};
  const balance = id === row.debit ? row.debitBalance : row.creditBalance;
  return { account: account.number, ...(row.booked > 0n && balance !== null && { balance }) };
}

/**
 * Writes one row of a withdrawal or deposit into its customer's log; into the terminal's if the
 * customer's account does not bear it.
 */
export function logMovement(batch: Batch, row: Movement, first: Movement): void {
  const verb = first.kind === "withdrawal" ? "withdraw" : "deposit";
  const asked = `${verb} ${batch.money(first.amount)}`;
  const done = row.booked < first.amount
    ? `${verb} ${batch.money(row.booked)} of ${batch.money(first.amount)}`
    : asked;
  const action = row.step === 1
    ? row.outcome === "ok" ? `${asked} authorised` : failed(asked, row.outcome)
    : (row.action === "complete" ? done : `${asked} reversed`) +
      (row.operator ? " - settled by the bank" : "");
  const terminal = batch.terminalName(first.terminal);
  const isTheirs = accountOfRow(batch, first)?.kind !== "differences";
  batch.log(isTheirs ? first.customer : `terminal ${terminal}`, action, {
    kind: first.kind === "withdrawal" ? "withdrawal" : "deposit",
    outcome: row.outcome,
    terminal,
    movement: row.id,
    step: row.step === 1 ? "authorise" : "settle",
    amount: row.step === 1 || row.action !== "complete" ? first.amount : row.booked,
    ...(isTheirs && accountFacts(batch, row)),
  });
}
