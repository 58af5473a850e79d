/**
 * Cash devices behind an XFS4IoT service. Their counters are a copy of the service's, read again
 * after each command and event, and at each connection. A command whose completion is lost throws
 * DevicesAway: the counters show its effect once the service answers again.
 */
import type { DatabaseSync } from "node:sqlite";
import type { DeviceStep } from "../../../lib/atm.ts";
import { deviceRetryMs, dispensedNotesMax } from "../../../lib/limits.ts";
import type { Currency } from "../../../lib/money.ts";
import { notesOf } from "../../../lib/notes.ts";
import { type MessageSocket, pause, type Timers } from "../../../lib/world.ts";
import { type CashDevices, DeviceError, type DeviceErrorCode, DevicesAway } from "../devices.ts";
import { type NoteCounts, noteMix, plus, sparingMix } from "../note_mix.ts";
import { type Completion, ConnectionEnded, DeviceConnection, required } from "./connection.ts";
import { connectService } from "./connect_service.ts";
import { MalformedMessage } from "./schema.ts";
import { type CommandName, type EventName, itemNameOf, type PayloadOf } from "./messages.ts";
import {
  emptyState,
  largestFirst,
  majorOf,
  positive,
  type RecyclerState,
  type Reported,
  stateOf,
} from "./state.ts";

export interface DeviceLine {
  /** The publisher: `ws://HOST:PORT/xfs4iot/v1.0`. */
  url: string;
  connect: (url: string) => Promise<MessageSocket>;
  world: Timers;
  /** The ATM's database. */
  database: DatabaseSync;
  /** The bank's currency, if it is known: empty units are configured for its notes. */
  currency: () => Currency | null;
  log: (line: string) => void;
}

/** What staff have done, until the devices have it: the cassettes, and whether all else is empty. */
interface Pending {
  retract?: true;
  cassettes?: [value: string, count: number][];
  whole?: boolean;
}

const named: ReadonlySet<string> = new Set<DeviceErrorCode>([
  "notDispensable",
  "tooManyItems",
  "itemsLeft",
  "shutterOpen",
  "noItems",
  "cashInActive",
  "noCashInActive",
  "presentErrorNoItems",
  "presentErrorItems",
  "presentErrorUnknown",
]);

export class Xfs4IotDevices implements CashDevices {
  onChange?: () => void;
  onReturn?: () => void;
  #state: RecyclerState = emptyState;
  #connection: DeviceConnection | null = null;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #uncompletedCommands = 0;
  /** Events since the state was last complete. */
  #unreadEvents = 0;
  #accepting = false;
  /** Whether a retract has emptied the tray since the last dispense. */
  #isRetracted = false;
  #isShut = true;
  /** The id of the CashIn that waits for notes. */
  #waitingCashIn: number | null = null;
  readonly #takers = new Set<() => void>();
  #why = "";

  constructor(private readonly line: DeviceLine) {}

  /**
   * Connects, and again whenever the connection ends, until `close`.
   * @returns whether the first attempt succeeded
   */
  async start(): Promise<boolean> {
    const connected = await this.#connect();
    this.#running ??= this.#run(connected);
    return connected !== null;
  }

  /** Why the last attempt to connect failed. */
  get why(): string {
    return this.#why;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#connection?.close();
    await this.#running;
  }

