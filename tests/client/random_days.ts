/**
 * Random days at an ATM: withdrawals, deposits, every fault, lost answers, new starts and people who
 * count. The real cashier, journal, devices and settling, and the real rules of the ledger, in one
 * process: every evening notes and books agree. The devices are the ATM's own, or behind a service.
 */
import { assert, assertEquals } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { type BankClient, NoAnswer } from "../../client/bank_client.ts";
import type { CashDevices } from "../../client/cash/devices.ts";
import { Xfs4IotDevices } from "../../client/cash/xfs4iot/xfs4iot_devices.ts";
import { DeviceService, publisherPath } from "../../client/device_service/device_service.ts";
import { CashRecycler } from "../../client/device_service/recycler.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { countCassettes, fillCassettes } from "../../client/filling.ts";
import { noteCount, plus, totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { Cashier, type Payer } from "../../client/cashier.ts";
import { Journal } from "../../client/journal.ts";
import type { DeviceFault } from "../../lib/atm.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { deviceRetryMs } from "../../lib/limits.ts";
import type { World } from "../../lib/world.ts";
import type { Answer, Ask } from "../../lib/protocol/message.ts";
import { messagePair } from "./message_pair.ts";
import { Books } from "../../server/ledger/books.ts";
import type { Command } from "../../server/ledger/command.ts";
import { applyCommands } from "../../server/ledger/rules/rules.ts";
import type { Account } from "../../server/ledger/model.ts";
import { accountIdOf, idOf, settings, smallBank } from "../server/helpers/small_bank.ts";

const daysOfYear = 50;
const seed = 20_261_125;
/** Where the devices are. */
export type Transport = "in process" | "by messages";
export const transports: readonly Transport[] = ["in process", "by messages"];
const notes = [5_000n, 2_000n, 1_000n, 500n];
const terminal = idOf("lobby");
const steps = ["dispense", "present", "retract", "cashIn", "cashInEnd", "cashInRollback"];

/** Returns repeatable randomness. */
function chanceOf(state: number) {
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

type Chance = ReturnType<typeof chanceOf>;

/** Returns a world in which waiting takes no time, although the clock advances, with repeatable randomness. */
function worldOf(chance: Chance): World {
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

/** Lives through so many years of 50 days, and returns how often each outcome was seen. */
export async function liveYears(
  years: number,
  transport: Transport,
  first = 0,
): Promise<ReadonlyMap<string, number>> {
  const seen = new Map<string, number>();
  for (let year = first; year < first + years; year++) {
    const folder = await Deno.makeTempDir();
    const chance = chanceOf(seed + year);
    const branch = await openBranch(folder, chance, transport);
    try {
      for (let day = 0; day < daysOfYear; day++) {
        await liveThrough(branch, chance, seen);
        evening(branch, `year ${year}, day ${day}, seed ${seed}`);
      }
    } finally {
      await branch.present?.close();
      branch.notes.close();
      if (branch.database.isOpen) branch.database.close();
      await Deno.remove(folder, { recursive: true });
    }
  }
  return seen;
}

/** Requires that these days had something of everything. */
export function requireVariety(seen: ReadonlyMap<string, number>): void {
  for (
    const outcome of [
      "1000",
      "-1000",
      "ok",
      "device_fault",
      "notes_not_taken",
      "to_be_counted",
      "in_doubt",
    ]
  ) {
    assert([...seen.keys()].some((what) => what.endsWith(` ${outcome}`)), `never ${outcome}`);
  }
}

/** An ATM from one start to the next. */
interface Start {
  /** Moves notes, and has them. */
  simulated: SimulatedDevices;
  devices: CashDevices;
  cashier: Cashier;
  line: BankClient;
  payer: Payer;
  close(): Promise<void>;
}

async function openBranch(folder: string, chance: Chance, transport: Transport) {
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

type Branch = Awaited<ReturnType<typeof openBranch>>;

async function startAtm(branch: Branch, patient: boolean): Promise<Start> {
  const { database, notes, bank, journal, chance, transport } = branch;
  await branch.present?.close();
  const simulated = new SimulatedDevices(notes, patient);
  const served = transport === "in process" ? null : await serve(simulated, notes, database);
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
  });
  const line = bank as unknown as BankClient;
  const account = viewOf(bank.books.account(accountIdOf("bob"))!);
  const payer: Payer = { bank: line, account, uid: null, update: () => {}, inDoubt: false };
  const close = async () => {
    await cashier.idle();
    await served?.close();
  };
  return branch.present = { simulated, devices, cashier, line, payer, close };
}

/** Connects an ATM to a service of these devices, without sockets. */
async function serve(
  simulated: SimulatedDevices,
  notes: DatabaseSync,
  atm: DatabaseSync,
): Promise<Xfs4IotDevices> {
  const service = new DeviceService(new CashRecycler(simulated, notes), system, () => {});
  simulated.onTaken = () => service.unsolicited("CashManagement.ItemsTakenEvent");
  const devices = new Xfs4IotDevices({
    url: publisherPath,
    connect: (path) => {
      const [ours, theirs] = messagePair();
      service.accept(path, theirs, publisherPath);
      return Promise.resolve(ours);
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

/**
 * Runs several starts in a day; at each a few customers, one of whom may meet a fault or walk
 * away.
 */
async function liveThrough(branch: Branch, chance: Chance, seen: Map<string, number>) {
  const { bank, journal, database } = branch;
  for (let start = 0; start < 3; start++) {
    const atm = await startAtm(branch, chance.oneIn(4));
    bank.losesOneIn = chance.of([0, 0, 5]);
    await atm.cashier.recover();
    await atm.cashier.settle(atm.line).catch(() => {});
    if (chance.oneIn(2)) atm.simulated.arm(anyFault(chance));
    for (let customer = 0; customer < 2; customer++) {
      const what = chance.of(["withdraw", "deposit", "cancel"] as const);
      const outcome = await serveCustomer(atm, what, chance);
      seen.set(`${what} ${outcome}`, (seen.get(`${what} ${outcome}`) ?? 0) + 1);
    }
  }
  bank.losesOneIn = 0;
  const last = await startAtm(branch, false);
  await last.cashier.recover();
  await last.cashier.settle(last.line);
  const people = {
    database,
    journal,
    devices: last.devices,
    world: worldOf(chance),
  };
  if (last.devices.jammed().length > 0 || journal.flagged().length > 0) {
    let counted = last.simulated.everywhere();
    for (const { kind, notes } of journal.flagged()) {
      if (kind === "left") counted = plus(counted, notes, -1);
    }
    // Now and then a note has got lost, or was there unknown to all; a doubtful movement stays unknown.
    const certain = journal.flagged().every(({ state }) => state !== "doubtful");
    const strays = certain && counted.has(1_000n) ? chance.of([0, 0, 1, -1]) : 0;
    counted = plus(counted, new Map([[1_000n, strays]]));
    const over = BigInt(strays) * 1_000n;
    assertEquals(countCassettes(people, counted, settings.currency), over, "missing or over");
    await last.devices.carryOut();
    if (over !== 0n) seen.set(`count ${over}`, (seen.get(`count ${over}`) ?? 0) + 1);
  }
  if (noteCount(last.devices.cassettes()) < 30) {
    fillCassettes(people, new Map([[5_000n, 10], [1_000n, 20]]), settings.currency);
    await last.devices.carryOut();
  }
  await last.cashier.settle(last.line);
}

function anyFault(chance: Chance): DeviceFault {
  const what = chance.of(["jam", "jam", "power cut", "lost count"]);
  return `${what} ${chance.of(["before", "between", "after"])} ${chance.of(steps)}` as DeviceFault;
}

async function serveCustomer(
  { simulated, cashier, payer }: Start,
  what: "withdraw" | "deposit" | "cancel",
  chance: Chance,
): Promise<string> {
  if (what === "withdraw") {
    const amount = BigInt(1 + chance.below(30)) * 1_000n;
    return (await cashier.alone(() => cashier.withdraw(payer, amount))).outcome;
  }
  const opened = await cashier.alone(() => cashier.openAcceptor(payer));
  if (opened !== "ok") return opened;
  for (let count = chance.below(8); count > 0; count--) await simulated.insert(chance.of(notes));
  if (what === "deposit") return (await cashier.alone(() => cashier.deposit(payer))).outcome;
  await cashier.alone(() => cashier.returnEscrow());
  return "handed back";
}

function evening({ notes, bank, journal }: Branch, when: string): void {
  const devices = new SimulatedDevices(notes);
  assertEquals(journal.unfinished(), [], when);
  assertEquals(totalOf(devices.everywhere()), -bank.balance("lobby"), `notes, ${when}`);
  assertEquals(bank.held("bob"), 0n, when);
  const all = ["vault", "differences", "alice", "bob", "lena", "carl", "dora", "lobby", "mall"];
  assertEquals(all.reduce((sum, name) => sum + bank.balance(name), 0n), 0n, `books, ${when}`);
}
