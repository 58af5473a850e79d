/** What a movement's rows have booked up to now. */
import { correctionSteps, type Movement, type MovementId } from "./model.ts";
import type { ReadStore } from "./store.ts";

/** Returns a movement's rows, the first one first; none for a text that is no movement's id. */
export async function movementRows(
  store: Pick<ReadStore, "movementsAfter">,
  movement: MovementId,
): Promise<Movement[]> {
  if (!/^[0-9a-f]{32}$/.test(movement)) return [];
  const rows = await store.movementsAfter(movement, 0, correctionSteps.at(-1)!);
  return rows.filter(({ id }) => id === movement);
}

/** Returns the side of a movement that is not its terminal's. */
export const ownSideOf = ({ kind }: Pick<Movement, "kind">): "debit" | "credit" =>
  kind === "deposit" || kind === "load" ? "credit" : "debit";

/**
 * Returns the amount that a movement has booked at the account on its own side: settled, and
 * corrected since.
 * @param rows all of them, the first one first
 */
export function bookedBy(rows: readonly Movement[]): bigint {
  const first = rows[0]!;
  const side = ownSideOf(first);
  const account = first[side];
  const other = side === "debit" ? "credit" : "debit";
  let sum = (rows.find(({ step }) => step === 2) ?? first).booked;
  for (const row of rows.filter(({ action }) => action === "correct")) {
    if (row[side] === account) sum += row.booked;
    else if (row[other] === account) sum -= row.booked;
  }
  return sum;
}
