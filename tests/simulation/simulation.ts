/** A bank with its servers, ATMs, customers and operators over some days, from one seed. */
import { UsageError } from "../../lib/errors.ts";
import type { Settings } from "../../server/ledger/model.ts";
import type { Store } from "../../server/ledger/store.ts";
import { demoFilling } from "../../client/cash/cash_notes.ts";
import { systemFiles } from "../../lib/system.ts";
import type { StorePlace } from "../../server/ledger/open_store.ts";
import { SqliteStore } from "../../server/ledger/sqlite/store.ts";
import { keysPath, logFilePath } from "../../server/folder/bank_folder.ts";
import { bankFolder, bankPort, BankServer } from "./bank_server.ts";
import {
  type Ending,
  type Entry,
  judgeEntries,
  judgeSessions,
  type Session,
} from "./access_judge.ts";
import {
  type Config,
  crashesAtAwait,
  crashesAtPoint,
  databaseFaults,
  diskFaults,
  habits,
  lineFaults,
  networkFaults,
  sqliteCommitFaults,
} from "./config.ts";
import { Colleagues } from "./colleagues.ts";
import { type CardAtBackup, cardAtBackup, CardOffice, restoreCard } from "./card_office.ts";
import { opens, PinWatch } from "./cards.ts";
import { type Credentials, Customer, walletAtFirst } from "./customer.ts";
import { DeviceBox } from "./device_box.ts";
import { soundDisk } from "./disk.ts";
import {
  FollowedStaff,
  judgeStaff,
  type StaffAtRestore,
  type StaffEvidence,
} from "./four_eyes_judge.ts";
import { guardedStore } from "./guarded_store.ts";
import { Crash, Host, type Process } from "./host.ts";
import type { Intent, Look } from "./intents.ts";
import { replayTokens } from "./jackpot.ts";
import { judgeLog, type LogKeys, saidIn } from "./log_judge.ts";
import { Machine } from "./machine.ts";
import { soundLine } from "./message_pair.ts";
import { MemoryDatabase, MemoryStore, soundDatabase } from "./memory_store.ts";
import {
  creditedBy,
  type Evidence,
  type Finding,
  judgeLooks,
  judgeMoney,
  type Lost,
  type Restore,
  type Restored,
} from "./money_judges.ts";
import { Network, quietNetwork } from "./network.ts";
import { Operators } from "./operators.ts";
import { Random } from "./random.ts";
import {
  type Records,
  recordsInMemory,
  recordsInSqlite,
  staffInMemory,
  staffInSqlite,
  waitingInSqlite,
} from "./records.ts";
import { Scheduler } from "./scheduler.ts";
import { SecretWatch } from "./secrets.ts";
import { guess } from "./thief.ts";
import { endCommitFaults, failCommits } from "./sqlite_faults.ts";
import { realPath } from "./sqlite_files.ts";

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const opensAtMs = 8 * 60 * minuteMs;
const currency = { code: "EUR", exponent: 2 };
/** The longest that a customer may stand in front of an ATM. */
const visitMsMax = 120 * minuteMs;
/** What is done in one go ends before the next day. */
const playMsMax = 14 * 60 * minuteMs;
const findingsMax = 12;

/** All that judges see at the end of a day. */
export interface Seen {
  readonly records: Records;
  readonly money: Evidence;
  readonly log: LogKeys;
  readonly sessions: readonly Session[];
  readonly endings: readonly Ending[];
  readonly entries: readonly Entry[];
  /** Null where there is one operator, without a key. */
  readonly staff: StaffEvidence | null;
}

export function judge({ records, money, log, sessions, endings, entries, staff }: Seen): Finding[] {
  return [
    ...judgeMoney(records, money),
    ...judgeLog(records, log),
    ...staff === null ? [] : judgeStaff(saidIn(records, log), records.movements, staff),
    ...judgeSessions(sessions, endings),
    ...judgeEntries(entries),
  ];
}

export interface Result {
  readonly config: Config;
  /** Over every event, outcome and balance, in order. */
  readonly hash: string;
  readonly findings: readonly Finding[];
  /** What happened, and how often. */
  readonly counts: ReadonlyMap<string, number>;
  readonly events: number;
  /** At the end of the last day. */
  readonly seen: Seen | null;
}

/** @param onLine takes the history and the programs' own logs, line by line */
export function simulate(config: Config, onLine?: (line: string) => void): Promise<Result> {
  return new Simulation(config, onLine).run();
}

