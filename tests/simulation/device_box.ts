/**
 * The devices of an ATM behind a separate service, as `deno task devices` serves them: the notes
 * and the counters outlive its processes. Where it has keys, it dispenses on the bank's tokens alone.
 */
import type { DeviceFault } from "../../lib/atm.ts";
import { parseDeviceKeys } from "../../lib/device_keys.ts";
import { contentOfToken, makeToken } from "../../lib/device_token.ts";
import type { MessageSocket } from "../../lib/world.ts";
import { SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { CardSlot } from "../../client/device_service/card_slot.ts";
import { DeviceService, publisherPath } from "../../client/device_service/device_service.ts";
import { EndToEnd, type EndToEndParts } from "../../client/device_service/end_to_end.ts";
import { CashRecycler } from "../../client/device_service/recycler.ts";
import { prepareTables } from "../../client/folder/atm_folder.ts";
import { devicesVersions } from "../../client/folder/devices_folder.ts";
import { standardLine } from "../client/reference_messages.ts";
import type { Card } from "./cards.ts";
import { DurableDatabase } from "./guarded_database.ts";
import type { CrashKind, Host, Process } from "./host.ts";
import { type LineFaults, messagePair, soundLine } from "./message_pair.ts";

export const devicesUrl = `ws://devices${publisherPath}`;

interface Running {
  process: Process;
  devices: SimulatedDevices;
  reader: SimulatedCardReader;
  services: DeviceService[];
}

export interface DeviceBoxWorld {
  /** Whether the device has the standard's statuses alone. */
  readonly isPlain: boolean;
  log(line: string): void;
  count(what: string): void;
}

/** One error for all: an ATM tries again and again while they are off, and a stack takes its time. */
const devicesOff = new Error("the devices are off");

/** A device of another maker's: it attests nothing of a nonce that ended. */
class PlainEndToEnd extends EndToEnd {
  constructor(private readonly own: EndToEndParts) {
    super(own);
  }

  override presentStatus(...asked: Parameters<EndToEnd["presentStatus"]>): string | null {
    const status = super.presentStatus(...asked);
    if (status === null) return null;
    const { nonce, content } = contentOfToken(status)!;
    const standard = [...content].filter(([key]) => key !== "STRONGROOMCLEARED");
    return makeToken(this.own.keys.device, nonce, standard);
  }
}

export class DeviceBox {
  readonly database = new DurableDatabase();
  /** Whether it is started again when it has ended. */
  isKept = true;
  starts = 0;
  #running: Running | null = null;
  #keyFile: string | null = null;
  #crashesAtPoint = 0;
  /** Of the connections to it. */
  lineFaults: LineFaults = soundLine;
  #lines = 0;
  #isReaderJammed = false;
  readonly #inSlot = new Set<symbol>();
  readonly #cards = new Map<string, string>();

  constructor(
    readonly name: string,
    readonly host: Host,
    private readonly world: DeviceBoxWorld,
  ) {
    this.database.prepared((raw) => prepareTables(raw, name, devicesVersions));
  }

  set crashesAtPoint(probability: number) {
    this.#crashesAtPoint = probability;
    if (this.#running) this.#running.process.crashesAtPoint = probability;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  get hasKeys(): boolean {
    return this.#keyFile !== null;
  }

  /** A card that people may insert. */
  bringCard({ name, number }: Pick<Card, "name" | "number">): void {
    this.#cards.set(name, number);
  }

  /** Brings the device's keys, with which it begins at its next start. */
  bringKeys(text: string): void {
    this.#keyFile = text;
  }

  // deno-lint-ignore require-await
  async start(): Promise<void> {
    if (this.#running) return;
    this.starts++;
    const process = this.host.start();
    const database = this.database.openFor(process);
    const devices = new SimulatedDevices(database, true);
    const keys = this.#keyFile === null ? null : parseDeviceKeys(this.#keyFile, "its keys");
    const { world } = process;
    const Security = this.world.isPlain ? PlainEndToEnd : EndToEnd;
    const security = keys && new Security({ world, database, devices, keys });
    const log = (line: string) => process.alive && this.world.log(`${this.name}: ${line}`);
    const recycler = new CashRecycler(devices, database, security);
    const service = new DeviceService(recycler, world, log, {
      name: "CashRecycler",
      published: ["CashRecycler", "CardReader"],
    });
    const reader = new SimulatedCardReader(database, {
      names: () => [...this.#cards.keys()],
      numberOf: (name) => this.#cards.get(name) ?? null,
    });
    const slot = new DeviceService(new CardSlot(reader), world, log, {
      name: "CardReader",
      published: null,
    });
    const isOut = () => reader.media() === "notPresent";
    reader.onChange = () =>
      slot.unsolicited(
        isOut() ? "CardReader.MediaRemovedEvent" : "Common.StatusChangedEvent",
      );
    devices.onTaken = () =>
      service.unsolicited("CashManagement.ItemsTakenEvent", { position: "outDefault" });
    if (security) {
      security.onCleared = (reasonDescription) =>
        service.unsolicited("Common.NonceClearedEvent", { reasonDescription });
    }
    process.onCrash = () => this.#running = null;
    process.crashesAtPoint = this.#crashesAtPoint;
    this.#running = { process, devices, reader, services: [service, slot] };
    // While it was off, staff may have cleared it.
    const isJammed = reader.media() === "jammed";
    if (isJammed !== this.#isReaderJammed) this.setReaderJam(this.#isReaderJammed);
  }

  // deno-lint-ignore require-await
  async stop(): Promise<boolean> {
    this.#running?.process.exit();
    this.#running = null;
    return true;
  }

  crash(kind: CrashKind, where: string): void {
    this.#running?.process.crash(kind, where);
  }

  /** Connects a process of the same machine. @throws when it is off */
  connect(from: Process, url: string): Promise<MessageSocket> {
    if (!this.#running) return Promise.reject(devicesOff);
    const { process, services } = this.#running;
    const { random: own } = this.host;
    const random = own.split(`line ${url}`);
    const [near, far] = messagePair(from, process, random, {
      faults: () => this.lineFaults,
      random: own.split(`faults of line ${++this.#lines}`),
      count: (what) => this.world.count(what),
    });
    const { pathname } = new URL(url);
    if (!services.some((service) => service.accept(pathname, far, devicesUrl))) far.close();
    return Promise.resolve(standardLine(near));
  }

  /** Returns whether a card is in the reader, wherever. */
  get hasCard(): boolean {
    const [row] = this.database.look("SELECT value FROM settings WHERE name = 'card reader'");
    return row !== undefined && JSON.parse(row.value as string).number !== null;
  }

  /** Returns one unit's notes that make an amount; null where no unit does. */
  unitsFor(amount: bigint): Record<string, number> | null {
    for (const { name, value } of this.database.look("SELECT name, value FROM units")) {
      const note = BigInt(value as string);
      if (amount > 0n && amount % note === 0n) return { [name as string]: Number(amount / note) };
    }
    return null;
  }

  // What people do

  insertNote(value: bigint): void {
    this.#act(({ process, devices }) => {
      const note = Symbol();
      this.#inSlot.add(note);
      const forget = process.atEnd(() => this.#inSlot.delete(note));
      void devices.insert(value).then(() => {
        forget();
        this.#inSlot.delete(note);
      });
    });
  }

  /** Returns whether a note in the slot was neither taken in nor given back yet. */
  get hasNoteInSlot(): boolean {
    return this.#inSlot.size > 0;
  }

  arm(fault: DeviceFault): void {
    this.#act(({ devices }) => devices.arm(fault));
  }

  insertCard(name: string): void {
    this.#act(({ reader }) => reader.insert(name));
  }

  takeCard(): void {
    this.#act(({ reader }) => reader.take());
  }

  /** The card reader jams, with or without a card, or staff clear it: a card stays where it is. */
  setReaderJam(jams: boolean): void {
    this.#isReaderJammed = jams;
    this.#act(({ reader }) => jams ? reader.jam() : reader.clear());
  }

  /** Takes the presented notes, whether or not it runs. */
  takeNotes(): void {
    if (this.#running) this.#act(({ devices }) => devices.takeNotes());
    else this.database.exec("DELETE FROM notes WHERE place IN ('tray', 'mouth')");
  }

  /** What people do reaches a device that may crash at it, or that has failed. */
  #act(act: (running: Running) => void): void {
    if (!this.#running) return;
    try {
      act(this.#running);
    } catch (error) {
      if (!["Crash", "CardReaderError"].includes((error as Error).name)) throw error;
    }
  }
}
