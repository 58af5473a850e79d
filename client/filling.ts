/** Loads and counts the cassettes. The bank books the difference in the next session. */
import type { DatabaseSync } from "node:sqlite";
import type { Currency } from "../lib/money.ts";
import { transact } from "./folder/transact.ts";
import type { Journal } from "./journal.ts";
import { readInterrupted } from "./settle.ts";
import { type NoteCounts, totalOf } from "./cash/note_mix.ts";
import type { CashDevices } from "./cash/devices.ts";
import { newMovementId } from "./movement_id.ts";
import type { World } from "../lib/world.ts";

export interface Filling {
  database: DatabaseSync;
  journal: Journal;
  devices: CashDevices;
  world: Pick<World, "nowMs" | "randomBytes">;
}

/**
 * Loads notes into the cassettes and journals the load, in one transaction. Does nothing and
 * returns false while notes are in the tray: the outcome of their movement must be read first.
 */
export function fillCassettes(
  { database, journal, devices, world }: Filling,
  notes: NoteCounts,
  { code: currency }: Currency,
): boolean {
  if (!readInterrupted({ journal, devices })) return false;
  transact(database, () => {
    const movement = newMovementId(world);
    journal.intend(
      { movement, kind: "load", amount: totalOf(notes), currency, notes },
      world.nowMs(),
    );
    devices.load(notes);
  });
  return true;
}

/** Returns the value of loads and counts that the bank has not booked yet. */
function unbooked(journal: Journal): bigint {
  return journal.open().filter(({ kind }) => kind === "load" || kind === "count")
    .reduce((sum, { amount }) => sum + amount, 0n);
}

/** Returns whether a count decides what a movement in this state has moved. */
const isUncounted = (state: string) => state === "acting" || state === "doubtful";

/** Returns whether the notes in the acceptor are of a deposit that a count decides. */
export function decidedByCount(journal: Journal): boolean {
  const deposit = journal.depositor()?.deposit ?? null;
  return journal.unfinished().some(({ movement, state }) =>
    movement === deposit && isUncounted(state)
  );
}

/**
 * Records a count by staff: they opened the ATM, took out all notes, counted the bank's, and put
 * these into the cassettes; notes that customers left are kept separately for the bank. The count
 * settles an interrupted movement, even if the devices lost count, and checks the flagged ones. The remaining difference from the
 * bank's books is journaled for the bank to book. A journal that lacks movements is confirmed; the
 * books are then those of the last connection.
 * @returns that difference in minor units, negative for a shortage
 */
export function countCassettes(
  { database, journal, devices, world }: Filling,
  counted: NoteCounts,
  { code: currency }: Currency,
): bigint {
  return transact(database, () => {
    const lost = journal.whatIsLost();
    if (lost) journal.confirmLost(lost);
    let expected = lost ? lost.cash + unbooked(journal) : totalOf(devices.inside());
    for (const { movement, kind, state, amount, countsBefore } of journal.unfinished()) {
      if (kind === "left") journal.settled(movement);
      if (!isUncounted(state)) continue;
      // There is one at most: no note moves before it is settled.
      const before = totalOf(countsBefore!);
      const sign = kind === "deposit" ? 1n : -1n;
      const moved = sign * (totalOf(counted) - before);
      const done = moved < 0n ? 0n : moved > amount ? amount : moved;
      expected = before + sign * done;
      journal.acted(movement, done);
    }
    journal.checked();
    devices.recount(counted);
    const amount = totalOf(counted) - expected + (lost ? 0n : journal.surplus());
    journal.compared(0n);
    const movement = newMovementId(world);
    if (amount !== 0n) {
      journal.intend({ movement, kind: "count", amount, currency, notes: counted }, world.nowMs());
    }
    return amount;
  });
}
