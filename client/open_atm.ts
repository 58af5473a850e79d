/** Composes an ATM from its folder, its key and the world. */
import type { DatabaseSync } from "node:sqlite";
import { hex } from "../lib/bytes.ts";
import { UsageError } from "../lib/errors.ts";
import type { Currency } from "../lib/money.ts";
import { isThere, readPrivateFile, replacePrivateFile } from "../lib/private_file.ts";
import {
  type AtmRequest,
  type AtmStart,
  cardsFolderOf,
  controlsPath,
  controlsSecretPath,
  type DevicesAt,
  devicesFolderOf,
} from "../lib/programs.ts";
import { formatTerminalKey, type NamedTerminalKey, readTerminalKey } from "../lib/terminal_key.ts";
import type { Files, MessageSocket, Socket, World } from "../lib/world.ts";
import { BankAtm } from "./atm.ts";
import {
  databaseInPlace,
  ForeignFolder,
  requireTerminal,
  storeAtStart,
  storeCurrency,
  storedCurrency,
} from "./folder/atm_folder.ts";
import { BankClient, type Line, NoAnswer } from "./bank_client.ts";
import { demoFilling } from "./cash/cash_notes.ts";
import type { NoteCounts } from "./cash/note_mix.ts";
import type { CashDevices } from "./cash/devices.ts";
import { cardsOf, SimulatedCardReader } from "./cards/simulated_card_reader.ts";
import { SimulatedDevices } from "./cash/simulated_devices.ts";
import { Xfs4IotCardReader } from "./cash/xfs4iot/xfs4iot_card_reader.ts";
import { Xfs4IotDevices } from "./cash/xfs4iot/xfs4iot_devices.ts";
import { LocalControls } from "./cash/device_controls.ts";
import { countCassettes, fillCassettes } from "./filling.ts";
import { Journal } from "./journal.ts";
import { ServedControls } from "./cash/served_controls.ts";

export interface AtmWorld {
  world: World;
  files: Files;
  /** The ATM's database: the journal, the counts of notes and the settings. */
  database: DatabaseSync;
  /** Connects to the bank. */
  connect: () => Promise<Socket>;
  /** Connects to devices by WebSocket. */
  connectDevices?: (url: string) => Promise<MessageSocket>;
  log: (line: string) => void;
  /** Asks the launcher. */
  ask: (request: AtmRequest) => void;
}

/**
 * Opens an ATM without starting it.
 * @throws {UsageError} if the folder is another terminal's, or, unless it may wait, its key is
 * missing, or the bank cannot be reached or does not accept the key
 */
export async function openAtm(
  { bank, key, folder, demo, devices: devicesAt, wait, language, receiptUrl, aids }: AtmStart,
  { world, files, database, connect, connectDevices, log, ask }: AtmWorld,
): Promise<BankAtm> {
  const keptKey = keptKeyOf(folder);
  const findKey = () => keyOfFolder(files, database, { key, folder });
  try {
    findKey();
  } catch (error) {
    // A key may be installed later, but a folder never becomes another terminal's.
    if (!wait || error instanceof ForeignFolder || !(error instanceof UsageError)) throw error;
  }
  const served = devicesAt && connectDevices && !hasNotes(database, devicesAt)
    ? servedDevices(devicesAt, { world, database, connectDevices, log, findKey })
    : null;
  const simulated = new SimulatedDevices(database, demo);
  const { journal, devices, fill } = openCash(database, world, served ?? simulated);
  if (!wait) {
    const keys = isThere(files, keptKey)
      ? `--key and ${keptKey}, of which the newer is used`
      : "--key";
    const line = { connect, terminalKey: findKey(), world };
    await requireBank(line, `${bank.hostname}:${bank.port}`, keys);
  }
  if (devicesAt && !served && !demo) {
    log(
      "the notes of this ATM are in its own folder, from a demo: the page of its devices does not operate " +
        "them. Start it with --demo, or choose another folder with --data",
    );
  }
  if (served) {
    const connected = await served.start();
    if (!connected && !wait) {
      await served.close();
      throw notConnected(devicesAt!.url, served.why);
    }
  }
  const cards = cardsOf(files, cardsFolderOf(devicesFolderOf(folder)));
  const hasCards = !served && demo && cards.names().length > 0;
  const simulatedReader = hasCards ? new SimulatedCardReader(database, cards) : null;
  const cardReader = served && connectDevices
    ? new Xfs4IotCardReader({
      ...{ url: devicesAt!.url, connect: connectDevices, world, database, log },
    })
    : null;
  const local = () => new LocalControls(simulated, simulatedReader);
  const controls = !demo
    ? null
    : served
    ? await servedControls(devicesAt!.url, folder, files, connectDevices!)
    : local();
  cardReader?.start();
  return new BankAtm({
    world,
    requireInPlace: databaseInPlace(files, folder),
    reader: simulatedReader ?? cardReader,
    connect,
    findKey,
    journal,
    devices,
    demo: controls,
    language,
    receiptUrl,
    aids: { ...aids, ask },
    currency: storedCurrency(database),
    onConnected(currency) {
      storeCurrency(database, currency);
      if (!demo || devices.away() || devices.cassettes().size > 0) return;
      fill(demoFilling(currency), currency);
      devices.carryOut().catch(({ message }: Error) => log(`filling failed: ${message}`));
    },
    keepKey: (newKey) => replacePrivateFile(files, keptKey, formatTerminalKey(newKey)),
    log,
  });
}

