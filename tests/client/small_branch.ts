/**
 * An ATM and its bank in one process, without sockets, whose waiting takes no time: the real cashier,
 * journal, devices and settling, and the real rules of the ledger on books in memory. The devices are
 * the ATM's own, or behind a service.
 */
import { assert, assertEquals } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { type BankClient, NoAnswer } from "../../client/bank_client.ts";
import type { CashDevices } from "../../client/cash/devices.ts";
import { type NoteCounts, plus, totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { Xfs4IotDevices } from "../../client/cash/xfs4iot/xfs4iot_devices.ts";
import { Cashier, type Payer } from "../../client/cashier.ts";
import { DeviceService, publisherPath } from "../../client/device_service/device_service.ts";
import { CashRecycler } from "../../client/device_service/recycler.ts";
import { countCassettes } from "../../client/filling.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import { Journal } from "../../client/journal.ts";
import { deviceRetryMs } from "../../lib/limits.ts";
import type { Answer, Ask } from "../../lib/protocol/message.ts";
import { system, systemFiles } from "../../lib/system.ts";
import type { MessageSocket, World } from "../../lib/world.ts";
import { Books } from "../../server/ledger/books.ts";
import type { Command } from "../../server/ledger/command.ts";
import type { Account } from "../../server/ledger/model.ts";
import { applyCommands } from "../../server/ledger/rules/rules.ts";
import { accountIdOf, idOf, settings, smallBank } from "../server/helpers/small_bank.ts";
import { messagePair } from "./message_pair.ts";
import { standard } from "./reference_messages.ts";

/** Where the devices are. */
export type Transport = "in process" | "by messages";
export const transports: readonly Transport[] = ["in process", "by messages"];
const terminal = idOf("lobby");

/** Returns repeatable randomness. */
export function chanceOf(state: number) {
  const next = () => {
    state = Math.imul(state ^ state >>> 15, state | 1) ^ state + 0x6d2b79f5;
    return ((state ^ state >>> 14) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    oneIn: (times: number) => below(times) === 0,
    of: <T>(values: readonly T[]): T => values[below(values.length)]!,
    bytes: (length: number) => Uint8Array.from({ length }, () => below(256)),
  };
}

export type Chance = ReturnType<typeof chanceOf>;

/** Returns a world in which waiting takes no time, although the clock advances, with repeatable randomness. */
export function worldOf(chance: Chance): World {
  let monotonicMs = 0;
  return {
    ...system,
    randomBytes: chance.bytes,
    nowMs: () => 0,
    monotonicMs: () => monotonicMs,
    after: (ms, act) =>
      system.after(0, () => {
        monotonicMs += ms;
        act();
      }),
  };
}

/** The ledger's rules on books in memory, behind a line that may lose what is asked or answered. */
class BankInMemory {
  readonly books = new Books(smallBank());
  /** One question or answer in this many is lost; 0 for none. */
  losesOneIn = 0;
  readonly timeMs = 1_000_000;
  #timeMs = 1_000_000;

  constructor(private readonly chance: Chance) {}

  ask(ask: Ask): Promise<Answer> {
    if (this.#loses()) return Promise.reject(new NoAnswer("lost on the way"));
    const answer = this.#answer(ask);
    return this.#loses()
      ? Promise.reject(new NoAnswer("the answer is lost"))
      : Promise.resolve(answer);
  }

  balance(name: string): bigint {
    return this.books.account(accountIdOf(name))!.balance;
  }

  held(name: string): bigint {
    return this.books.account(accountIdOf(name))!.held;
  }

  #answer(ask: Ask): Answer {
    const command = commandOf(ask);
    if (command === null) return { outcome: "ok" };
    const { outcome, account, booked } = applyCommands(this.books, [command], this.#timeMs++)
      .replies[0]!;
    return {
      outcome,
      ...(booked !== undefined && { booked: booked.toString() }),
      ...(account && { account: viewOf(account) }),
    };
  }

  #loses(): boolean {
    return this.losesOneIn > 0 && this.chance.oneIn(this.losesOneIn);
  }
}

function viewOf({ number, balance, held, version }: Account) {
  return { id: number, booked: `${balance}`, available: `${balance - held}`, version };
}

function commandOf(ask: Ask): Command | null {
  switch (ask.op) {
    case "authorise":
      return {
        ...ask,
        terminal,
        customer: "bob",
        passwordVersion: 1,
        amount: BigInt(ask.amount),
      };
    case "complete":
      return { op: ask.op, movement: ask.movement, terminal, amount: BigInt(ask.amount) };
    case "load_cash":
    case "count_cash":
      return { ...ask, terminal, amount: BigInt(ask.amount) };
    case "reverse":
    case "void":
      return { op: ask.op, movement: ask.movement, terminal };
    default:
      return null;
  }
}

/** An ATM from one start to the next. */
export interface Start {
  /** Moves notes, and has them. */
  simulated: SimulatedDevices;
  devices: CashDevices;
  cashier: Cashier;
  line: BankClient;
  payer: Payer;
  /** Who is logged in. */
  visitor: Payer | null;
  close(): Promise<void>;
}

export async function openBranch(folder: string, chance: Chance, transport: Transport) {
  const database = openAtmFolder(systemFiles, folder);
  const notes = transport === "in process"
    ? database
    : openDevicesFolder(systemFiles, `${folder}/devices`);
  // This test cuts the power in other ways.
  for (const each of [database, notes]) each.exec("PRAGMA synchronous = OFF");
  const bank = new BankInMemory(chance);
  const journal = new Journal(database);
  const branch = {
    database,
    notes,
    bank,
    journal,
    chance,
    transport,
    present: null as Start | null,
  };
  const first = await startAtm(branch, false);
  first.devices.load(new Map([[5_000n, 20], [2_000n, 30], [1_000n, 40]]));
  await first.devices.carryOut();
  assertEquals(totalOf(first.devices.inside()), -bank.balance("lobby"));
  return branch;
}

export type Branch = Awaited<ReturnType<typeof openBranch>>;

/** @param tamper returns the ATM's end of a connection to its devices, changed */
export async function startAtm(
  branch: Branch,
  patient: boolean,
  tamper: (socket: MessageSocket) => MessageSocket = (socket) => socket,
): Promise<Start> {
  const { database, notes, bank, journal, chance, transport } = branch;
  await branch.present?.close();
  const simulated = new SimulatedDevices(notes, patient);
  const served = transport === "in process"
    ? null
    : await serve(simulated, notes, database, tamper);
  const devices = served ?? simulated;
  const cashier = new Cashier({
    onError: () => false,
    world: worldOf(chance),
    journal,
    devices,
    log: () => {},
    takeNotesMsMax: 0,
    currency: () => settings.currency.code,
    onChange: () => {},
    onPowerCut: () => {},
    visitor: () => start.visitor,
  });
  const line = bank as unknown as BankClient;
  const account = viewOf(bank.books.account(accountIdOf("bob"))!);
  const payer: Payer = { bank: line, account, uid: null, update: () => {}, inDoubt: false };
  const close = async () => {
    await cashier.idle();
    await served?.close();
  };
  const start: Start = { simulated, devices, cashier, line, payer, close, visitor: payer };
  return branch.present = start;
}

/** Connects an ATM to a service of these devices, without sockets. */
async function serve(
  simulated: SimulatedDevices,
  notes: DatabaseSync,
  atm: DatabaseSync,
  tamper: (socket: MessageSocket) => MessageSocket,
): Promise<Xfs4IotDevices> {
  const service = new DeviceService(new CashRecycler(simulated, notes), system, () => {});
  simulated.onTaken = () => service.unsolicited("CashManagement.ItemsTakenEvent");
  const devices = new Xfs4IotDevices({
    url: publisherPath,
    connect: (path) => {
      const [ours, theirs] = messagePair();
      service.accept(path, standard(theirs, "devices"), publisherPath);
      return Promise.resolve(standard(tamper(ours), "ATM"));
    },
    // A pause takes no time; an answer may.
    world: { ...system, after: (ms, act) => system.after(ms === deviceRetryMs ? 0 : ms, act) },
    database: atm,
    currency: () => settings.currency,
    log: () => {},
  });
  assert(await devices.start(), devices.why);
  return devices;
}

/** Returns the notes that staff count: those that customers left are apart. */
export function notesToCount({ journal }: Branch, { simulated }: Start): NoteCounts {
  return journal.flagged().filter(({ kind }) => kind === "left")
    .reduce((counted, { notes }) => plus(counted, notes, -1), simulated.everywhere());
}

/**
 * Counts the notes, as staff do.
 * @returns what was missing, negative, or over, in minor units
 */
export async function countNotes(
  branch: Branch,
  start: Start,
  strays: NoteCounts = new Map(),
): Promise<bigint> {
  const { database, journal, chance } = branch;
  const { devices } = start;
  const people = { database, journal, devices, world: worldOf(chance) };
  const counted = plus(notesToCount(branch, start), strays);
  const over = countCassettes(people, counted, settings.currency);
  await devices.carryOut();
  return over;
}

/** Requires that every movement is settled, and that notes and books agree. */
export function evening({ notes, bank, journal }: Branch, when: string): void {
  const devices = new SimulatedDevices(notes);
  assertEquals(journal.unfinished(), [], when);
  assertEquals(totalOf(devices.everywhere()), -bank.balance("lobby"), `notes, ${when}`);
  assertEquals(bank.held("bob"), 0n, when);
  const all = ["vault", "differences", "alice", "bob", "lena", "carl", "dora", "lobby", "mall"];
  assertEquals(all.reduce((sum, name) => sum + bank.balance(name), 0n), 0n, `books, ${when}`);
}
