/**
 * Simulated cash devices: their notes are counters on disk, which survive a crash. Faults can be
 * armed before, between or after the notes of each command.
 */
import type { DatabaseSync } from "node:sqlite";
import type { DeviceFault, DeviceStep } from "../../lib/atm.ts";
import { dispensedNotesMax, escrowNotesMax } from "../../lib/limits.ts";
import { transact } from "../folder/transact.ts";
import { type CashDevices, DeviceError, type DeviceErrorCode, PowerCut } from "./devices.ts";
import { noteCount, type NoteCounts, noteMix, plus, sparingMix } from "./note_mix.ts";

type Place =
  | "cassettes"
  | "stacker"
  | "tray"
  | "reject"
  | "retract"
  | "escrow"
  | "mouth"
  /** Retracted notes of a customer, counted separately from the bank's. */
  | "left";

/**
 * Counts of notes that have passed: of each cassette since it was last filled, and of the last
 * dispense and all that followed.
 */
type Passage =
  | "initial"
  | "presented"
  | "rejected"
  | "deposited"
  | "sequence dispensed"
  | "sequence presented"
  | "sequence rejected"
  | "sequence retracted";

/** The passages that a note from one place to another adds to. */
const passages: Partial<Record<string, readonly Passage[]>> = {
  "cassettes stacker": ["sequence dispensed"],
  "stacker tray": ["presented", "sequence presented"],
  "stacker reject": ["rejected", "sequence rejected"],
  "tray retract": ["sequence retracted"],
  "escrow cassettes": ["deposited"],
};
type Moment = "before" | "between" | "after";

const bankPlaces: readonly Place[] = ["cassettes", "stacker", "tray", "reject", "retract"];
const dispenserSteps: readonly DeviceStep[] = ["dispense", "present", "retract"];

interface Inserted {
  value: bigint;
  done: () => void;
}

export class SimulatedDevices implements CashDevices {
  readonly #faults = new Set<DeviceFault>();
  readonly #inserted: Inserted[] = [];
  /** Called when a customer has taken the presented notes. */
  onTaken: () => void = () => {};
  /** Called when an armed fault has happened. */
  onFault: () => void = () => {};
  #accepting = false;
  #shutterOpen = false;
  #onInserted: () => void = () => {};
  #onTaken: () => void = () => {};

  /**
   * @param patient whether presented notes wait for `takeNotes`; otherwise they are taken at once
   */
  constructor(private readonly database: DatabaseSync, private readonly patient = false) {}

  away(): boolean {
    return false;
  }

  carryOut(): Promise<void> {
    return Promise.resolve();
  }

  // Counters

  cassettes(): NoteCounts {
    return this.#counts("cassettes");
  }

  loaded(): NoteCounts {
    const rows = this.database.prepare("SELECT value, count FROM notes WHERE place = 'cassettes'")
      .all() as { value: string; count: number }[];
    return largestFirst(rows.map(({ value, count }) => [BigInt(value), count]));
  }