class Simulation {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #network: Network;
  readonly #database: MemoryDatabase;
  readonly #sqliteFolder: string | null;
  readonly #servers: BankServer[] = [];
  readonly #machines: Machine[] = [];
  /** Devices that are behind a service. */
  readonly #boxes: DeviceBox[] = [];
  #people: Customer[] = [];
  /** Whom a restore forgot. */
  readonly #forgotten: Customer[] = [];
  readonly #sessions: Session[] = [];
  readonly #endings: Ending[] = [];
  #entries: Entry[] = [];
  readonly #restores: Restore[] = [];
  /** The books as the last restore left them. */
  #newest: Restored | null = null;
  /** Passwords as they were when the last backup was begun. */
  #backedUp: (Credentials & { credentials: Credentials; cardThen: CardAtBackup })[] = [];
  readonly #pins: PinWatch;
  readonly #office: CardOffice;
  readonly #secrets = new SecretWatch();
  readonly #worstMoments: Random;
  readonly #worstMomentsOfStaff: Random;
  #seen: Seen | null = null;
  #revoked: Machine | null = null;
  /** Whether its notes are the bank's no more. */
  #isWrittenOff = false;
  /** Movements that were corrected then: what a count of its notes would find reaches no book. */
  #correctedLast: string[] = [];
  readonly #lost: Lost[] = [];
  /** Of each machine, the time from which on the last backup may lack what it did. */
  readonly #missingFromMs = new Map<Machine, number>();
  readonly #intents: Intent[] = [];
  readonly #looks: Look[] = [];
  readonly #findings: Finding[] = [];
  readonly #counts = new Map<string, number>();
  readonly #operators: Operators;
  /** Null where there is one operator, without a key. */
  readonly #colleagues: Colleagues | null;
  /** Of each restore, the operators that the bank had just before. */
  readonly #atRestores: StaffAtRestore[] = [];
  #staffBefore: StaffAtRestore | null = null;
  /** Servers that reported at their start that they keep no file of the log. */
  readonly #withoutLogFile = new Set<BankServer>();
  #serial = 0;
  #customers = 0;
  /** Whether faults happen now. */
  #troubled = false;
  /** Whether servers and ATMs are kept running. */
  #open = false;
  /** Supervisors that wait for the next second. */
  readonly #lookedAfter: (() => void)[] = [];
  #visiting = 0;
  #customersNotesKept = 0n;

