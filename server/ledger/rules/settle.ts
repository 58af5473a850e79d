/** The second phase: the terminal says what its devices did, or that it gives up. */
import type { Movement } from "../books.ts";
import type { Settle } from "../command.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { accountOfRow, logMovement } from "./movement_rows.ts";

export function settle(batch: Batch, command: Settle): Answer {
  const first = batch.books.movement(command.movement, 1);
  if (!first && command.op === "void") return voidUnknown(batch, command);
  if (!first || first.terminal !== command.terminal) return refuseSettling(batch, command);
  const settled = batch.books.movement(command.movement, 2);
  if (command.op === "complete") return complete(batch, command, first, settled);
  if (settled?.action === "complete") {
    return {
      outcome: "already_completed",
      booked: settled.booked,
      account: accountOfRow(batch, first),
    };
  }
  if (settled || first.action === "void" || first.outcome !== "ok") {
    return { outcome: "ok", booked: 0n, account: accountOfRow(batch, first) };
  }
  // A load is booked in one step: nothing of it can be taken back.
  if (first.action === "book") return { outcome: "already_completed", booked: first.booked };
  return settleRow(batch, first, command.op, 0n);
}

function complete(
  batch: Batch,
  command: Settle & { op: "complete" },
  first: Movement,
  settled: Movement | undefined,
): Answer {
  const { amount } = command;
  if (first.action === "void") return { outcome: "voided" };
  if (settled?.action === "complete") {
    const outcome = settled.booked === amount ? "ok" : "already_completed";
    return { outcome, booked: settled.booked, account: accountOfRow(batch, first) };
  }
  if (settled) return { outcome: "already_reversed", account: accountOfRow(batch, first) };
  if (first.action !== "authorise" || first.outcome !== "ok") {
    return refuseSettling(batch, command);
  }
  if (amount <= 0n) return refuseSettling(batch, command, "amount_not_positive");
  if (amount > first.amount) return refuseSettling(batch, command, "amount_too_large");
  return settleRow(batch, first, "complete", amount);
}

/** Ends an open movement: moves what the device moved, and lets go of the hold. */
function settleRow(
  batch: Batch,
  first: Movement,
  action: "complete" | "reverse" | "void",
  booked: bigint,
): Answer {
  const debit = first.debit!, credit = first.credit!;
  const held = first.kind === "withdrawal" ? -first.amount : 0n;
  // The hold's account always changes; the terminal's only when notes moved.
  if (first.kind === "withdrawal") batch.books.adjust(debit, { balance: -booked, held });
  else if (booked > 0n) batch.books.adjust(debit, { balance: -booked });
  if (booked > 0n) batch.books.adjust(credit, { balance: booked });
  const row = batch.addRow({ ...first, step: 2, action, booked, outcome: "ok" });
  logMovement(batch, row, first);
  return { outcome: "ok", booked, account: accountOfRow(batch, first) };
}

function voidUnknown(batch: Batch, { movement, terminal }: Settle): Answer {
  const row = batch.addRow({
    id: movement,
    step: 1,
    action: "void",
    kind: "void",
    terminal,
    customer: "",
    debit: null,
    credit: null,
    amount: 0n,
    booked: 0n,
    currency: batch.books.settings.currency.code,
    outcome: "voided",
  });
  batch.log(`terminal ${batch.terminalName(terminal)}`, "void an unknown movement", {
    outcome: "voided",
    movement: row.id,
  });
  return { outcome: "ok", booked: 0n };
}

function refuseSettling(
  batch: Batch,
  { op, movement, terminal }: Settle,
  outcome: "unknown_movement" | "amount_not_positive" | "amount_too_large" = "unknown_movement",
): Answer {
  batch.log(`terminal ${batch.terminalName(terminal)}`, failed(`${op} a movement`, outcome), {
    outcome,
    movement,
  });
  return { outcome };
}