  async #run(connection: DeviceConnection | null): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      if (connection) {
        await connection.ended;
        this.#connection = null;
        this.#accepting = false;
        if (signal.aborted) return;
        this.line.log("the devices do not answer: connecting again");
        this.onChange?.();
      }
      await pause(this.line.world, deviceRetryMs, signal);
      if (signal.aborted) return;
      connection = await this.#connect();
      if (connection) this.onReturn?.();
    }
  }

  /** Connects to the recycler's service and reads its state. Returns null if that fails. */
  async #connect(): Promise<DeviceConnection | null> {
    const interfaces = ["Storage", "CashDispenser", "CashAcceptor"];
    const wanted = { what: "cash recycler", interfaces };
    try {
      return await connectService(
        this.line.url,
        wanted,
        (url) => this.#open(url),
        async (service) => {
          await this.#refresh(service);
          await this.#execute(service);
          await this.#configure(service);
          await this.#endExchange(service);
          this.#connection = service;
          service.keepAlive();
          this.onChange?.();
        },
      );
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#why) this.line.log(`the devices cannot be used: ${message}`);
      this.#why = message;
      return null;
    }
  }

  async #open(url: string): Promise<DeviceConnection> {
    const socket = await this.line.connect(url);
    const connection: DeviceConnection = new DeviceConnection(socket, {
      world: this.line.world,
      log: this.line.log,
      onEvent: (name, payload) => this.#onEvent(connection, name, payload),
    });
    return connection;
  }

  #onEvent(connection: DeviceConnection, name: EventName, payload: unknown): void {
    if (connection !== this.#connection) return;
    if (name === "Common.ErrorEvent") {
      this.line.log(`the devices report an error: ${JSON.stringify(payload)}`);
    }
    // A command reads the state once it is completed.
    if (this.#uncompletedCommands === 0) void this.#follow(connection);
  }

  /** Reads the state after an event, and once more after those that came meanwhile. */
  async #follow(connection: DeviceConnection): Promise<void> {
    if (this.#unreadEvents++ > 0) return;
    try {
      for (let read = 0; read < this.#unreadEvents;) {
        read = this.#unreadEvents;
        await this.#refresh(connection);
      }
    } catch {
      // the connection has ended: the next one begins with the state
    } finally {
      this.#unreadEvents = 0;
    }
  }

  /**
   * Reads the state. A service that does not say it is treated as one that does not answer: counters
   * that are missing must not be taken for notes that are missing.
   * @throws {ConnectionEnded}
   */
  async #refresh(connection: DeviceConnection): Promise<void> {
    try {
      this.#state = stateOf({ ...await reportedBy(connection), isRetracted: this.#isRetracted });
    } catch (error) {
      connection.close();
      if (!(error instanceof ConnectionEnded)) {
        this.line.log(`the devices do not say their state: ${(error as Error).message}`);
      }
      throw new ConnectionEnded((error as Error).message);
    }
    if (this.presented().size === 0) {
      for (const taken of this.#takers) taken();
      this.#takers.clear();
    }
    this.onChange?.();
  }

  /** Executes one command, and reads the state after it. */
  async #command<N extends CommandName>(
    name: N,
    payload: PayloadOf<N>,
    step: DeviceStep,
    patient = false,
  ): Promise<Completion<N>["payload"]> {
    const connection = this.#connection;
    if (!connection) throw new DevicesAway(`${name} was not sent: the devices do not answer`);
    this.#uncompletedCommands++;
    try {
      const completing = connection.command(name, payload, patient);
      if (name === "CashAcceptor.CashIn") this.#waitingCashIn = connection.lastRequest;
      const { code, payload: answer, description } = await completing.finally(() => {
        this.#uncompletedCommands--;
        if (name === "CashAcceptor.CashIn") this.#waitingCashIn = null;
      });
      await this.#refresh(connection);
      if (code === "success") return answer;
      throw this.#errorOf(name, code, answer, description, step);
    } catch (error) {
      if (!(error instanceof ConnectionEnded)) throw error;
      throw new DevicesAway(error.message);
    }
  }

  #errorOf(
    name: CommandName,
    code: string,
    answer: object,
    description: string,
    step: DeviceStep,
  ): DeviceError {
    const errorCode = "errorCode" in answer ? answer.errorCode as string : "";
    if (code === "canceled" && step === "cashIn") return new DeviceError("noCashInActive", step);
    if (code === "commandErrorCode" && named.has(errorCode)) {
      if (errorCode === "presentErrorUnknown") this.#loseCount();
      return new DeviceError(errorCode as DeviceErrorCode, step);
    }
    this.line.log(`${name} failed: ${[code, errorCode, description].filter(Boolean).join(", ")}`);
    return new DeviceError("hardwareError", step);
  }

  // Counters

  away(): boolean {
    return this.#connection === null;
  }

  cassettes(): NoteCounts {
    return positive(this.loaded());
  }

  loaded(): NoteCounts {
    return largestFirst(this.#state.cassettes);
  }

  filled(): ReadonlySet<bigint> {
    return this.#state.filled;
  }

  inside(): NoteCounts {
    const { cassettes, stacker, tray, inBins } = this.#state;
    return positive([stacker, tray, inBins].reduce((sum, notes) => plus(sum, notes), cassettes));
  }

  presented(): NoteCounts {
    return positive(plus(this.#state.tray, this.#state.mouth));
  }

  tray(): NoteCounts {
    return this.#state.tray;
  }

  escrow(): NoteCounts {
    return this.#state.escrow;
  }

  accepting(): boolean {
    return this.#accepting;
  }

  obeysTokens(): boolean {
    return this.#state.tokensRequired;
  }

  jammed(): readonly ("dispenser" | "acceptor")[] {
    return this.away() ? ["dispenser", "acceptor"] : this.#state.jammed;
  }

  counted(): boolean {
    const sql = "SELECT 1 FROM settings WHERE name = 'devices lost count'";
    return this.#state.counted && this.line.database.prepare(sql).get() === undefined;
  }

  withheld(): NoteCounts {
    return this.#pending.retract ? new Map() : this.#state.withheld;
  }

  // The dispenser

  denominate(amount: bigint): NoteCounts {
    const mix = sparingMix(this.cassettes(), amount, dispensedNotesMax);
    if (mix) return mix;
    const any = noteMix(this.cassettes(), amount, 10 * dispensedNotesMax);
    throw new DeviceError(any ? "tooManyItems" : "notDispensable", "denominate");
  }

  async commandNonce(): Promise<string | null> {
    const connection = this.#connection;
    if (!connection || !this.#state.tokensRequired) return null;
    return (await answered(connection.command("Common.GetCommandNonce", {})))?.commandNonce ?? null;
  }

  async presentStatus(nonce: string): Promise<string | null> {
    const connection = this.#connection;
    if (!connection || !this.#state.tokensRequired) return null;
    await answered(connection.command("Common.ClearCommandNonce", {}));
    return (await answered(connection.command("CashDispenser.GetPresentStatus", { nonce })))
      ?.token ?? null;
  }

  async dispense(mix: NoteCounts, token?: string): Promise<void> {
    this.#isRetracted = false;
    const { units } = this.#state;
    const currency = this.line.currency();
    const unitOf = new Map([...units].map(([unit, value]) => [value, unit]));
    if (!currency || [...mix.keys()].some((value) => !unitOf.has(value))) {
      throw new DeviceError("notDispensable", "dispense");
    }
    const counts = Object.fromEntries(
      [...mix].map(([value, count]) => [unitOf.get(value)!, count]),
    );
    const sum = [...mix].reduce((sum, [value, count]) => sum + value * BigInt(count), 0n);
    const currencies = { [currency.code]: majorOf(sum, currency) };
    await this.#command("CashDispenser.Dispense", {
      denomination: { denomination: { app: { currencies, counts } } },
      position: "outDefault",
      ...(token !== undefined && { token }),
    }, "dispense");
  }

  async present(): Promise<void> {
    await this.#command("CashDispenser.Present", { position: "outDefault" }, "present");
  }

  itemsTaken(): Promise<void> {
    if (this.presented().size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#takers.add(resolve);
    return promise;
  }

  async retract(): Promise<void> {
    if (this.away()) throw new DevicesAway("the devices do not answer");
    const { stacker, tray } = this.#state;
    if (stacker.size + tray.size === 0) throw new DeviceError("noItems", "retract");
    if (stacker.size > 0) await this.#command("CashDispenser.Reject", {}, "retract");
    if (tray.size > 0) {
      const location = { outputPosition: "outDefault", retractArea: "retract" } as const;
      await this.#command("CashManagement.Retract", { location }, "retract").catch((error) => {
        if (!(error instanceof DeviceError && error.code === "noItems")) throw error;
      });
      this.#isRetracted = true;
      await this.#command("Common.Status", {}, "retract"); // reads the state again
    }
  }

  // The acceptor

  async cashInStart(): Promise<void> {
    await this.#command("CashAcceptor.CashInStart", {
      useRecycleUnits: true,
      inputPosition: "inDefault",
      outputPosition: "inDefault",
    }, "cashIn");
    this.#accepting = true;
    this.#isShut = false;
  }

  async cashIn(): Promise<void> {
    if (this.#isShut) throw new DeviceError("noCashInActive", "cashIn");
    await this.#command("CashAcceptor.CashIn", {}, "cashIn", true);
  }

  closeShutter(): void {
    this.#isShut = true;
    const [connection, cashIn] = [this.#connection, this.#waitingCashIn];
    if (connection && cashIn !== null) {
      connection.command("Common.Cancel", { requestIds: [cashIn] }).catch(() => {});
    }
  }

  async cashInEnd(): Promise<void> {
    this.#shut();
    await this.#command("CashAcceptor.CashInEnd", {}, "cashInEnd");
  }

  async cashInRollback(): Promise<void> {
    this.#shut();
    await this.#command("CashAcceptor.CashInRollback", {}, "cashInRollback");
  }

  #shut(): void {
    this.#isShut = true;
    this.#accepting = false;
  }

  retractWithheld(): void {
    this.#keep({ ...this.#pending, retract: true });
  }

  // Staff

  load(notes: NoteCounts): void {
    const { cassettes, ...rest } = this.#pending;
    // Other cassettes are left as they are: one that is set to what it has would count as filled.
    const now = cassettes
      ? new Map(cassettes.map(([value, count]) => [BigInt(value), count]))
      : new Map([...this.loaded()].filter(([value]) => notes.has(value)));
    this.#keep({ ...rest, cassettes: textOf(plus(now, notes)) });
  }

  recount(notes: NoteCounts): void {
    // A cassette that is not named would keep its count.
    const emptied = [...this.loaded()].map(([value]) => [value, 0] as const);
    this.#keep({ cassettes: textOf(new Map([...emptied, ...notes])), whole: true });
    this.line.database.prepare("DELETE FROM settings WHERE name = 'devices lost count'").run();
  }

  async carryOut(): Promise<void> {
    const connection = this.#connection;
    if (!connection) throw new DevicesAway("the devices do not answer");
    try {
      await this.#execute(connection);
    } catch (error) {
      connection.close();
      throw new DevicesAway((error as Error).message);
    }
  }

  /** Executes what is pending, whether or not it was executed before. */
  async #execute(connection: DeviceConnection): Promise<void> {
    const { retract, cassettes, whole = false } = this.#pending;
    if (retract && !cassettes) {
      const location = { outputPosition: "inDefault", retractArea: "retract" } as const;
      await required(connection, "CashManagement.Retract", { location }, ["noItems"]);
    }
    if (cassettes) {
      const notes = cassettes.map(([value, count]) => [BigInt(value), count] as const);
      if (whole) await required(connection, "CashManagement.Reset", {});
      await this.#exchange(connection, notes, whole);
    }
    if (!retract && !cassettes) return;
    this.#keep({});
    await this.#refresh(connection);
  }

  /** Configures empty units for the notes of the bank, so that they can be accepted. */
  async #configure(connection: DeviceConnection): Promise<void> {
    const currency = this.line.currency();
    if (!currency || this.#state.units.size > 0) return;
    await this.#exchange(connection, notesOf(currency).map((value) => [value, 0] as const), false);
    await this.#refresh(connection);
  }

  /** Ends an exchange that an ATM left active when it died: it repeats its own before. */
  async #endExchange(connection: DeviceConnection): Promise<void> {
    if (!this.#state.exchange) return;
    await required(connection, "Storage.EndExchange", {}, ["noExchangeActive"]);
    await this.#refresh(connection);
  }

  /** Sets what is in the cassettes; `emptied`: and that the bins are empty. */
  async #exchange(
    connection: DeviceConnection,
    notes: readonly (readonly [bigint, number])[],
    emptied: boolean,
  ): Promise<void> {
    const currency = this.line.currency();
    if (!currency) throw new Error("the bank's currency is not known yet");
    const { units, unconfigured, bins } = this.#state;
    const unitOf = new Map([...units].map(([unit, value]) => [value, unit]));
    const free = [...unconfigured];
    const cassettes = notes.map(([value, count]) => {
      const unit = unitOf.get(value) ?? free.shift();
      if (unit === undefined) throw new Error("the devices have no unit for another note");
      const major = majorOf(value, currency);
      const item = itemNameOf(currency.code, String(major));
      return [unit, {
        cash: {
          configuration: { currency: currency.code, value: major },
          status: { initial: { [item]: { fit: count } } },
        },
      }];
    });
    const empty = [bins.reject, bins.retract, bins.left].filter((bin) => bin !== null)
      .map((bin) => [bin, { cash: { status: { initial: {} } } }]);
    const storage = Object.fromEntries([...cassettes, ...(emptied ? empty : [])]);
    await required(connection, "Storage.StartExchange", {}, ["exchangeActive"]);
    await required(connection, "Storage.SetStorage", { storage });
    await required(connection, "Storage.EndExchange", {});
  }

  get #pending(): Pending {
    const row = this.line.database.prepare(
      "SELECT value FROM settings WHERE name = 'devices pending'",
    ).get();
    return row ? JSON.parse(row.value as string) : {};
  }

  #keep(pending: Pending): void {
    this.line.database.prepare("INSERT OR REPLACE INTO settings VALUES ('devices pending', ?)")
      .run(JSON.stringify(pending));
  }

  #loseCount(): void {
    this.line.database.prepare(
      "INSERT OR REPLACE INTO settings VALUES ('devices lost count', 'broken')",
    ).run();
  }
}

/** Returns the payload of a completion; null if the connection ended before it. */
async function answered<T>(completing: Promise<{ payload: T }>): Promise<T | null> {
  try {
    return (await completing).payload;
  } catch (error) {
    if (error instanceof ConnectionEnded) return null;
    throw error;
  }
}

const textOf = (notes: NoteCounts) =>
  [...notes].map(([value, count]) => [value.toString(), count] as [string, number]);

/** Returns what a service says of its state. @throws if it does not say it */
async function reportedBy(connection: DeviceConnection): Promise<Reported> {
  const [status, { storage }, { items = {} }, presentStatus, cashIn] = await Promise.all([
    required(connection, "Common.Status", {}),
    required(connection, "Storage.GetStorage", {}),
    required(connection, "CashManagement.GetBankNoteTypes", {}),
    required(connection, "CashDispenser.GetPresentStatus", {}),
    required(connection, "CashAcceptor.GetCashInStatus", {}),
  ]);
  if (storage === undefined) throw new MalformedMessage("Storage.GetStorage has no storage");
  return { status, storage, items, presentStatus, cashIn };
}
