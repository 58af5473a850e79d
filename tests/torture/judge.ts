/**
 * Whether anything was lost or doubled: what ATMs received and what their devices did, against the
 * rows that the bank has. Pure.
 */

/** Something that the bank has answered an ATM: from then on it must be so for ever. */
export type Acknowledged =
  & { movement: string }
  & (
    /** Leave to move notes. */
    | { what: "leave" }
    /** That it is over: `done` minor units moved, or none. */
    | { what: "end"; done: bigint }
  );

/** A movement's row in the bank's database. */
export interface BankRow {
  movement: string;
  step: number;
  action: string;
  kind: string;
  outcome: string;
  booked: bigint;
}

/** A movement in an ATM's journal, at the end of all. */
export interface Journaled {
  movement: string;
  state: string;
  /** Minor units that the devices moved, or people put in; 0 for none. */
  done: bigint;
}

/** Returns what was acknowledged and is not in the bank's books; each in words. */
export function lostOf(acknowledged: Iterable<Acknowledged>, rows: readonly BankRow[]): string[] {
  const byMovement = Map.groupBy(rows, ({ movement }) => movement);
  const lost: string[] = [];
  for (const answered of acknowledged) {
    const mine = byMovement.get(answered.movement) ?? [];
    const booked = mine.reduce((sum, row) => sum + row.booked, 0n);
    const kept = answered.what === "leave"
      ? mine.some(({ action, outcome }) => action === "authorise" && outcome === "ok")
      : mine.length > 0 && booked === answered.done;
    if (!kept) {
      const was = answered.what === "leave" ? "leave" : `${answered.done} moved`;
      lost.push(
        `${answered.movement}: answered ${was}, the books have ${booked} in ${mine.length} rows`,
      );
    }
  }
  return lost;
}

/** Returns what the bank has booked and no device has moved, or not as often; each in words. */
export function doubledOf(rows: readonly BankRow[], journaled: readonly Journaled[]): string[] {
  const done = new Map(journaled.map(({ movement, done }) => [movement, done]));
  const booked = new Map<string, bigint>();
  for (const row of rows) {
    if (row.kind === "opening") continue;
    booked.set(row.movement, (booked.get(row.movement) ?? 0n) + row.booked);
  }
  return [...booked].filter(([movement, sum]) => sum > (done.get(movement) ?? 0n))
    .map(([movement, sum]) => `${movement}: booked ${sum}, moved ${done.get(movement) ?? 0n}`);
}
