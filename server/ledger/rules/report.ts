/**
 * A terminal's report of a movement that an operator has settled. If the devices' outcome differs
 * from the settlement, the difference is booked between the terminal and the differences account, so that
 * the terminal's account matches the notes in the ATM.
 */
import type { Movement } from "../model.ts";
import type { Settle } from "../command.ts";
import type { Answer, Batch } from "./batch.ts";
import { accountOfRow } from "./movement_rows.ts";

export function report(
  batch: Batch,
  command: Settle,
  first: Movement,
  settled: Movement,
): Answer {
  const moved = command.op === "complete" ? command.amount : 0n;
  const account = accountOfRow(batch, first);
  const before = batch.books.movement(first.id, 3);
  if (!before) bookDifference(batch, first, settled.booked, moved, command.status?.text);
  // One report; repeating it is harmless.
  if (!before || before.amount === moved) {
    // A void's customer waits for what was booked: no note has moved, and the account was charged.
    return command.op === "void" && settled.booked > 0n
      ? { outcome: "already_completed", booked: settled.booked, account }
      : { outcome: "ok", booked: moved, account };
  }
  if (before.amount === 0n) return { outcome: "already_reversed", account };
  return { outcome: "already_completed", booked: before.amount, account };
}

function bookDifference(
  batch: Batch,
  first: Movement,
  known: bigint,
  moved: bigint,
  status: string | undefined,
): void {
  const { books } = batch;
  const cash = books.accountOf("terminal", first.terminal)!.id;
  const differences = books.accountOf("differences")!.id;
  const more = moved - known;
  const booked = more < 0n ? -more : more;
  // Notes beyond the booked amount left the terminal, or entered it; for a smaller amount they did
  // not.
  const cashGave = (first.kind === "withdrawal") === more > 0n;
  const [debit, credit] = cashGave ? [differences, cash] : [cash, differences];
  if (booked > 0n) {
    books.adjust(debit, { balance: -booked });
    books.adjust(credit, { balance: booked });
  }
  const accounts = booked > 0n ? { debit, credit } : { debit: null, credit: null };
  const row = batch.addRow({
    ...first,
    ...accounts,
    step: 3,
    action: "report",
    amount: moved,
    booked,
    status,
  });
  const name = batch.terminalName(first.terminal);
  const what = `report ${batch.money(moved)} moved in a ${first.kind} of ${first.customer}`;
  const why = booked === 0n
    ? "as settled by the operator"
    : `settled as ${batch.money(known)}: ${batch.money(booked)} to the differences account`;
  batch.log(`terminal ${name}`, `${what} - ${why}`, {
    outcome: "ok",
    terminal: name,
    movement: row.id,
    step: "report",
    amount: moved,
  });
}
