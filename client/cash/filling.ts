/** Filling the cassettes: the notes are counted at once, and the bank hears of them at the next meeting. */
import type { DatabaseSync } from "node:sqlite";
import { hex } from "../../lib/bytes.ts";
import type { Currency } from "../../lib/money.ts";
import { transact } from "../atm_folder.ts";
import type { Journal } from "../journal.ts";
import { readInterrupted } from "../settle.ts";
import { type NoteCounts, totalOf } from "./note_mix.ts";
import type { SimulatedDevices } from "./simulated_devices.ts";

export interface Filling {
  database: DatabaseSync;
  journal: Journal;
  devices: SimulatedDevices;
  randomBytes: (length: number) => Uint8Array;
  nowMs: () => number;
}

/** Puts notes into the cassettes and journals what the bank is to book, both or neither. */
export function fillCassettes(
  { database, journal, devices, randomBytes, nowMs }: Filling,
  notes: NoteCounts,
  { code: currency }: Currency,
): void {
  readInterrupted({ journal, devices });
  transact(database, () => {
    const movement = hex(randomBytes(16));
    journal.intend({ movement, kind: "load", amount: totalOf(notes), currency, notes }, nowMs());
    devices.load(notes);
  });
}