  constructor(private readonly config: Config, onLine?: (line: string) => void) {
    const random = this.#random = Random.of(config.seed);
    this.#worstMoments = random.split("worst moments");
    this.#worstMomentsOfStaff = random.split("worst moments of colleagues");
    const scheduler = this.#scheduler = new Scheduler((error) => this.#failed("an event", error));
    scheduler.onRecorded = onLine ?? null;
    this.#pins = new PinWatch(() => scheduler.timeMs);
    this.#network = new Network(scheduler, random.split("network"));
    this.#database = new MemoryDatabase({ scheduler, random: random.split("database") });
    this.#database.onChanged = (what) => scheduler.record(what);
    this.#database.onViolation = (what) => this.#find("database", what);
    this.#database.onFault = () => this.#actAtTheWorstMoment();
    this.#network.onSent = (bytes) => this.#secrets.see("what passes over the network", bytes);
    this.#sqliteFolder = config.sqlite ? Deno.makeTempDirSync({ dir: shortestFolder() }) : null;
    if (this.#sqliteFolder !== null) {
      const own = random.split("commits of SQLite's");
      failCommits(this.#sqliteFolder, () => {
        if (!this.#troubled || !own.chance(sqliteCommitFaults(config))) return "good";
        this.#count("fault: COMMIT of SQLite's in doubt");
        this.#actAtTheWorstMoment();
        return own.of(["fails, is there", "fails, is not there"] as const);
      });
    }
    for (let index = 1; index <= config.servers; index++) this.#addServer(index);
    for (let index = 1; index <= config.atms; index++) this.#addMachine(index);
    this.#colleagues = !config.faults.has("colleagues") ? null : new Colleagues({
      scheduler,
      random: random.split("colleagues"),
      servers: this.#servers,
      isTroubled: () => this.#troubled,
      count: (what) => this.#count(what),
      onLine: (line) => this.#secrets.see("an operator's answer", line),
    });
    this.#operators = new Operators({
      scheduler,
      random: random.split("operators"),
      servers: this.#servers,
      machines: this.#machines,
      sqlite: config.sqlite,
      colleagues: this.#colleagues,
      writesOff: config.faults.has("write-offs"),
      others: [
        ...config.faults.has("cards") ? [[8, () => this.#office.act()]] as const : [],
        ...config.faults.has("tokens")
          ? [[3, () => this.#operators.changeSomeDeviceKeys()]] as const
          : [],
        ...config.faults.has("replacements")
          ? [[3, () => this.#operators.replaceSomeDevices()]] as const
          : [],
        ...config.faults.has("write-offs")
          ? [[1, () => this.#operators.writeOffAtRandom()]] as const
          : [],
      ],
      count: (what) => this.#count(what),
      find: (what) => this.#find("operators", what),
      onEnding: (ending) => this.#endings.push(ending),
      onKeyFile: (text) => this.#secrets.addKeyFile("a terminal's key file", text),
      onLine: (line) => this.#secrets.see("an operator's answer", line),
      onNewCustomer: () => this.#addCustomer(`customer-${++this.#customers}`),
      countIn: (machine) => this.#countIn(machine),
      onBackup: () => {
        this.#backedUp = this.#people.map(({ credentials }) => ({
          ...credentials,
          credentials,
          cardThen: cardAtBackup(credentials),
        }));
      },
      onBackedUp: (path, fromMs) => this.#keptIn(path, fromMs),
      onLost: (machine) => this.#lose(machine),
      onRestoring: () => this.#judgeBeforeRestore(),
      onRestored: (restore) => this.#restored(restore),
    });
    this.#office = new CardOffice({
      scheduler,
      random: random.split("card office"),
      operators: this.#operators,
      machines: this.#machines,
      pins: this.#pins,
      customers: () => [...new Set(this.#people.map(({ credentials }) => credentials))],
      onEnding: (ending) => this.#endings.push(ending),
      onCard: (customer, number) => this.#secrets.addText(`the card of ${customer}`, number),
    });
  }

  async run(): Promise<Result> {
    const onRejection = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      this.#failed("a promise", event.reason);
    };
    globalThis.addEventListener("unhandledrejection", onRejection);
    try {
      await this.#scheduler.run(opensAtMs);
      await this.#play(() => this.#prepare());
      this.#learnKeys();
      for (let day = 0; day < this.config.days && this.#findings.length === 0; day++) {
        await this.#scheduler.run(day * dayMs + opensAtMs);
        await this.#play(() => this.#day());
        await this.#play(() => this.#evening());
        await this.#play(() => this.#close());
        this.#judge();
      }
    } finally {
      globalThis.removeEventListener("unhandledrejection", onRejection);
      if (this.#sqliteFolder) {
        endCommitFaults(this.#sqliteFolder);
        Deno.removeSync(this.#sqliteFolder, { recursive: true });
      }
    }
    return {
      config: this.config,
      hash: this.#scheduler.historyHash(),
      findings: this.#findings,
      counts: new Map([...this.#counts, ...this.#counted()].sort()),
      events: this.#scheduler.steps,
      seen: this.#seen,
    };
  }

  /** Returns the faults that parts of the world count. */
  #counted(): Map<string, number> {
    const sums = new Map([...this.#database.counted, ...this.#network.counted]);
    for (const { disk } of [...this.#servers, ...this.#machines]) {
      for (const [what, times] of disk.counted) sums.set(what, (sums.get(what) ?? 0) + times);
    }
    return sums;
  }

  /** Lets time pass until what people do is done. */
  async #play(act: () => Promise<void>): Promise<void> {
    let done = false;
    let failure: unknown = null;
    act().catch((error) => failure = error).finally(() => done = true);
    await this.#scheduler.run(this.#scheduler.timeMs + playMsMax, () => done);
    if (!done) this.#find("stops", "something that people began does not end");
    if (failure) this.#failed("what people began", failure);
  }

  // The places and the people

  #host(name: string, address: string): Host {
    const random = this.#random.split(`host ${name}`);
    const host = new Host(name, address, this.#scheduler, random);
    if (this.config.faults.has("clocks")) host.drift = (random.fraction() - 0.5) * 2e-4;
    return host;
  }

  #addServer(index: number): void {
    const server = new BankServer(
      `server-${index}`,
      this.#host(`server-${index}`, `10.0.0.${index}`),
      {
        network: this.#network,
        url: this.config.sqlite ? undefined : "memory",
        sqliteFolder: this.#sqliteFolder,
        pins: this.#pins,
        openStore: (process) => (place, create) => this.#openStore(process, place, create),
        log: (line) => {
          this.#logged(line);
          if (/writing \S+ failed: /.test(line)) this.#withoutLogFile.add(server);
        },
      },
    );
    this.#servers.push(server);
  }

  async #openStore(process: Process, place: StorePlace, create?: Settings): Promise<Store> {
    if ("url" in place) return await MemoryStore.open(this.#database, process, create);
    const real = (path: string) => realPath(this.#sqliteFolder!, path);
    const world = { ...process.world, files: systemFiles };
    try {
      return guardedStore(SqliteStore.open(world, real(place.path), create), process, real);
    } catch (error) {
      // The folder's random name is no part of the history.
      const { message } = error as Error;
      (error as Error).message = message.replaceAll(this.#sqliteFolder!, bankFolder);
      throw error;
    }
  }

  #addMachine(index: number): void {
    const name = `atm-${index}`;
    const random = this.#random.split(`balancer ${name}`);
    const machine = new Machine(name, this.#host(name, `10.0.1.${index}`), {
      connect: (process) => {
        const server = random.of(this.#servers);
        return this.#network.connect(process, `${server.host.address}:${bankPort}`);
      },
      log: (line) => this.#logged(line),
      onFailure: (what, error) => this.#failed(what, error),
    }, this.#boxFor(name));
    // A machine has a reader where there are cards for it: one of a bank elsewhere will do.
    if (this.config.faults.has("cards")) {
      machine.bringCard({ name: "elsewhere", number: "0".repeat(37) });
    }
    this.#machines.push(machine);
  }

  /** Returns the devices of an ATM that are behind a service; null for those of the ATM's process. */
  #boxFor(machine: string): DeviceBox | null {
    const { faults } = this.config;
    if (!faults.has("tokens") || !this.#random.split(`devices of ${machine}`).chance(0.6)) {
      return null;
    }
    const name = `${machine}-devices`;
    const isPlain = faults.has("plain-devices") &&
      this.#random.split(`maker of ${name}`).chance(0.5);
    if (isPlain) this.#count("devices that attest nothing of an ended nonce");
    const box = new DeviceBox(name, this.#host(name, ""), {
      isPlain,
      log: (line) => this.#logged(line),
      count: (what) => this.#count(what),
    });
    this.#boxes.push(box);
    return box;
  }

  /** Devices behind a service are filled by people, and most of them get keys. */
  async #equip(machine: Machine): Promise<void> {
    const { box } = machine;
    if (!box) return;
    await box.start();
    await machine.fill(demoFilling(currency), currency);
    if (!this.#random.split(`keys of ${machine.name}`).chance(0.8)) return;
    await this.#operators.carryDeviceKeys(machine, "enrol");
  }

  async #prepare(): Promise<void> {
    const [first, ...others] = this.#servers;
    const settings = {
      ...{ bankName: "Simulated Bank", currency },
      ...{ timeZone: "Europe/Berlin", smallestNote: 500n },
    };
    await first!.create(settings, this.#colleagues?.first());
    for (const server of others) await server.join(first!);
    await this.#colleagues?.join();
    for (const machine of this.#machines) {
      await this.#operators.enrol(machine);
      await this.#equip(machine);
    }
    this.#customers = 3 + 2 * this.config.atms;
    for (let index = 1; index <= this.#customers; index++) {
      await this.#addCustomer(`customer-${index}`);
    }
  }

  async #addCustomer(name: string): Promise<void> {
    const random = this.#random.split(name);
    const password = `${name} pass ${random.below(1e6)}`;
    const credentials = {
      name,
      password,
      perhaps: null,
      changedMs: 0,
      changes: 0,
      restores: 0,
      isForgotten: false,
      card: null,
    };
    const accounts = random.chance(0.3) ? 2 : 1;
    const opening = random.between(0, random.of([20_000, 400_000]));
    this.#secrets.addText(`a password of ${name}`, password);
    this.#pins.addPassword(name, password);
    try {
      await this.#operators.addCustomer(credentials, opening, accounts);
    } catch (error) {
      return this.#scheduler.record(`operator: add customer: ${(error as Error).message}`);
    }
    if (this.config.faults.has("cards") && random.split("card").chance(0.7)) {
      await this.#office.issue(credentials);
    }
    this.#addPerson(name, credentials);
    if (random.chance(0.3)) this.#addPerson(`${name}'s partner`, credentials);
  }

  /** Somebody who has a customer's name and password. */
  #addPerson(person: string, credentials: Credentials): void {
    const world = {
      scheduler: this.#scheduler,
      nextSerial: () => ++this.#serial,
      someoneElsesAccount: (than: string, random: Random) =>
        this.#operators.someoneElsesAccount(than, random),
      onIntent: (intent: Intent) => void this.#intents.push(intent),
      onLook: (look: Look) => void this.#looks.push(look),
      onSession: (session: Session) => void this.#sessions.push(session),
      onEnding: (ending: Ending) => void this.#endings.push(ending),
      onPassword: (password: string) => {
        this.#secrets.addText(`a password of ${person}`, password);
        this.#pins.addPassword(credentials.name, password);
      },
      pins: this.#pins,
      count: (what: string) => this.#count(what),
      find: (what: string) => this.#find("people", what),
    };
    const random = this.#random.split(`behaviour of ${person}`);
    const habitsNow = habits(this.config);
    this.#people.push(new Customer(person, credentials, world, random, habitsNow));
  }

  // The days

  async #day(): Promise<void> {
    this.#open = true;
    this.#lookAfterAll();
    for (const server of this.#servers) this.#keepRunning(server, 1_000);
    for (const machine of this.#machines) this.#keepRunning(machine, 2_000);
    for (const box of this.#boxes) this.#keepRunning(box, 1_000);
    await this.#scheduler.pause(minuteMs / 2);
    this.#setTrouble(true);
    const random = this.#random.split(`day ${this.#scheduler.timeMs}`);
    this.#unleash(random);
    const { visits, atms } = this.config;
    const visitEveryMs = 75_000 / atms;
    for (let visit = 0; visit < visits; visit++) {
      await this.#scheduler.pause(random.wait(visitEveryMs), "arrival");
      const person = random.of(this.#people);
      this.#arrive(person, random);
      // Those who share a name often come together, and go to two machines.
      const other = this.#people.find(({ name, person: other }) =>
        name === person.name && other !== person.person
      );
      if (other && random.chance(0.5)) this.#arrive(other, random);
    }
    await this.#untilNobodyVisits();
    this.#setTrouble(false);
    await this.#operators.idle();
    await this.#colleagues?.idle();
  }

  /** A customer who is not somewhere else already goes to a machine that is free. */
  async #arrive(customer: Customer, random: Random): Promise<void> {
    const free = this.#machines.filter(({ page, occupiedBy }) => page && occupiedBy === null);
    const isBusy = this.#machines.some(({ occupiedBy }) => occupiedBy === customer.person);
    if (free.length === 0 || isBusy) {
      return this.#count("turned back");
    }
    this.#visiting++;
    try {
      await customer.visit(random.of(free));
    } catch (error) {
      this.#failed(customer.person, error);
    }
    this.#visiting--;
  }

  async #untilNobodyVisits(): Promise<void> {
    const endMs = this.#scheduler.timeMs + visitMsMax;
    while (this.#visiting > 0) {
      await this.#scheduler.pause(minuteMs);
      if (this.#scheduler.timeMs < endMs) continue;
      const who = this.#machines.flatMap(({ name, occupiedBy, page }) =>
        occupiedBy ? [`${occupiedBy} at ${name}: ${page?.screen.name}`] : []
      );
      return this.#find("people", `they wait for ever: ${who.join(", ")}`);
    }
  }

  /** Faults end, everything is started, people see to what needs them, and all is quiet for a while. */
  async #evening(): Promise<void> {
    const isLast = this.#scheduler.timeMs > (this.config.days - 1) * dayMs;
    await this.#scheduler.pause(3 * minuteMs);
    for (const server of this.#withoutLogFile) await this.#stop(server);
    this.#withoutLogFile.clear();
    if (this.config.faults.has("clocks")) await this.#operators.confirmClocks();
    await this.#scheduler.pause(minuteMs);
    await this.#operators.replaceRevokedDevices();
    for (const machine of this.#machines) await this.#countIn(machine);
    await this.#scheduler.pause(8 * minuteMs);
    await this.#operators.decideTransfers();
    await this.#operators.settleLost();
    await this.#seeToDisputes();
    await this.#rollCall();
    if (isLast && this.config.faults.has("operators")) await this.#revokeWhileInUse();
  }

  /**
   * What the bank has open still, and what it and keyed devices disagree about, is settled and
   * corrected; then the ATM is started once, so that it compares its notes with the books, and the
   * notes are counted.
   */
  async #seeToDisputes(): Promise<void> {
    const open = await this.#operators.open();
    for (const { terminal, movement } of open) {
      const machine = this.#machines.find(({ name }) => name === terminal);
      if (!machine?.hasSettled(movement)) continue;
      this.#find("quiet", `${terminal} is done with ${movement}, which the bank has open`);
    }
    const disputed = this.#machines.filter((machine) =>
      machine.disputes().length > 0 || open.some(({ terminal }) => terminal === machine.name)
    );
    if (disputed.length === 0) return;
    for (const machine of disputed) {
      await this.#operators.seeTo(machine);
      await this.#stop(machine);
    }
    await this.#scheduler.pause(3 * minuteMs);
    for (const machine of disputed) await this.#countIn(machine);
    await this.#scheduler.pause(3 * minuteMs);
  }

  /** Every customer logs in, and at every machine somebody does. */
  async #rollCall(): Promise<void> {
    this.#entries = [];
    const random = this.#random.split(`roll call ${this.#scheduler.timeMs}`);
    const names = new Map(this.#people.map((person) => [person.name, person]));
    const customers = [...names.values()];
    for (let index = 0; index < Math.max(customers.length, this.#machines.length); index++) {
      const customer = customers[index] ?? random.of(customers);
      const machine = this.#machines[index] ?? random.of(this.#machines);
      const screen = await customer.getsIn(machine);
      this.#entries.push({ customer: customer.name, machine: machine.name, screen });
    }
    // After a log-in with the password a card has all its tries again.
    for (const customer of customers.filter(({ credentials: { card } }) => opens(card))) {
      const machine = random.of(this.#machines);
      const screen = await customer.getsIn(machine, true);
      this.#entries.push({ customer: `${customer.name}, by card,`, machine: machine.name, screen });
    }
  }

  /** A terminal is shut out for good while a customer uses it: from then on nothing moves there. */
  async #revokeWhileInUse(): Promise<void> {
    const random = this.#random.split("revocation");
    const machine = random.of(this.#machines);
    const visit = random.of(this.#people).visit(machine);
    await this.#scheduler.pause(random.between(5_000, 60_000));
    await this.#operators.revoke(machine);
    // While movements of it are open, the bank refuses.
    const writesOff = this.config.faults.has("write-offs");
    if (writesOff && random.chance(0.5)) {
      await this.#scheduler.pause(random.between(0, 60_000));
      this.#isWrittenOff = await this.#operators.writeOff(machine);
    }
    await visit;
    for (let visits = 0; visits < 3; visits++) await random.of(this.#people).visit(machine);
    await this.#scheduler.pause(minuteMs);
    machine.isKept = false;
    await this.#stop(machine);
    this.#revoked = machine;
    // A movement that the devices lost count of is settled as people count it.
    this.#customersNotesKept += await machine.countNotes(currency);
    this.#correctedLast = await this.#operators.seeTo(machine);
    if (!writesOff || this.#isWrittenOff) return;
    this.#isWrittenOff = await this.#operators.writeOff(machine);
  }

  /** An operator counts the notes of a machine that needs it: one whose devices or journal say so. */
  async #countIn(machine: Machine): Promise<void> {
    if (!machine.needsPeople() || machine.occupiedBy !== null) return;
    this.#count("counts by people");
    machine.occupiedBy = "people";
    machine.isKept = false;
    await this.#stop(machine);
    this.#customersNotesKept += await machine.countNotes(currency);
    machine.isKept = true;
    machine.occupiedBy = null;
  }

  async #close(): Promise<void> {
    this.#open = false;
    for (const each of [...this.#machines, ...this.#boxes, ...this.#servers]) {
      await this.#stop(each);
    }
  }

  async #stop(what: Machine | BankServer | DeviceBox): Promise<void> {
    if (!await what.stop()) this.#find("stops", `${what.name} did not stop in time`);
  }

  /** Starts it whenever it is not running, as a supervisor does. */
  async #keepRunning(what: BankServer | Machine | DeviceBox, delayMs: number): Promise<void> {
    const random = this.#random.split(`supervisor ${what.name} ${what.starts}`);
    while (this.#open) {
      if (!what.isRunning && what.isKept) {
        if (what instanceof DeviceBox && this.config.faults.has("absences")) {
          await this.#stayOff(random);
        }
        await this.#scheduler.pause(random.between(delayMs / 2, 8 * delayMs), "restart");
        if (!this.#open) return;
        if (!what.isKept) continue;
        try {
          await what.start();
        } catch (error) {
          if (error instanceof Crash) continue;
          const { message } = error as Error;
          this.#logged(`${what.name} cannot start: ${message}`);
          if (what instanceof BankServer && message.includes("newest bank.keys")) {
            await this.#operators.bringKeys(what);
          }
          if (!(error instanceof UsageError) && this.#isAFault(error)) {
            this.#failed(what.name, error);
          }
        }
      }
      if (!this.#open) return;
      await new Promise<void>((resolve) => this.#lookedAfter.push(resolve));
    }
  }

  /** Lets supervisors look at what they keep running, all in one event a second. */
  async #lookAfterAll(): Promise<void> {
    while (this.#open) {
      await this.#scheduler.pause(1_000, "supervisors");
      for (const look of this.#lookedAfter.splice(0)) look();
    }
  }

  // Trouble

  #setTrouble(troubled: boolean): void {
    const { config } = this;
    this.#troubled = troubled;
    this.#network.faults = troubled ? networkFaults(config) : quietNetwork;
    this.#database.faults = troubled ? databaseFaults(config) : soundDatabase;
    for (const each of [...this.#servers, ...this.#machines]) {
      each.crashesAtPoint = troubled ? crashesAtPoint(config) : 0;
      each.crashesAtAwait = troubled ? crashesAtAwait(config) : 0;
      each.disk.isFull = false;
      each.disk.faults = troubled ? diskFaults(config) : soundDisk;
      each.host.turnClock(0);
    }
    for (const box of this.#boxes) {
      box.crashesAtPoint = troubled ? crashesAtPoint(config) : 0;
      box.lineFaults = troubled ? lineFaults(config) : soundLine;
    }
    if (!troubled) {
      this.#network.heal();
      this.#database.parted.clear();
    }
  }

  #unleash(random: Random): void {
    const { faults } = this.config;
    const again = async (name: string, meanMinutes: number, act: (random: Random) => unknown) => {
      const own = random.split(name);
      while (this.#troubled) {
        await this.#scheduler.pause(own.wait(meanMinutes * minuteMs), name);
        if (this.#troubled) await act(own);
      }
    };
    if (faults.has("crashes")) again("crash", 8, (own) => this.#crashOne(own));
    if (faults.has("network")) again("partition", 6, (own) => this.#part(own));
    const shared = faults.has("database") && !this.config.sqlite;
    if (shared) again("store partition", 10, (own) => this.#partFromStore(own));
    if (faults.has("disks")) again("disk", 15, (own) => this.#fillDisk(own));
    if (faults.has("clocks")) again("clock", 12, (own) => this.#turnClock(own));
    if (faults.has("operators")) again("operator", 2, () => this.#operators.act());
    if (faults.has("tokens")) again("jackpot", 6, (own) => this.#replayTokens(own));
    if (faults.has("absences")) again("cabinet", 2, (own) => this.#cutCabinet(own));
    if (faults.has("readers")) again("card reader", 6, (own) => this.#jamReader(own));
    if (this.#colleagues) again("colleagues", 1, () => this.#colleagues!.act());
    if (faults.has("cards")) again("thief", 3, (own) => this.#stealPins(own));
  }

  /** Thieves with copies of a card try PINs, at one machine or at all that are free. */
  async #stealPins(random: Random): Promise<void> {
    const cards = this.#people.flatMap(({ credentials: { card } }) => card ?? []);
    if (cards.length === 0) return;
    const card = random.of(cards);
    const machines = random.chance(0.5) ? this.#machines : [random.of(this.#machines)];
    const world = {
      scheduler: this.#scheduler,
      pins: this.#pins,
      count: (what: string) => this.#count(what),
      find: (what: string) => this.#find("PINs", what),
    };
    const split = (machine: Machine) => random.split(`${this.#scheduler.timeMs} ${machine.name}`);
    this.#visiting++;
    await Promise.all(machines.map((machine) => guess(card, machine, world, split(machine))));
    this.#visiting--;
  }

  /** Somebody with an ATM's PC has its devices dispense on tokens that were used. */
  async #replayTokens(random: Random): Promise<void> {
    const machine = random.of(this.#machines);
    const { box } = machine;
    if (!box?.hasKeys || machine.occupiedBy !== null) return;
    machine.occupiedBy = "a thief";
    for (const code of await replayTokens(machine, box, currency, 3)) {
      this.#count(`used token: ${code}`);
      if (code === "success") this.#find("tokens", `${machine.name} pays again on a used token`);
    }
    machine.occupiedBy = null;
  }

  #crashOne(random: Random): void {
    const what = random.of([...this.#servers, ...this.#machines, ...this.#boxes]);
    const kind = random.chance(0.5) ? "kill" : "power cut";
    const name = what instanceof Machine ? "ATM" : what instanceof DeviceBox ? "devices" : "server";
    this.#count(`fault: crash of ${name} (${kind})`);
    what.crash(kind, "at any moment");
  }

  /** Devices stay off for minutes, while their ATM goes on with other customers. */
  async #stayOff(random: Random): Promise<void> {
    if (!this.#troubled || random.chance(0.5)) return;
    this.#count("fault: devices stay off for minutes");
    const endMs = this.#scheduler.timeMs + random.between(minuteMs / 2, 10 * minuteMs);
    while (this.#troubled && this.#scheduler.timeMs < endMs) {
      await this.#scheduler.pause(1_000, "absence");
    }
  }

  /** An ATM and its devices lose power while notes of a customer, or a card, are in the devices. */
  async #cutCabinet(random: Random): Promise<void> {
    for (let tries = 0; tries < 120; tries++) {
      const machine = this.#machines.find((each) =>
        each.box?.isRunning && (each.customerNotes() > 0n || each.box.hasCard)
      );
      if (machine && random.chance(0.3)) {
        this.#count("fault: power cut of a cabinet with notes or a card");
        return machine.crash("power cut", "with notes or a card in it");
      }
      await this.#scheduler.pause(1_000, "cabinet");
    }
  }

  async #part(random: Random): Promise<void> {
    const [machine, server] = [random.of(this.#machines), random.of(this.#servers)];
    this.#count("fault: partition");
    this.#network.part(machine.host.address, server.host.address);
    await this.#scheduler.pause(random.between(2_000, 90_000), "partition");
    this.#network.heal();
  }

  /** One server cannot reach the database, which others of the bank can. */
  async #partFromStore(random: Random): Promise<void> {
    const { address } = random.of(this.#servers).host;
    this.#count("fault: server parted from the database");
    this.#database.parted.add(address);
    await this.#scheduler.pause(random.between(500, 60_000), "store partition");
    this.#database.parted.delete(address);
  }

  async #fillDisk(random: Random): Promise<void> {
    const { disk } = random.of([...this.#servers, ...this.#machines]);
    this.#count("fault: disk filled for minutes");
    disk.isFull = true;
    await this.#scheduler.pause(random.between(10_000, 5 * minuteMs), "full disk");
    disk.isFull = false;
  }

  /** A card reader behind a service jams, often with a card inside, until staff clear it. */
  async #jamReader(random: Random): Promise<void> {
    if (this.#boxes.length === 0) return;
    const box = random.of(this.#boxes);
    const withCard = random.chance(0.7);
    for (let waits = 0; withCard && waits < 60 && !box.hasCard; waits++) {
      await this.#scheduler.pause(1_000, "card reader");
    }
    this.#count(`fault: card reader jams ${box.hasCard ? "with" : "without"} a card`);
    box.setReaderJam(true);
    await this.#scheduler.pause(random.between(5_000, 6 * minuteMs), "staff");
    box.setReaderJam(false);
  }

  /** Keys are changed, and operators act, while nobody can say the outcome of a commit. */
  #actAtTheWorstMoment(): void {
    if (this.#troubled && this.#colleagues && this.#worstMomentsOfStaff.chance(0.1)) {
      this.#colleagues.act();
    }
    if (!this.#troubled || !this.config.faults.has("operators")) return;
    if (this.#worstMoments.chance(0.1)) void this.#operators.changeSomeKey();
  }

  #turnClock(random: Random): void {
    const what = random.of([...this.#servers, ...this.#machines]);
    const { host } = what;
    const most = random.of([
      5_000,
      60_000,
      10 * minuteMs,
      ...what instanceof Machine ? [400 * dayMs] : [],
    ]);
    this.#count("fault: clock turned");
    host.turnClock(random.between(-most, most));
  }

  // What is found

  #judge(): void {
    const records = this.#records();
    const money = {
      intents: this.#intents,
      looks: this.#looks,
      notes: new Map(
        this.#machines.map((machine) => {
          const terminal = this.#operators.terminalOf(machine);
          if (machine !== this.#revoked) return [terminal, machine.bankNotes()];
          if (this.#isWrittenOff) return [terminal, 0n];
          return [terminal, machine.bankNotes() - creditedBy(records, this.#correctedLast)];
        }),
      ),
      customersNotesKept: this.#machines.reduce(
        (sum, machine) => sum + machine.customerNotes(),
        this.#customersNotesKept,
      ),
      uncorrected: this.#uncorrected(records),
      handed: this.#handed(),
      restores: this.#restores,
      restored: this.#newest,
      lost: this.#lost,
    };
    const log = this.#logKeys();
    const [sessions, endings, entries] = [this.#sessions, this.#endings, this.#entries];
    const staff = this.#staffEvidence();
    this.#seen = { records, money, log, sessions, endings, entries, staff };
    this.#seeKept(log);
    const found = [...judge(this.#seen), ...this.#pins.judge(), ...this.#secrets.findings];
    for (const { judge: name, what } of found) {
      this.#find(name, what);
    }
    for (const { number, owner, balance, held } of records.accounts) {
      this.#scheduler.record(`balance ${number} ${owner} ${balance} ${held}`);
    }
    const byOperators = new Set(
      records.movements.filter(({ operator }) => operator !== "").map(({ id }) => id),
    );
    const byTheBank = new Set(this.#borneByTheBank(records).map(({ movement }) => movement));
    for (const machine of this.#machines) {
      if (machine === this.#revoked) continue; // what it had open operators have settled
      for (const { movement, kind, state, amount, hasToken } of machine.openMovements()) {
        // Flagged for people: an operator completed what the devices had never begun.
        if (state === "disputed" && (byOperators.has(movement) || byTheBank.has(movement))) {
          continue;
        }
        // In doubt at a bank that a restore has forgotten: without a token its device paid nothing.
        const isLost = this.#restores.length > 0 &&
          records.movements.every(({ id }) => id !== movement);
        if (state === "disputed" && !hasToken && isLost) continue;
        this.#find(
          "journal",
          `${machine.name}: ${kind} ${movement} of ${amount} is ${state} still`,
        );
      }
    }
  }

  /** What a correction would give back to each customer, had the withdrawal been on their account. */
  #uncorrected(records: Records): Map<string, bigint> {
    const sums = new Map<string, bigint>();
    for (const { customer, booked, done } of this.#borneByTheBank(records)) {
      sums.set(customer, (sums.get(customer) ?? 0n) + booked - done);
    }
    return sums;
  }

  /**
   * Disputed withdrawals that a restored bank booked between two of its accounts: nobody's, or of a
   * customer whose account could not bear it.
   */
  #borneByTheBank({ accounts, movements }: Records) {
    const differences = accounts.find(({ kind }) => kind === "differences")!.number;
    return this.#machines.flatMap((machine) =>
      machine.disputes().flatMap(({ movement, done }) => {
        const row = movements.find(({ id, booked }) => id === movement && booked > 0n);
        if (row?.debit !== differences) return [];
        return [{ movement, customer: row.customer, booked: row.booked, done }];
      })
    );
  }

  /** What the people of each name have in hand more than at first. */
  #handed(): Map<string, bigint> {
    const handed = new Map<string, bigint>();
    const add = (name: string, wallet: bigint) =>
      handed.set(name, (handed.get(name) ?? 0n) + wallet - walletAtFirst);
    for (const { name, wallet } of this.#people) add(name, wallet);
    for (const { wallet } of this.#forgotten) add("", wallet);
    return handed;
  }

  /** What customers saw is judged by the books that a backup will replace. */
  #judgeBeforeRestore(): void {
    const seen = { intents: this.#intents, looks: this.#looks, restored: this.#newest };
    const records = this.#records();
    for (const { judge, what } of judgeLooks(records, seen)) this.#find(judge, what);
    const staff = this.#staffEvidence();
    if (staff === null) return;
    const said = saidIn(records, this.#logKeys());
    this.#staffBefore = new FollowedStaff(said, staff).state;
    for (const { judge, what } of judgeStaff(said, records.movements, staff)) {
      this.#find(judge, what);
    }
  }

  #staffEvidence(): StaffEvidence | null {
    const colleagues = this.#colleagues;
    if (colleagues === null) return null;
    const { bankId, attempts, foundOut } = colleagues;
    const rows = this.#sqliteFolder === null
      ? staffInMemory(this.#database.tables)
      : staffInSqlite(`${this.#sqliteFolder}/bank.sqlite`);
    const [restores, atRestores] = [this.#restores, this.#atRestores];
    return { bankId, attempts, foundOut, restores, atRestores, rows };
  }

  #logKeys(): LogKeys {
    const looked = (path: string) => this.#servers.map((server) => server.look(path));
    return {
      firstKeys: this.#servers.flatMap(({ firstKeys }) => firstKeys),
      bankKeys: looked(keysPath(bankFolder)),
      files: looked(logFilePath(bankFolder)),
    };
  }

  /** A terminal that has not retold since an earlier restore leaves the same gap in this backup. */
  #keptIn(path: string, fromMs: number): void {
    const waiting = waitingInSqlite(realPath(this.#sqliteFolder!, path));
    for (const machine of this.#machines) {
      if (waiting.includes(this.#operators.terminalOf(machine))) continue;
      this.#missingFromMs.set(machine, fromMs);
    }
  }

  #lose(machine: Machine): void {
    this.#count("machines lost after a restore");
    machine.isKept = false;
    machine.crash("power cut", "for good");
    this.#machines.splice(this.#machines.indexOf(machine), 1);
    this.#lost.push({ machine: machine.name, fromMs: this.#missingFromMs.get(machine) ?? 0 });
  }

  /**
   * The books and the passwords of the backup hold; customers that it does not have are dropped.
   * @returns how many these are
   */
  #restored(restore: Restore): number {
    this.#restores.push(restore);
    if (this.#staffBefore !== null) this.#atRestores.push(this.#staffBefore);
    const { accounts, movements } = this.#records();
    this.#newest = { atMs: restore.untilMs, records: { accounts, movements } };
    this.#pins.pardon(null, restore.fromMs);
    const before = new Map(
      this.#backedUp.map(({ credentials, cardThen }) => [credentials, cardThen]),
    );
    const everybody = new Set(this.#people.map(({ credentials }) => credentials));
    for (const credentials of everybody) credentials.restores++;
    this.#office.restored([...everybody].filter((each) => !restoreCard(each, before.get(each))));
    for (const { credentials, password, perhaps, changes } of this.#backedUp) {
      if (credentials.changes === changes) continue;
      // A change that was made while the backup was may be in it, or not.
      const later = credentials.perhaps ?? credentials.password;
      credentials.perhaps = perhaps ?? (later === password ? null : later);
      credentials.password = password;
      credentials.changes++;
    }
    const known = new Set(accounts.map(({ owner }) => owner));
    const forgotten = this.#people.filter(({ name }) => !known.has(name));
    for (const { credentials } of forgotten) credentials.isForgotten = true;
    this.#forgotten.push(...forgotten);
    this.#people = this.#people.filter(({ name }) => known.has(name));
    return new Set(forgotten.map(({ name }) => name)).size;
  }

  #learnKeys(): void {
    for (const server of this.#servers) {
      for (const text of server.firstKeys) this.#secrets.addKeyFile("a first key", text);
      this.#secrets.addKeyFile("bank.keys", server.look(keysPath(bankFolder)));
    }
  }

  /** What the bank keeps is free of secrets, its key files apart. */
  #seeKept({ files }: LogKeys): void {
    this.#learnKeys();
    for (const text of files) this.#secrets.see("audit_log_secure.txt", text);
    const { customers, terminals, failures, lines } = this.#database.tables;
    for (const table of [customers, terminals, failures, lines]) {
      this.#secrets.see("the database", JSON.stringify([...table]));
    }
    for (const { sealedKey } of terminals.values()) this.#secrets.see("the database", sealedKey);
    if (this.#sqliteFolder === null) return;
    for (const { name } of Deno.readDirSync(this.#sqliteFolder)) {
      this.#secrets.see(name, Deno.readFileSync(`${this.#sqliteFolder}/${name}`));
    }
  }

  #records(): Records {
    if (this.#sqliteFolder === null) return recordsInMemory(this.#database.tables);
    return recordsInSqlite(`${this.#sqliteFolder}/bank.sqlite`);
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  #find(judge: string, what: string): void {
    this.#scheduler.record(`FOUND ${judge}: ${what}`);
    if (this.#findings.length < findingsMax) this.#findings.push({ judge, what });
  }

  /** Crashes are the simulation's own; every other error that reaches nobody is the product's. */
  #failed(where: string, error: unknown): void {
    if (error instanceof Crash) return;
    const { stack, message } = error as Error;
    this.#find("errors", `${where}: ${stack ?? message ?? error}`);
  }

  #isAFault(error: unknown): boolean {
    return error instanceof TypeError || error instanceof RangeError;
  }

  #logged(line: string): void {
    this.#scheduler.record(`| ${line}`);
    this.#secrets.see("the operator's log", line);
    if (/TypeError|RangeError|ReferenceError/.test(line)) this.#find("errors", line);
  }
}

/** Returns a folder in memory rather than on a disk, where there is such a folder. */
function shortestFolder(): string | undefined {
  try {
    return Deno.statSync("/dev/shm").isDirectory ? "/dev/shm" : undefined;
  } catch {
    return undefined;
  }
}
