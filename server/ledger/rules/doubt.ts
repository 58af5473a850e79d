/**
 * Withdrawals in doubt: their device has ended, and gives no proof of their outcome. The money stays
 * held, and the terminal has no more to say about it: an operator settles it after a count.
 */
import type { Outcome } from "../../../lib/errors.ts";
import { canonicalMovement, changeOf } from "../canonical.ts";
import type { DeviceStatus, Doubt } from "../command.ts";
import type { Movement } from "../model.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { accountOfRow } from "./movement_rows.ts";
import { confirmDeviceKeys, provedAmount, statusNonceOf } from "./proof.ts";

/** Returns whether a movement is in doubt, or was until an operator settled it. */
export function isInDoubt({ books }: Batch, { id }: Pick<Movement, "id">): boolean {
  return books.movement(id, 3)?.action === "doubt";
}

/**
 * Declares a withdrawal in doubt. Its device must have attested its present status for it: until
 * then a proof may follow.
 */
export function doubt(batch: Batch, { movement, terminal, status }: Doubt): Answer {
  const first = batch.books.movement(movement, 1);
  if (first?.terminal !== terminal || first.token === "") {
    return refuse(batch, { movement, terminal }, "unknown_movement");
  }
  const settled = batch.books.movement(movement, 2);
  if (settled) {
    const { action, booked } = settled;
    const outcome = action === "complete" ? "already_completed" : "already_reversed";
    return { outcome, booked, account: accountOfRow(batch, first) };
  }
  if (isInDoubt(batch, first)) return { outcome: "ok" };
  confirmDeviceKeys(batch, terminal, status);
  if (status?.nonce !== statusNonceOf(first)) {
    const answer = refuse(batch, { movement, terminal }, "unproven");
    return { ...answer, statusNonce: statusNonceOf(first) };
  }
  if (provedAmount(first, status) !== null) return { outcome: "try_later" };
  putInDoubt(batch, first, status, "its device gives no proof");
  return { outcome: "ok" };
}

/** Records that an open withdrawal is in doubt, once. */
export function putInDoubt(
  batch: Batch,
  first: Movement,
  status: DeviceStatus | undefined,
  why: string,
): void {
  if (isInDoubt(batch, first)) return;
  const row = batch.addRow({
    ...first,
    ...{ step: 3, action: "doubt", debit: null, credit: null, booked: 0n },
    status: status?.text,
  });
  const terminal = batch.terminalName(first.terminal);
  const words = `withdraw ${batch.money(first.amount)} is in doubt: ${why} - count the notes`;
  batch.log(`terminal ${terminal}`, words, {
    ...{ outcome: "ok", terminal, movement: first.id, amount: first.amount },
    rows: [changeOf(null, canonicalMovement(row))],
  });
}

function refuse(
  batch: Batch,
  { movement, terminal }: Pick<Doubt, "movement" | "terminal">,
  outcome: Outcome,
): Answer {
  const name = batch.terminalName(terminal);
  const words = failed("declare a movement in doubt", outcome);
  batch.log(`terminal ${name}`, words, { outcome, terminal: name, movement });
  return { outcome };
}