  filled(): ReadonlySet<bigint> {
    return new Set(this.#counts("initial").keys());
  }

  inside(): NoteCounts {
    return this.#counts(...bankPlaces);
  }

  presented(): NoteCounts {
    return this.#counts("tray", "mouth");
  }

  tray(): NoteCounts {
    return this.#counts("tray");
  }

  escrow(): NoteCounts {
    return this.#counts("escrow");
  }

  /** Returns all counts above zero, by place or passage, then by value. */
  snapshot(): Map<string, Map<bigint, number>> {
    const rows = this.database.prepare("SELECT place, value, count FROM notes WHERE count > 0")
      .all() as { place: string; value: string; count: number }[];
    const places = new Map<string, Map<bigint, number>>();
    for (const { place, value, count } of rows) {
      const counts = places.get(place) ?? new Map<bigint, number>();
      places.set(place, counts.set(BigInt(value), count));
    }
    return places;
  }

  /** Returns the notes in some places, or that have passed. */
  at(...places: (Place | Passage)[]): NoteCounts {
    return this.#counts(...places);
  }

  withheld(): NoteCounts {
    return this.#counts("escrow", "mouth");
  }

  /** Returns every note in the ATM, the bank's and customers'. */
  everywhere(): NoteCounts {
    return this.#counts(...bankPlaces, "escrow", "mouth", "left");
  }

  accepting(): boolean {
    return this.#accepting;
  }

  /** Returns whether a note can be inserted now. */
  isOpen(): boolean {
    return this.#shutterOpen;
  }

  jammed(): ("dispenser" | "acceptor")[] {
    return (["dispenser", "acceptor"] as const).filter((device) => this.#marked(device));
  }

  counted(): boolean {
    return !this.#marked("counters");
  }

  // The dispenser

  denominate(amount: bigint): NoteCounts {
    const mix = sparingMix(this.cassettes(), amount, dispensedNotesMax);
    if (mix) return mix;
    const any = noteMix(this.cassettes(), amount, 10 * dispensedNotesMax);
    throw new DeviceError(any ? "tooManyItems" : "notDispensable", "denominate");
  }

  /** @param continues whether what has passed since the last dispense is still counted */
  async dispense(mix: NoteCounts, _token?: string, continues = false): Promise<void> {
    if (this.#marked("dispenser")) throw new DeviceError("hardwareError", "dispense");
    if (this.tray().size > 0) throw new DeviceError("shutterOpen", "dispense");
    if (this.#counts("stacker").size > 0) throw new DeviceError("itemsLeft", "dispense");
    const short = [...mix].some(([value, count]) => (this.cassettes().get(value) ?? 0) < count);
    if (short) throw new DeviceError("notDispensable", "dispense");
    if (noteCount(mix) > dispensedNotesMax) throw new DeviceError("tooManyItems", "dispense");
    if (!continues) this.beginSequence();
    await this.#move("dispense", [["cassettes", "stacker", mix]]);
  }

  /** Sets what has passed since the last dispense to zero. */
  beginSequence(): void {
    this.database.prepare("DELETE FROM notes WHERE place LIKE 'sequence %'").run();
  }

  async present(): Promise<void> {
    const notes = this.#counts("stacker");
    if (notes.size === 0) throw new DeviceError("noItems", "present");
    try {
      await this.#move("present", [["stacker", "tray", notes]]);
    } finally {
      if (!this.patient) this.takeNotes();
    }
  }

  itemsTaken(): Promise<void> {
    if (this.presented().size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onTaken = resolve;
    return promise;
  }

  async retract(): Promise<void> {
    await this.#clear([["stacker", "reject"], ["tray", "retract"]]);
  }

  /** Moves notes from the stacker into the reject bin. */
  async reject(): Promise<void> {
    await this.#clear([["stacker", "reject"]]);
  }

  /** Moves notes from the tray into the retract bin. */
  async retractTray(): Promise<void> {
    await this.#clear([["tray", "retract"]]);
  }

  async #clear(moves: (readonly ["stacker" | "tray", "reject" | "retract"])[]): Promise<void> {
    const all = moves.map(([from, to]) => [from, to, this.#counts(from)] as const);
    if (all.every(([, , notes]) => notes.size === 0)) throw new DeviceError("noItems", "retract");
    await this.#move("retract", all);
  }

  // The acceptor

  cashInStart(): Promise<void> {
    if (this.#marked("acceptor")) {
      return Promise.reject(new DeviceError("hardwareError", "cashIn"));
    }
    this.#accepting = this.#shutterOpen = true;
    return Promise.resolve();
  }

  async cashIn(): Promise<void> {
    while (this.#shutterOpen && this.#inserted.length === 0) {
      await new Promise<void>((resolve) => this.#onInserted = resolve);
    }
    const note = this.#shutterOpen ? this.#inserted.shift() : undefined;
    if (!note) throw new DeviceError("noCashInActive", "cashIn");
    try {
      const full = noteCount(this.escrow()) >= escrowNotesMax; // one more note is returned
      if (!full) await this.#move("cashIn", [[null, "escrow", new Map([[note.value, 1]])]]);
    } finally {
      note.done();
    }
  }

  closeShutter(): void {
    this.#shutterOpen = false;
    this.#onInserted();
    for (const { done } of this.#inserted.splice(0)) done();
  }

  async cashInEnd(): Promise<void> {
    this.#shut();
    await this.#move("cashInEnd", [["escrow", "cassettes", this.escrow()]]);
  }

  async cashInRollback(): Promise<void> {
    this.#shut();
    try {
      await this.#move("cashInRollback", [["escrow", "mouth", this.escrow()]]);
    } finally {
      if (!this.patient) this.takeNotes();
    }
  }

  retractWithheld(): void {
    for (const place of ["escrow", "mouth"] as const) {
      for (const [value, count] of this.#counts(place)) {
        this.#add(place, value, -count);
        this.#add("left", value, count);
      }
    }
    this.#onTaken();
  }

  /** Shuts the acceptor, as a power cut does. */
  forget(): void {
    this.#shut();
  }

  // The customer

  /**
   * Inserts a note into the acceptor; does nothing when it is shut. Resolves when the note is
   * counted.
   */
  insert(value: bigint): Promise<void> {
    if (!this.#shutterOpen) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#inserted.push({ value, done: resolve });
    this.#onInserted();
    return promise;
  }

  /** Takes the presented notes. */
  takeNotes(): void {
    this.database.prepare("DELETE FROM notes WHERE place IN ('tray', 'mouth')").run();
    this.#onTaken();
    this.onTaken();
  }

  // The operator

  load(notes: NoteCounts): void {
    for (const [value, count] of notes) {
      this.#add("cassettes", value, count);
      this.#add("initial", value, count);
    }
  }

  /** Sets one cassette, within the caller's transaction: its other counts begin at zero. */
  setCassette(value: bigint, count: number): void {
    this.database.prepare(
      `DELETE FROM notes WHERE value = ?
        AND place IN ('cassettes', 'initial', 'presented', 'rejected', 'deposited')`,
    ).run(value.toString());
    this.load(new Map([[value, count]]));
  }

  /** Empties a bin, within the caller's transaction. */
  empty(bin: "reject" | "retract" | "left"): void {
    this.database.prepare("DELETE FROM notes WHERE place = ?").run(bin);
  }

  /** Moves every note in transit into a bin and clears every jam, as staff do. */
  reset(): void {
    transact(this.database, () => {
      for (
        const [from, to] of [
          ["stacker", "reject"],
          ["tray", "retract"],
          ["escrow", "left"],
          ["mouth", "left"],
        ] as const
      ) {
        for (const [value, count] of this.#counts(from)) this.#pass(from, to, value, count);
      }
      for (const name of ["dispenser", "acceptor", "counters"]) this.#repair(name);
    });
    this.#shut();
    this.#onTaken();
  }

  #repair(name: string): void {
    this.database.prepare("DELETE FROM settings WHERE name = ?").run(name);
  }

  /** Clears every jam; the counters stay as they are. */
  clearJams(): void {
    this.database.prepare("DELETE FROM settings WHERE name IN ('dispenser', 'acceptor')").run();
  }

  recount(notes: NoteCounts): void {
    this.database.prepare("DELETE FROM notes").run();
    for (const name of ["dispenser", "acceptor", "counters"]) this.#repair(name);
    this.load(notes);
  }

  // Faults

  faults(): DeviceFault[] {
    return [...this.#faults];
  }

  /** Arms a fault: it happens once, at the next opportunity. */
  arm(fault: DeviceFault): void {
    this.#faults.add(fault);
  }

  disarm(fault: DeviceFault): void {
    this.#faults.delete(fault);
  }

  /** Moves notes one by one, and fails at an armed fault. */
  async #move(
    step: DeviceStep,
    moves: (readonly [from: Place | null, to: Place, notes: NoteCounts])[],
  ): Promise<void> {
    const notes = moves.flatMap(([from, to, counts]) =>
      [...counts].flatMap(([value, count]) =>
        Array.from({ length: count }, () => ({ from, to, value }))
      )
    );
    await Promise.resolve(); // a device always answers asynchronously
    this.#mayFail(step, "before", 0);
    for (const [index, { from, to, value }] of notes.entries()) {
      if (index === notes.length >> 1) this.#mayFail(step, "between", index);
      transact(this.database, () => this.#pass(from, to, value, 1));
    }
    this.#mayFail(step, "after", notes.length);
  }

  #pass(from: Place | null, to: Place, value: bigint, count: number): void {
    if (from) this.#add(from, value, -count);
    for (const each of [to, ...passages[`${from} ${to}`] ?? []]) this.#add(each, value, count);
  }

  #mayFail(step: DeviceStep, moment: Moment, moved: number): void {
    const fault = (["power cut", "jam", "lost count"] as const)
      .map((what) => `${what} ${moment} ${step}` as DeviceFault)
      .find((armed) => this.#faults.delete(armed));
    if (!fault) return;
    this.onFault();
    if (fault.startsWith("power")) {
      this.#shut();
      throw new PowerCut(fault);
    }
    this.#mark(dispenserSteps.includes(step) ? "dispenser" : "acceptor");
    const lost = fault.startsWith("lost");
    if (lost) { for (const name of ["dispenser", "acceptor", "counters"]) this.#mark(name); }
    throw new DeviceError(step === "present" ? presentError(lost, moved) : "hardwareError", step);
  }

  #shut(): void {
    this.closeShutter();
    this.#accepting = false;
  }

  /** Stores a failure on disk: a restart does not clear it. */
  #mark(name: string): void {
    this.database.prepare("INSERT OR REPLACE INTO settings VALUES (?, 'broken')").run(name);
  }

  #marked(name: string): boolean {
    return this.database.prepare("SELECT 1 FROM settings WHERE name = ?").get(name) !== undefined;
  }

  #counts(...places: (Place | Passage)[]): NoteCounts {
    const rows = this.database.prepare("SELECT place, value, count FROM notes WHERE count > 0")
      .all() as { place: Place | Passage; value: string; count: number }[];
    const counts = rows.filter(({ place }) => places.includes(place))
      .reduce<NoteCounts>(
        (sum, { value, count }) => plus(sum, new Map([[BigInt(value), count]])),
        new Map(),
      );
    return largestFirst(counts);
  }

  #add(place: Place | Passage, value: bigint, count: number): void {
    this.database.prepare(
      `INSERT INTO notes VALUES (?, ?, max(?, 0))
       ON CONFLICT DO UPDATE SET count = count + ?`,
    ).run(place, value.toString(), count, count);
  }
}

function largestFirst(counts: Iterable<readonly [bigint, number]>): NoteCounts {
  return new Map([...counts].sort(([a], [b]) => a < b ? 1 : -1));
}

function presentError(lost: boolean, presented: number): DeviceErrorCode {
  if (lost) return "presentErrorUnknown";
  return presented > 0 ? "presentErrorItems" : "presentErrorNoItems";
}