/** Opens an ATM's journal and cash. */
export function openCash(database: DatabaseSync, world: World, devices: CashDevices) {
  const journal = new Journal(database);
  const filling = { database, journal, devices, world };
  const fill = (notes: NoteCounts, currency: Currency) => fillCassettes(filling, notes, currency);
  const count = (notes: NoteCounts, currency: Currency) => countCassettes(filling, notes, currency);
  return { journal, devices, fill, count };
}

/**
 * Connects the demo's pane to the controls of an ATM's own device service.
 * @throws {UsageError} if it cannot be reached
 */
async function servedControls(
  url: string,
  atmFolder: string,
  files: Files,
  connect: NonNullable<AtmWorld["connectDevices"]>,
): Promise<ServedControls> {
  const path = controlsSecretPath(devicesFolderOf(atmFolder));
  const secret = readPrivateFile(files, path, "Start the ATM again");
  try {
    return new ServedControls(await connect(new URL(controlsPath, url).href), secret);
  } catch (error) {
    throw notConnected(url, (error as Error).message);
  }
}

/**
 * Returns the devices of an ATM behind a service; they are not connected yet.
 * @throws {UsageError} if the ATM's notes are in another kind of service
 */
export function servedDevices(
  { url, isOwn }: DevicesAt,
  { world, database, connectDevices, log, findKey }:
    & Required<Pick<AtmWorld, "world" | "database" | "connectDevices" | "log">>
    & { findKey: () => NamedTerminalKey },
): Xfs4IotDevices {
  const [kind, before] = [isOwn ? "own" : "elsewhere", servedBefore(database)];
  if (before !== null && before !== kind) {
    throw new UsageError(
      isOwn
        ? "the notes of this ATM are in devices elsewhere. Name them with --devices, or choose another folder with --data"
        : "the notes of this ATM are in its own simulated devices. Leave out --devices, or choose another folder with --data",
    );
  }
  if (before === null) { // a later start writes nothing, so that a full disk allows it
    storeAtStart(database, "devices", kind);
  }
  const currency = () => {
    try {
      return storedCurrency(database) ?? findKey().currency;
    } catch (error) {
      if (error instanceof UsageError) return null;
      throw error;
    }
  };
  return new Xfs4IotDevices({ url, connect: connectDevices, world, database, currency, log });
}

/** Returns the error of devices that cannot be used. */
export function notConnected(url: string, why: string): UsageError {
  return new UsageError(
    `the devices at ${url} cannot be used: ${why}. Start 'deno task devices' there, or set their address with --devices`,
  );
}

/**
 * Returns whether the folder has notes: its devices are then simulated in the ATM's process.
 * @throws {UsageError} if other devices are named
 */
export function hasNotes(database: DatabaseSync, devices: DevicesAt | undefined): boolean {
  const has = database.prepare("SELECT 1 FROM notes WHERE count > 0").get() !== undefined;
  if (has && devices && !devices.isOwn) {
    throw new UsageError(
      "the notes of this ATM are in its own folder, from --demo. Leave out --devices, or choose another folder with --data",
    );
  }
  return has;
}

/** Returns which service has had this ATM's notes; null if none has. */
function servedBefore(database: DatabaseSync): string | null {
  const row = database.prepare("SELECT value FROM settings WHERE name = 'devices'").get();
  return row ? row.value as string : null;
}

/**
 * Returns the given key, or a newer one of the same terminal that the bank has sent since. Every
 * program that uses an ATM's folder gets its key from here.
 * @throws {UsageError} if there is no key, or the folder is another terminal's
 */
export function keyOfFolder(
  files: Pick<Files, "facts" | "read">,
  database: DatabaseSync,
  { key, folder }: Pick<AtmStart, "key" | "folder">,
): NamedTerminalKey {
  const given = readTerminalKey(files, key);
  requireTerminal(database, folder, given);
  const keptKey = keptKeyOf(folder);
  if (!isThere(files, keptKey)) return given;
  const kept = readTerminalKey(files, keptKey);
  if (hex(kept.terminal) !== hex(given.terminal) || hex(kept.bank) !== hex(given.bank)) {
    throw new UsageError(
      `${keptKey} is the key of another terminal. Choose another folder with --data`,
    );
  }
  return kept.version > given.version ? kept : given;
}

/** Returns where an ATM stores a key that the bank has sent. */
function keptKeyOf(folder: string): string {
  return `${folder}/terminal.key`;
}

/** Checks, before the ATM starts, that the bank can be reached and accepts the key. */
async function requireBank(line: Line, address: string, keys: string): Promise<void> {
  const otherwise = "or start with --wait to wait for it";
  let reached = false;
  try {
    const connect = async () => {
      const socket = await line.connect();
      reached = true;
      return socket;
    };
    await (await BankClient.connect({ ...line, connect })).close();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new UsageError(
      reached
        ? `the bank at ${address} does not accept this terminal. Check --bank, ${keys}, ${otherwise}`
        : `the bank cannot be reached at ${address}. Start 'deno task server' there, set its address with --bank HOST:PORT, ${otherwise}`,
    );
  }
}

/** Resolves when the bank is connected and all open movements are settled. */
export function isOnline(atm: BankAtm): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = atm.watch(({ bank }) => bank === "online" && resolve());
  return promise.finally(stop);
}
