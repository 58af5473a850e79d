/** An ATM: its host, the hardware and disk that outlive its processes, and the process that runs now. */
import type { BankAtm } from "../../client/atm.ts";
import { prepareTables } from "../../client/folder/atm_folder.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { DevicesAway } from "../../client/cash/devices.ts";
import type { Xfs4IotDevices } from "../../client/cash/xfs4iot/xfs4iot_devices.ts";
import { keyOfFolder, openAtm, openCash, servedDevices } from "../../client/open_atm.ts";
import type { DeviceFault } from "../../lib/atm.ts";
import { formatCard } from "../../lib/card.ts";
import type { Currency } from "../../lib/money.ts";
import { cardsFolderOf, devicesFolderOf } from "../../lib/programs.ts";
import type { Socket } from "../../lib/world.ts";
import type { DatabaseSync } from "node:sqlite";
import type { Card } from "./cards.ts";
import { type DeviceBox, devicesUrl } from "./device_box.ts";
import { Disk } from "./disk.ts";
import { DurableDatabase } from "./guarded_database.ts";
import type { CrashKind, Host, Process } from "./host.ts";
import { Page } from "./page.ts";

const encoder = new TextEncoder();

/** Where notes of the bank's lie, and where a customer's own. */
const bankPlaces = ["cassettes", "stacker", "tray", "reject", "retract"];
const customerPlaces = ["escrow", "mouth", "left"];

const keyPath = "/atm/given.key";
const cardsPath = cardsFolderOf(devicesFolderOf("/atm"));

export interface OpenMovement {
  movement: string;
  kind: string;
  state: string;
  amount: bigint;
  /** Whether the bank's dispense token has come. */
  readonly hasToken: boolean;
}

export interface MachineWorld {
  /** Connects to the bank, from this process. */
  connect(process: Process): Promise<Socket>;
  log(line: string): void;
  /** What no process may do: an error that nobody handles. */
  onFailure(what: string, error: unknown): void;
}

export class Machine {
  readonly disk: Disk;
  readonly #database = new DurableDatabase();
  /** The customer in front of it. */
  occupiedBy: string | null = null;
  #running: { process: Process; atm: BankAtm; page: Page } | null = null;
  #starting: Process | null = null;
  /** Whether it is started again when it has ended. */
  isKept = true;
  /** How likely it crashes at each crash point. */
  #crashesAtPoint = 0;
  #crashesAtAwait = 0;
  starts = 0;

  /** @param box the service that has its devices; null where they are in the ATM's process */
  constructor(
    readonly name: string,
    readonly host: Host,
    private readonly world: MachineWorld,
    readonly box: DeviceBox | null = null,
  ) {
    this.disk = new Disk(host);
    this.#database.prepared((raw) => prepareTables(raw, name));
  }

