/** Devices without hardware: their notes are counters on disk, so that they outlive a crash. */
import type { DatabaseSync } from "node:sqlite";
import { escrowNotesMax } from "../../lib/limits.ts";
import { transact } from "../atm_folder.ts";
import type { CashDevices } from "./devices.ts";
import type { NoteCounts } from "./note_mix.ts";

type Place = "cassettes" | "escrow";

export class SimulatedDevices implements CashDevices {
  #open: boolean;
  #shutterOpen = false;

  constructor(private readonly database: DatabaseSync) {
    this.#open = this.#counts("escrow").size > 0; // notes were in escrow when the power went
  }

  cassettes(): NoteCounts {
    return this.#counts("cassettes");
  }

  escrow(): NoteCounts | null {
    return this.#open ? this.#counts("escrow") : null;
  }

  dispense(mix: NoteCounts): Promise<void> {
    for (const [value, count] of mix) this.#add("cassettes", value, -count);
    return Promise.resolve();
  }

  cashInStart(): void {
    this.#open = true;
    this.#shutterOpen = true;
  }

  closeShutter(): void {
    this.#shutterOpen = false;
  }

  /** A customer's hand puts a note in; without effect when shut or full. */
  insert(value: bigint): void {
    const notes = this.#shutterOpen ? this.escrow() : null;
    if (notes && [...notes.values()].reduce((sum, count) => sum + count, 0) < escrowNotesMax) {
      this.#add("escrow", value, 1);
    }
  }

  cashInEnd(): Promise<void> {
    transact(this.database, () => {
      for (const [value, count] of this.#counts("escrow")) this.#add("cassettes", value, count);
      this.#empty();
    });
    this.#open = this.#shutterOpen = false;
    return Promise.resolve();
  }

  cashInRollback(): Promise<void> {
    this.#empty();
    this.#open = this.#shutterOpen = false;
    return Promise.resolve();
  }

  /** Puts notes into the cassettes; part of the caller's transaction. */
  load(notes: NoteCounts): void {
    for (const [value, count] of notes) this.#add("cassettes", value, count);
  }

  #counts(place: Place): NoteCounts {
    const rows = this.database.prepare(
      "SELECT value, count FROM notes WHERE place = ? AND count > 0",
    )
      .all(place) as { value: string; count: number }[];
    return new Map(
      rows.map(({ value, count }) => [BigInt(value), count] as const).sort(([a], [b]) =>
        a < b ? 1 : -1
      ),
    );
  }

  #add(place: Place, value: bigint, count: number): void {
    this.database.prepare(
      `INSERT INTO notes VALUES (?, ?, max(?, 0))
       ON CONFLICT DO UPDATE SET count = count + ?`,
    ).run(place, value.toString(), count, count);
  }

  #empty(): void {
    this.database.prepare("DELETE FROM notes WHERE place = 'escrow'").run();
  }
}
