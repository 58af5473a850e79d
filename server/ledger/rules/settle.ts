/** The second phase: the terminal completes or reverses a movement after its devices have acted. */
import type { Movement } from "../model.ts";
import type { Settle } from "../command.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { dayOutOf } from "./bounds.ts";
import { accountOfRow, logMovement } from "./movement_rows.ts";
import { isInDoubt, putInDoubt } from "./doubt.ts";
import { confirmDeviceKeys, provedAmount, statusNonceOf } from "./proof.ts";
import { report } from "./report.ts";
import { transferredBy } from "./transfer.ts";

export function settle(batch: Batch, command: Settle): Answer {
  const first = batch.books.movement(command.movement, 1);
  if (!first && command.op === "void") return voidUnknown(batch, command);
  if (!first || first.terminal !== command.terminal) return refuseSettling(batch, command);
  // A transfer in doubt after a restore: two operators decide it.
  if (first.kind === "transfer" && first.action === "authorise") {
    return refuseSettling(batch, command, "unproven");
  }
  const settled = batch.books.movement(command.movement, 2);
  if (settled && !settled.operator) return settledBefore(batch, command, first, settled);
  if (isInDoubt(batch, first)) return refuseSettling(batch, command, "unproven");
  if (first.token !== "") return settleProved(batch, command, first, settled);
  if (command.op === "complete") {
    if (first.action === "void") return { outcome: "voided" };
    const refused = completingRefused(batch, command, first);
    if (refused) return refused;
  }
  if (settled) return report(batch, command, first, settled);
  return command.op === "complete"
    ? settleRow(batch, first, "complete", command.amount)
    : giveUp(batch, command, first);
}

/**
 * Settles a withdrawal with a token: as its device's status proves it, whatever the terminal asks.
 * Without a proof it stays open; in doubt, if its device is revoked.
 */
function settleProved(
  batch: Batch,
  command: Settle,
  first: Movement,
  settled: Movement | undefined,
): Answer {
  const { op, movement, terminal, status } = command;
  confirmDeviceKeys(batch, terminal, status);
  const proved = provedAmount(first, status);
  if (proved === null) {
    const refused = refuseSettling(batch, command, "unproven");
    // No status of a revoked device is accepted: none will prove it.
    const isLost = !settled && batch.books.terminal(terminal)?.device?.state === "revoked";
    if (!isLost) return { ...refused, statusNonce: statusNonceOf(first) };
    putInDoubt(batch, first, undefined, "its device is revoked");
    return refused;
  }
  const asked = op === "complete" ? command.amount : 0n;
  if (asked !== proved) {
    const name = batch.terminalName(terminal);
    const words = `reports ${batch.money(asked)}, its device attests ${batch.money(proved)}`;
    batch.log(`terminal ${name}`, words, { outcome: "ok", terminal: name, movement });
  }
  if (settled) {
    const right: Settle = proved > 0n
      ? { op: "complete", movement, terminal, amount: proved, status }
      : { op: "reverse", movement, terminal, status };
    return report(batch, right, first, settled);
  }
  const action = proved > 0n ? "complete" : op === "void" ? "void" : "reverse";
  const answer = settleRow(batch, first, action, proved, "", status!.text);
  return op !== "complete" && proved > 0n ? { ...answer, outcome: "already_completed" } : answer;
}

/** Returns why an open movement cannot be completed with an amount. */
function completingRefused(
  batch: Batch,
  command: Settle & { op: "complete" },
  first: Movement,
): Answer | undefined {
  if (first.action !== "authorise" || first.outcome !== "ok") return refuseSettling(batch, command);
  if (command.amount <= 0n) return refuseSettling(batch, command, "amount_not_positive");
  if (command.amount > first.amount) return refuseSettling(batch, command, "amount_too_large");
}

/** Answers for a settled movement: repeating is harmless, anything else gets the booked amount. */
function settledBefore(
  batch: Batch,
  command: Settle,
  first: Movement,
  { action, booked }: Movement,
): Answer {
  const account = accountOfRow(batch, first);
  if (action === "complete") {
    const same = command.op === "complete" && command.amount === booked;
    return { outcome: same ? "ok" : "already_completed", booked, account };
  }
  if (command.op === "complete") return { outcome: "already_reversed", account };
  return { outcome: "ok", booked: 0n, account };
}

function giveUp(batch: Batch, { op }: Settle, first: Movement): Answer {
  if (first.action === "void" || first.outcome !== "ok") {
    return { outcome: "ok", booked: 0n, account: accountOfRow(batch, first) };
  }
  // A movement booked in one step is irrevocable.
  if (first.action === "book") {
    const outcome = "already_completed";
    return { outcome, booked: first.booked, ...transferredBy(batch, first) };
  }
  return settleRow(batch, first, op as "reverse" | "void", 0n);
}

/**
 * Settles an open movement: books the moved amount, releases the hold, and returns the rest to its
 * day.
 * @param operator the operator who settles it instead of the terminal
 * @param status the device's status that proves the amount
 */
export function settleRow(
  batch: Batch,
  first: Movement,
  action: "complete" | "reverse" | "void",
  booked: bigint,
  operator = "",
  status = "",
): Answer {
  const { books } = batch;
  const debit = first.debit!, credit = first.credit!;
  const held = first.kind === "withdrawal" ? -first.amount : 0n;
  const unused = first.amount - booked;
  // The hold's account always changes; the terminal's only if notes moved.
  if (first.kind === "withdrawal") books.adjust(debit, { balance: -booked, held });
  else if (booked > 0n) books.adjust(debit, { balance: -booked });
  if (booked > 0n) books.adjust(credit, { balance: booked });
  if (first.kind === "deposit") books.giveBack(debit, first.day, { in: unused });
  else for (const id of [debit, credit]) books.giveBack(id, first.day, { out: unused });
  const row = batch.addRow({ ...first, step: 2, action, booked, outcome: "ok", operator, status });
  logMovement(batch, row, first);
  const cash = dayOutOf(books.account(first.kind === "withdrawal" ? credit : debit)!);
  return { outcome: "ok", booked, account: accountOfRow(batch, first), cash };
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
    step: "book",
  });
  return { outcome: "ok", booked: 0n };
}

function refuseSettling(
  batch: Batch,
  { op, movement, terminal }: Settle,
  outcome: "unknown_movement" | "amount_not_positive" | "amount_too_large" | "unproven" =
    "unknown_movement",
): Answer {
  batch.log(`terminal ${batch.terminalName(terminal)}`, failed(`${op} a movement`, outcome), {
    outcome,
    movement,
  });
  return { outcome };
}
