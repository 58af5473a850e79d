/** Filling the cassettes: the notes are counted at once, and the bank hears of them at the next meeting. */
import type { DatabaseSync } from "node:sqlite";
import type { Currency } from "../lib/money.ts";
import { transact } from "./folder/transact.ts";
import type { Journal } from "./journal.ts";
import { readInterrupted } from "./settle.ts";
import { type NoteCounts, totalOf } from "./cash/note_mix.ts";
import type { SimulatedDevices } from "./cash/simulated_devices.ts";
import { newMovementId } from "./movement_id.ts";
import type { World } from "../lib/world.ts";

export interface Filling {
  database: DatabaseSync;
  journal: Journal;
  devices: SimulatedDevices;
  world: Pick<World, "nowMs" | "randomBytes">;
}

/**
 * Puts notes into the cassettes and journals what the bank is to book, both or neither. False, and
 * nothing done, while notes lie in the tray: what became of those must be known first.
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

/**
 * People have opened the machine: they took out all notes, counted the bank's own, and put those into
 * the cassettes; what customers had left they keep apart for the bank. Their count settles the
 * movement that was interrupted, even one that the devices lost count of. Gives what is over beside
 * that, below zero what is missing, in minor units: it is journaled for the bank to book.
 */
export function countCassettes(
  { database, journal, devices, world }: Filling,
  counted: NoteCounts,
  { code: currency }: Currency,
): bigint {
  return transact(database, () => {
    let expected = totalOf(devices.inside());
    for (const { movement, kind, state, amount, countsBefore } of journal.unfinished()) {
      if (kind === "left") journal.settled(movement);
      if (state !== "acting" && state !== "doubtful") continue;
      // At most one: until it is settled, nothing else moves.
      const before = totalOf(countsBefore!);
      const sign = kind === "deposit" ? 1n : -1n;
      const moved = sign * (totalOf(counted) - before);
      const done = moved < 0n ? 0n : moved > amount ? amount : moved;
      expected = before + sign * done;
      journal.acted(movement, done);
    }
    devices.recount(counted);
    const amount = totalOf(counted) - expected;
    const movement = newMovementId(world);
    if (amount !== 0n) {
      journal.intend({ movement, kind: "count", amount, currency, notes: counted }, world.nowMs());
    }
    return amount;
  });
}
