/** An ATM: its host, the hardware and disk that outlive its processes, and the process that runs now. */
import type { BankAtm } from "../../client/atm.ts";
import { prepareTables } from "../../client/folder/atm_folder.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { openAtm, openCash } from "../../client/open_atm.ts";
import type { Currency } from "../../lib/money.ts";
import type { Socket, World } from "../../lib/world.ts";
import type { DatabaseSync } from "node:sqlite";
import { Disk } from "./disk.ts";
import { DurableDatabase } from "./guarded_database.ts";
import type { CrashKind, Host, Process } from "./host.ts";
import { Page } from "./page.ts";

/** Where notes of the bank's lie, and where a customer's own. */
const bankPlaces = ["cassettes", "stacker", "tray", "reject", "retract"];
const customerPlaces = ["escrow", "mouth", "left"];

const keyPath = "/atm/given.key";

export interface OpenMovement {
  movement: string;
  kind: string;
  state: string;
  amount: bigint;
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
  /** Whether it is started again when it has ended. */
  isKept = true;
  /** How likely it crashes at each crash point. */
  #crashesAtPoint = 0;
  #crashesAtAwait = 0;
  starts = 0;

  constructor(
    readonly name: string,
    readonly host: Host,
    private readonly world: MachineWorld,
  ) {
    this.disk = new Disk(host);
    prepareTables(this.#database.raw, name);
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

  /** Brings the file with the terminal's key. */
  bringKey(text: string): void {
    this.disk.put(keyPath, new TextEncoder().encode(text));
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.starts++;
    const process = this.host.start();
    const { world, host } = this;
    const atm = await openAtm({
      bank: { hostname: "bank", port: 0 },
      key: keyPath,
      folder: "/atm",
      demo: true,
      wait: true,
      language: "en",
      aids: { printer: false, voices: [] },
    }, {
      world: process.world,
      files: this.disk.filesFor(process),
      database: this.#database.openFor(process),
      connect: () => world.connect(process),
      ask: () => {},
      log: (line) => process.alive && world.log(`${this.name}: ${line}`),
    });
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
    if (!this.#running) return true;
    const { process, atm, page } = this.#running;
    const stopped = await process.stop(() => atm.stop());
    page.goDark();
    this.#running = null;
    return stopped;
  }

  crash(kind: CrashKind, where: string): void {
    this.#running?.process.crash(kind, where);
  }

  #crashed(kind: CrashKind): void {
    if (kind === "power cut") this.disk.losePower();
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
    if (this.#running) await this.#running.atm.takeNotes();
    else this.#database.raw.exec("DELETE FROM notes WHERE place IN ('tray', 'mouth')");
  }

  /** Returns whether only people can go on: devices are broken, or their outcome is unknown. */
  needsPeople(): boolean {
    const broken = this.#database.look("SELECT 1 FROM settings WHERE value = 'broken'").length > 0;
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
    const sql = "SELECT movement, kind, state, amount FROM journal WHERE state <> 'settled'";
    return this.#database.look(sql).map(({ movement, kind, state, amount }) => ({
      movement: movement as string,
      kind: kind as string,
      state: state as string,
      amount: BigInt(amount as string),
    }));
  }

  /**
   * People open it while it is off, count the bank's notes and put them into the cassettes.
   * @returns minor units of customers' own notes that they found
   */
  countNotes(currency: Currency): bigint {
    const left = this.customerNotes();
    const process = this.host.start();
    const cash = cashOf(this.#database.openFor(process), process.world);
    const sql = `SELECT value, sum(count) AS count FROM notes
      WHERE place IN (${bankPlaces.map((place) => `'${place}'`).join()}) GROUP BY value`;
    const found = this.#database.look(sql).map(({ value, count }) =>
      [BigInt(value as string), Number(count)] as const
    );
    cash.count(new Map(found.filter(([, count]) => count > 0)), currency);
    process.exit();
    return left;
  }

  /** People fill the cassettes while it is off; false where notes in the tray keep them from it. */
  fill(notes: ReadonlyMap<bigint, number>, currency: Currency): boolean {
    const process = this.host.start();
    const filled = cashOf(this.#database.openFor(process), process.world).fill(notes, currency);
    process.exit();
    return filled;
  }

  #notesIn(places: readonly string[]): bigint {
    const named = places.map((place) => `'${place}'`).join();
    const sql = `SELECT value, count FROM notes WHERE place IN (${named}) AND count > 0`;
    return this.#database.look(sql)
      .reduce((sum, { value, count }) => sum + BigInt(value as string) * BigInt(count!), 0n);
  }
}

function cashOf(database: DatabaseSync, world: World) {
  return openCash(database, world, new SimulatedDevices(database));
}