  /** Where the notes are. */
  get #counters(): DurableDatabase {
    return this.box?.database ?? this.#database;
  }

  set crashesAtPoint(probability: number) {
    this.#crashesAtPoint = probability;
    if (this.#running) this.#running.process.crashesAtPoint = probability;
  }

  /** How likely it crashes where its code would go on after an await. */
  set crashesAtAwait(probability: number) {
    this.#crashesAtAwait = probability;
    if (this.#running) this.#running.process.crashesAtAwait = probability;
  }

  get page(): Page | null {
    return this.#running?.page ?? null;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** A card that people may insert. */
  bringCard(card: Pick<Card, "name" | "number">): void {
    const { name, number } = card;
    if (this.box) return this.box.bringCard(card);
    this.disk.put(
      `${cardsPath}/${name}.card`,
      encoder.encode(formatCard({ customer: name, number })),
    );
  }

  /** Inserts a card, where the reader waits for one. */
  insertCard(name: string): void {
    if (this.box) this.box.insertCard(name);
    else this.page?.send({ type: "demo", call: { name: "insertCard", args: [name] } });
  }

  /** Returns whether a card is at the exit; null where it is not in the reader. */
  cardAtExit(number: string): boolean | null {
    const { number: inside = null, at } = this.#slot();
    return inside === number ? at === "exit" : null;
  }

  /** Somebody takes the card that is at the exit, whether or not the ATM is running. */
  takeCard(): void {
    if (this.box?.isRunning) return this.box.takeCard();
    if (!this.box && this.#running) return void this.#running.atm.takeCard();
    const slot = this.#slot();
    if (slot.at !== "exit") return;
    const change = "UPDATE settings SET value = ? WHERE name = 'card reader'";
    this.#counters.run(change, [JSON.stringify({ ...slot, number: null })]);
  }

  #slot(): { number?: string | null; at?: string } {
    const [row] = this.#counters.look("SELECT value FROM settings WHERE name = 'card reader'");
    return row ? JSON.parse(row.value as string) : {};
  }

  /** Brings the file with the terminal's key. */
  bringKey(text: string): void {
    this.disk.put(keyPath, encoder.encode(text));
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.starts++;
    const process = this.#starting = this.host.start();
    const { world, host, box } = this;
    const opening = openAtm({
      bank: { hostname: "bank", port: 0 },
      key: keyPath,
      folder: "/atm",
      demo: box === null,
      ...(box && { devices: { url: devicesUrl, isOwn: true } }),
      wait: true,
      language: "en",
      aids: { printer: false, voices: [] },
    }, {
      world: process.world,
      files: this.disk.filesFor(process),
      database: this.#database.openFor(process),
      connect: () => world.connect(process),
      ...(box && { connectDevices: (url) => box.connect(process, url) }),
      ask: () => {},
      log: (line) => process.alive && world.log(`${this.name}: ${line}`),
    });
    const atm = await process.untilEnd(opening);
    this.#starting = null;
    if (!atm || !process.alive) return;
    const page = new Page(atm, host.scheduler, () => process.alive, (what, error) => {
      world.onFailure(`${this.name}: ${what}`, error);
    });
    this.#running = { process, atm, page };
    process.onCrash = (kind) => this.#crashed(kind);
    process.crashesAtPoint = this.#crashesAtPoint;
    process.crashesAtAwait = this.#crashesAtAwait;
    atm.start();
  }

  /** Stops it in order; whether that took no longer than it may. */
  async stop(): Promise<boolean> {
    if (!this.#running) {
      this.#starting?.crash("kill", "while it starts");
      return true;
    }
    const { process, atm, page } = this.#running;
    const stopped = await process.stop(() => atm.stop());
    page.goDark();
    this.#running = null;
    return stopped;
  }

  crash(kind: CrashKind, where: string): void {
    (this.#running?.process ?? this.#starting)?.crash(kind, where);
  }

  #crashed(kind: CrashKind): void {
    if (kind === "power cut") {
      this.disk.losePower();
      this.box?.crash(kind, "with its ATM");
    }
    this.#running?.page.goDark();
    this.#running = null;
  }

  /** Minor units of the bank's notes in it. */
  bankNotes(): bigint {
    return this.#notesIn(bankPlaces);
  }

  /** Minor units of customers' own notes in it: in escrow, handed back, or kept for people to return. */
  customerNotes(): bigint {
    return this.#notesIn(customerPlaces);
  }

  /** What lies where a customer can take it. */
  notesToTake(): bigint {
    return this.#notesIn(["tray", "mouth"]);
  }

  /** A customer takes what lies in the tray or in the acceptor's mouth. */
  async takeNotes(): Promise<void> {
    if (this.box) this.box.takeNotes();
    else if (this.#running) await this.#running.atm.takeNotes();
    else this.#database.exec("DELETE FROM notes WHERE place IN ('tray', 'mouth')");
  }

  insertNote(value: bigint): void {
    if (this.box) return this.box.insertNote(value);
    this.page?.send({ type: "demo", call: { name: "insertNote", args: [String(value)] } });
  }

  /** Returns whether a note in the slot was neither taken in nor given back yet. */
  get hasNoteInSlot(): boolean {
    return this.box?.hasNoteInSlot ?? false;
  }

  /** Somebody makes a device fail. */
  arm(fault: DeviceFault): void {
    if (this.box) return this.box.arm(fault);
    this.page?.send({ type: "demo", call: { name: "armFault", args: [fault] } });
  }

  /** Returns whether only people can go on: devices are broken, or their outcome is unknown. */
  needsPeople(): boolean {
    const broken = [this.#database, this.#counters].some((database) =>
      database.look("SELECT 1 FROM settings WHERE value = 'broken'").length > 0
    );
    const flagged = this.openMovements().some(({ state }) =>
      ["disputed", "doubtful"].includes(state)
    );
    return broken || flagged || this.notesToTake() > 0n;
  }

  /** Returns minor units that the devices moved of a movement, as far as the journal has them. */
  movedBy(movement: string): bigint {
    const rows = this.#database.look("SELECT movement, done FROM journal");
    return BigInt(rows.find((row) => row.movement === movement)?.done ?? 0);
  }

  /** What the journal has that is not over: by state. */
  openMovements(): OpenMovement[] {
    const sql = "SELECT movement, kind, state, amount, token FROM journal WHERE state <> 'settled'";
    return this.#database.look(sql).map(({ movement, kind, state, amount, token }) => ({
      movement: movement as string,
      kind: kind as string,
      state: state as string,
      amount: BigInt(amount as string),
      hasToken: token !== null,
    }));
  }

  /** Returns the tokens of movements that are settled. */
  usedTokens(): string[] {
    return this.#database.look(
      "SELECT token FROM journal WHERE state = 'settled' AND token IS NOT NULL ORDER BY time_ms",
    ).map(({ token }) => token as string);
  }

  /** Returns movements with a token that the journal has for people, and what was moved of them. */
  disputes(): { movement: string; done: bigint }[] {
    return this.#database.look(
      "SELECT movement, done FROM journal WHERE state = 'disputed' AND token IS NOT NULL",
    ).map(({ movement, done }) => ({ movement: movement as string, done: BigInt(done ?? 0) }));
  }

  /** Returns whether its journal has nothing more to do for a movement of notes. */
  hasSettled(movement: string): boolean {
    return this.#database.look(
      "SELECT movement FROM journal WHERE state = 'settled' AND token IS NULL AND kind <> 'transfer'",
    ).some((row) => row.movement === movement);
  }

  /**
   * People open it while it is off, count the bank's notes and put them into the cassettes.
   * @returns minor units of customers' own notes that they found
   */
  async countNotes(currency: Currency): Promise<bigint> {
    return await this.#whileOff(({ count }) => {
      const left = this.customerNotes();
      const sql = `SELECT value, sum(count) AS count FROM notes
        WHERE place IN (${bankPlaces.map((place) => `'${place}'`).join()}) GROUP BY value`;
      const found = this.#counters.look(sql).map(({ value, count }) =>
        [BigInt(value as string), Number(count)] as const
      );
      count(new Map(found.filter(([, count]) => count > 0)), currency);
      return left;
    });
  }

  /** People fill the cassettes while it is off; false where notes in the tray keep them from it. */
  async fill(notes: ReadonlyMap<bigint, number>, currency: Currency): Promise<boolean> {
    return await this.#whileOff(({ fill }) => fill(notes, currency));
  }

  /** Works at its cash while it is off, as `deno task atm cash` does. */
  async #whileOff<T>(work: (cash: ReturnType<typeof openCash>) => T): Promise<T> {
    const process = this.host.start();
    const database = this.#database.openFor(process);
    let served = this.box && await this.#served(process, database);
    const cash = openCash(database, process.world, served ?? new SimulatedDevices(database));
    const result = work(cash);
    while (served && !await isCarriedOut(served)) { // the service crashed: what is pending is kept
      await served.close();
      served = await this.#served(process, database);
    }
    await served?.close();
    process.exit();
    return result;
  }

  /** Connects to the devices as soon as their service runs. */
  async #served(process: Process, database: DatabaseSync): Promise<Xfs4IotDevices> {
    const files = this.disk.filesFor(process);
    const served = servedDevices({ url: devicesUrl, isOwn: true }, {
      world: process.world,
      database,
      connectDevices: (url) => this.box!.connect(process, url),
      log: (line) => this.world.log(`${this.name}: ${line}`),
      findKey: () => keyOfFolder(files, database, { key: keyPath, folder: "/atm" }),
    });
    await served.start();
    while (served.away()) await this.host.scheduler.pause(1_000, "people");
    return served;
  }

  #notesIn(places: readonly string[]): bigint {
    const named = places.map((place) => `'${place}'`).join();
    const sql = `SELECT value, count FROM notes WHERE place IN (${named}) AND count > 0`;
    return this.#counters.look(sql)
      .reduce((sum, { value, count }) => sum + BigInt(value as string) * BigInt(count!), 0n);
  }
}

/** Carries out what people did; false where the devices' service ended meanwhile. */
async function isCarriedOut(devices: Xfs4IotDevices): Promise<boolean> {
  try {
    await devices.carryOut();
    return true;
  } catch (error) {
    if (error instanceof DevicesAway) return false;
    throw error;
  }
}
