/** The bank's operators: what they do to customers, terminals and keys, and what they were answered. */
import { UsageError } from "../../lib/errors.ts";
import { commandNonceMsMax } from "../../lib/limits.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { CommandRefused, type OperatorAnswer } from "../../server/operator/request.ts";
import type { Ending } from "./access_judge.ts";
import type { BankServer } from "./bank_server.ts";
import type { Colleagues } from "./colleagues.ts";
import { type Credentials, decimal } from "./customer.ts";
import type { Machine } from "./machine.ts";
import type { Restore } from "./money_judges.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** How often keys are brought to a server that cannot take them yet. */
const joinTriesMax = 60;

export interface OperatorsWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly servers: readonly BankServer[];
  readonly machines: readonly Machine[];
  /** Operators write off the notes of terminals that they have revoked. */
  readonly writesOff: boolean;
  /** The bank is in a file, of which there are backups. */
  readonly sqlite: boolean;
  /** The operators' keys, where there are several operators; null for one without a key. */
  readonly colleagues: Colleagues | null;
  /** What else operators may do, and how often. */
  readonly others: readonly (readonly [weight: number, act: () => Promise<unknown>])[];
  count(what: string): void;
  find(what: string): void;
  onEnding(ending: Ending): void;
  /** A key file was made. */
  onKeyFile(text: string): void;
  /** An operator reads this. */
  onLine(line: string): void;
  /** Somebody becomes a customer. */
  onNewCustomer(): Promise<void>;
  /** People open a machine and count its notes. */
  countIn(machine: Machine): Promise<void>;
  /** A backup was begun, at which customers are as they are now: what they do later is lost. */
  onBackup(): void;
  /** The bank is stopped, and will be put back to the last backup. */
  onRestoring(): void;
  /** The backup begun at this time is in a file. */
  onBackedUp(path: string, fromMs: number): void;
  /** A machine is lost after a restore. */
  onLost(machine: Machine): void;
  /**
   * The bank is put back to the last backup, and still stopped.
   * @returns how many customers it has forgotten
   */
  onRestored(restore: Restore): number;
}

/** Minor units and more, or none: limits that operators set. */
const limitTexts = ["none", "none", "100.00", "500.00", "5000.00"] as const;
const backupPath = "/elsewhere/backup.sqlite";
/** How often a restore is tried, with pauses. */
const restoreTriesMax = 20;
/** How often an operator looks for an open movement. */
const holdTriesMax = 30;
/** How often an operator looks whether a server has started. */
const startTriesMax = 120;
/** How often a command about a key is given again, until it is known the outcome. */
const carryTriesMax = 200;

export class Operators {
  /** Of each customer, the account numbers that operators were replies. */
  readonly #accounts = new Map<string, string[]>();
  readonly #terminals = new Map<string, string>();
  readonly #locked = new Set<string>();
  /** How many devices a terminal has had, by its name. */
  readonly #devices = new Map<string, number>();
  /** Machines whose devices were revoked, or perhaps. */
  readonly #withoutDevices = new Set<Machine>();
  /** Lost machines of which movements are open. */
  readonly #unsettled: Machine[] = [];
  /** When the last backup was begun. */
  #backedUpMs: number | null = null;
  #acting: Promise<void> = Promise.resolve();

  constructor(private readonly world: OperatorsWorld) {}

  /** Enrols a terminal and brings its key to the machine. */
  async enrol(machine: Machine): Promise<void> {
    for (const answer of await this.#ask({ command: "enrol_terminal", name: machine.name })) {
      if (!("keyFile" in answer)) continue;
      this.#terminals.set(machine.name, JSON.parse(answer.keyFile).terminal);
      machine.bringKey(answer.keyFile);
    }
  }

  async addCustomer(
    { name: username, password }: Credentials,
    opening: number,
    accounts: number,
  ): Promise<void> {
    const amount = decimal(BigInt(opening));
    const replies = [
      // The server hashes the password: an operator's program costs no time of the simulation's.
      ...await this.#ask({
        command: "add_customer",
        username,
        passwordHash: password,
        opening: amount,
      }),
    ];
    if (accounts > 1) {
      const asked = {
        command: "open_account",
        username,
        name: "savings",
        opening: "50.00",
      } as const;
      replies.push(...await this.#ask(asked));
    }
    const numbers = numbersIn(replies);
    if (numbers.length < accounts) this.world.find(`${username} has no account in the answer`);
    this.#accounts.set(username, numbers);
  }

  terminalOf({ name }: Machine): string {
    return this.#terminals.get(name)!;
  }

  someoneElsesAccount(than: string, random: Random): string | null {
    const others = [...this.#accounts].filter(([name]) => name !== than)
      .flatMap(([, numbers]) => numbers);
    return others.length === 0 ? null : random.of(others);
  }

  /** One of the things that operators do of a day; one after the other. */
  act(): Promise<void> {
    return this.#acting = this.#acting.then(() => this.#act());
  }

  /** The clocks are right: servers that stopped money for theirs move it again, and the bank's time is theirs. */
  async confirmClocks(): Promise<void> {
    for (const server of this.world.servers) {
      for (let tries = 0; tries < startTriesMax && !server.isRunning; tries++) {
        await this.world.scheduler.pause(1_000, "operator");
      }
      await this.#try({ command: "confirm_clock" }, server);
      await this.#try({ command: "set_back_clock" }, server);
    }
  }

  /** Somebody has a terminal's key changed, or the bank's: often at the worst moment. */
  changeSomeKey(): Promise<void> {
    return this.#acting = this.#acting.then(async () => {
      const { random, machines } = this.world;
      await random.of([
        () => this.#carryKey(random.of(machines)),
        () => this.#changeSharedKeys({ command: "rotate_key" }),
        () => this.#changeSharedKeys({ command: "rotate_audit_key" }),
      ])();
    });
  }

  /** Gives a command; returns why it was not done, in words, or null where it was. */
  async refusalOf(command: OperatorCommand): Promise<string | null> {
    let refused = "no answer";
    const answers = await this.#try(command, undefined, ({ message }) => refused = message);
    return answers.length > 0 ? null : refused;
  }

  /** Shuts a terminal out for good; returns whether the bank did. */
  async revoke(machine: Machine): Promise<boolean> {
    const fromMs = this.world.scheduler.timeMs;
    const answers = await this.#try({ command: "revoke_terminal", name: machine.name });
    if (answers.length === 0) return false;
    this.world.onEnding({
      what: "its terminal's revocation",
      ...{ customer: null, machine: machine.name, fromMs, by: null },
      untilMs: this.world.scheduler.timeMs,
    });
    return true;
  }

  /** Books the notes of a revoked terminal to the differences account; returns whether the bank did. */
  async writeOff({ name }: Machine): Promise<boolean> {
    const command = { command: "write_off_terminal", name, reason: "simulated" } as const;
    return await this.refusalOf(command) === null;
  }

  /** Tries to write off the notes of a terminal in use, which the bank refuses. */
  async writeOffAtRandom(): Promise<void> {
    const machine = this.world.random.of(this.world.machines);
    if (await this.writeOff(machine)) this.world.find(`${machine.name} in use is written off`);
  }

  /** Brings a server that cannot start without them the bank's newest keys. */
  async bringKeys(server: BankServer): Promise<void> {
    const { servers, scheduler } = this.world;
    const from = servers.find((other) => other !== server && other.isRunning);
    if (!from || server.isRunning) return;
    await server.join(from).catch(({ message }) => scheduler.record(`operator: join: ${message}`));
  }

  /**
   * Operators settle what the bank has open of a machine as its devices moved it: it will not say.
   * @returns whether they could
   */
  async settleFor(machine: Machine): Promise<boolean> {
    let isSettled = true;
    const holds = (await this.#holds()).filter(({ terminal }) => terminal === machine.name);
    for (const { movement } of holds) {
      const done = machine.movedBy(movement);
      const how = done > 0n ? { reverse: false, complete: decimal(done) } : { reverse: true };
      const settle = { command: "settle_hold", movement, reason: "revoked", ...how } as const;
      let mayBePaid = false;
      let answers = await this.#try(settle, undefined, ({ message }) => {
        mayBePaid = message.includes("may still hand out");
      });
      if (mayBePaid) {
        await this.world.scheduler.pause(commandNonceMsMax, "operator");
        answers = await this.#try(settle);
      }
      isSettled &&= answers.length > 0;
    }
    return isSettled;
  }

  /** Settles what could not be settled of machines that were lost: money had stopped. */
  async settleLost(): Promise<void> {
    for (const machine of this.#unsettled.splice(0)) await this.settleFor(machine);
  }

  /** Returns what the bank has open, and at which terminal. */
  async open(): Promise<{ terminal: string; movement: string }[]> {
    return await this.#holds();
  }

  /** Operators book the transfers that are in doubt after a restore; they drop those that cannot be. */
  async decideTransfers(): Promise<void> {
    const holds = (await this.#holds()).filter(({ kind }) => kind === "transfer");
    for (const { movement, amount } of holds) {
      const settled = { command: "settle_hold", movement, reason: "simulated" } as const;
      const complete = { ...settled, reverse: false, complete: decimal(BigInt(amount)) };
      if ((await this.#try(complete)).length > 0) continue;
      await this.#try({ ...settled, reverse: true });
    }
  }

  /**
   * Operators see to a machine with keyed devices after its notes were counted: they settle what is
   * in doubt, and credit notes that were presented and drawn back.
   * @returns ids of the movements that they corrected
   */
  async seeTo(machine: Machine): Promise<string[]> {
    await this.settleFor(machine);
    const corrected: string[] = [];
    for (const { movement, done } of machine.disputes()) {
      const [amount, reason] = [decimal(done), "counted"];
      const answers = await this.#try({ command: "correct_movement", movement, amount, reason });
      if (answers.length > 0) corrected.push(movement);
    }
    return corrected;
  }

  /** Resolves when nothing that operators began is under way. */
  idle(): Promise<void> {
    return this.#acting;
  }

  async #act(): Promise<void> {
    const { random, machines } = this.world;
    const act = random.weighed<() => Promise<unknown>>([
      [
        2,
        () => this.#try({ command: "rotate_terminal", name: random.of(machines).name, now: false }),
      ],
      [1, () => this.#carryKey(random.of(machines))],
      [1, () => this.#changeSharedKeys({ command: "rotate_key" })],
      [1, () => this.#changeSharedKeys({ command: "rotate_audit_key" })],
      [2, () => this.#lockOrUnlock()],
      [2, () => this.#setLimits()],
      [1, () => this.#settleHold()],
      [1, () => this.#openOrClose()],
      [1, () => this.world.onNewCustomer()],
      [1, () => this.world.countIn(random.of(machines))],
      ...this.world.sqlite
        ? [[4, () => this.#backedUpMs === null ? this.#backUp() : this.#restore()] as const]
        : [],
      [1, () => this.#try({ command: "check_ledger" })],
      [1, () => this.#try({ command: "list_holds", json: true })],
      [1, () => this.#try({ command: "take_checkpoint" })],
      ...this.world.others,
    ]);
    await act();
  }

  /** A key that ends the one before at once, carried to its machine. */
  async #carryKey(machine: Machine): Promise<void> {
    const { name } = machine;
    const { random, scheduler, count } = this.world;
    let key: string | undefined;
    for (let tries = 0; tries < carryTriesMax; tries++) {
      try {
        const command = {
          command: "rotate_terminal",
          name,
          now: true,
          ...(key && { key }),
        } as const;
        await this.#ask(command, undefined, (answer) => {
          if ("keyFile" in answer) key = answer.keyFile; // kept before anything is done
        });
        count("operator: rotate_terminal --now");
        return machine.bringKey(key!);
      } catch (error) {
        count("operator: rotate_terminal --now refused");
        scheduler.record(`operator: rotate_terminal: ${(error as Error).message}`);
        if (error instanceof CommandRefused || key === undefined) return;
        await scheduler.pause(random.between(1_000, 20_000), "operator");
      }
    }
    this.world.find(`the key of ${name} cannot be changed`);
  }

  /** Gives devices of some machine their first keys, or the next ones. */
  async changeSomeDeviceKeys(): Promise<void> {
    const { machines, random } = this.world;
    const served = machines.filter(({ box }) => box !== null);
    if (served.length === 0) return;
    const machine = random.of(served);
    await this.carryDeviceKeys(machine, this.#devices.has(machine.name) ? "rotate" : "enrol");
  }

  /** Revokes a machine's devices, best those in use, or gives others to one whose devices are revoked. */
  async replaceSomeDevices(): Promise<void> {
    const { machines, random } = this.world;
    const enrolled = machines.filter(({ name }) => this.#devices.has(name));
    if (enrolled.length === 0) return;
    const used = enrolled.filter(({ occupiedBy }) => occupiedBy !== null);
    const machine = random.of(used.length > 0 && random.chance(0.7) ? used : enrolled);
    if (this.#withoutDevices.has(machine)) return await this.#replaceDevices(machine);
    const name = deviceName(machine, this.#devices.get(machine.name)!);
    const refused = await this.refusalOf({ command: "revoke_device", name });
    // Without an answer they may be revoked all the same.
    if (refused !== null) this.world.scheduler.record(`${name} may be revoked: ${refused}`);
    this.#withoutDevices.add(machine);
  }

  /** Gives other devices to every machine whose devices were revoked. */
  async replaceRevokedDevices(): Promise<void> {
    for (const machine of [...this.#withoutDevices]) await this.#replaceDevices(machine);
  }

  async #replaceDevices(machine: Machine): Promise<void> {
    this.#withoutDevices.delete(machine);
    await this.carryDeviceKeys(machine, "enrol");
  }

  /** Gives a machine's devices their first keys, or the next ones, and starts them with these. */
  async carryDeviceKeys(machine: Machine, how: "enrol" | "rotate"): Promise<void> {
    const { box, name: terminal } = machine;
    if (!box) return;
    const { random, scheduler, count } = this.world;
    const earlier = this.#devices.get(terminal) ?? 0;
    const devices = how === "enrol" ? earlier + 1 : earlier;
    const name = deviceName(machine, devices);
    let key: string | undefined;
    for (let tries = 0; tries < carryTriesMax; tries++) {
      try {
        const given = { name, ...(key && { key }) };
        const command = how === "enrol"
          ? { command: "enrol_device", terminal, ...given } as const
          : { command: "rotate_device", ...given } as const;
        await this.#ask(command, undefined, (answer) => {
          if ("keyFile" in answer) key = answer.keyFile;
        });
        count(`operator: ${command.command}`);
        this.#devices.set(terminal, devices);
        await scheduler.pause(random.between(1_000, 60_000), "operator");
        box.bringKeys(key!);
        return void await box.stop(); // it is started again with these
      } catch (error) {
        count(`operator: ${how}_device refused`);
        scheduler.record(`operator: ${how}_device: ${(error as Error).message}`);
        if (error instanceof CommandRefused || key === undefined) return;
        await scheduler.pause(random.between(1_000, 20_000), "operator");
      }
    }
    this.world.find(`the devices of ${terminal} cannot have keys`);
  }

  /** At one server, while the others are stopped; then its keys are brought to them. */
  async #changeSharedKeys(command: OperatorCommand): Promise<void> {
    const { servers, random, scheduler } = this.world;
    const running = servers.filter(({ isRunning }) => isRunning);
    if (running.length === 0) return;
    const at = random.of(running);
    const others = servers.filter((server) => server !== at);
    for (const other of others) other.isKept = false;
    for (const other of others) await other.stop();
    await this.#try(command, at);
    for (
      let tries = 0;
      tries < joinTriesMax && others.some(({ isRunning }) => !isRunning);
      tries++
    ) {
      await scheduler.pause(5_000, "operator");
      if (!at.isRunning) continue;
      for (const other of others.filter(({ isRunning }) => !isRunning)) {
        await other.join(at).catch(({ message }) => scheduler.record(`operator: join: ${message}`));
      }
    }
    for (const other of others) other.isKept = true;
  }

  async #lockOrUnlock(): Promise<void> {
    const { random } = this.world;
    const account = this.someoneElsesAccount("", random);
    if (account === null) return;
    const locks = !this.#locked.has(account);
    const state = locks ? "locked" : "open";
    const reason = "simulated";
    const fromMs = this.world.scheduler.timeMs;
    const answers = await this.#try({ command: "set_account_state", account, state, reason });
    if (answers.length === 0) return;
    if (!locks) return void this.#locked.delete(account);
    this.#locked.add(account);
    const [customer = null] = [...this.#accounts].find(([, own]) => own.includes(account)) ?? [];
    this.world.onEnding({
      what: "a lock of an account",
      ...{ customer, machine: null, fromMs, by: null },
      untilMs: this.world.scheduler.timeMs,
    });
  }

  async #setLimits(): Promise<void> {
    const { random, machines } = this.world;
    const limit = random.of(limitTexts);
    const account = this.someoneElsesAccount("", random);
    const terminal = random.of(machines).name;
    const command = "set_limits";
    await this.#try(random.of<OperatorCommand>([
      { command, withdrawal: limit },
      { command, day: limit },
      { command, cashIn: limit },
      { command, terminal, cashOut: limit },
      { command, terminal, cashIn: limit },
      ...account === null ? [] : [{ command, account, day: limit } as const],
    ]));
  }

  /**
   * An operator waits for an open movement, and decides what its terminal may report otherwise
   * later.
   */
  async #settleHold(): Promise<void> {
    const { random, scheduler } = this.world;
    let holds = await this.#holds();
    for (let tries = 0; tries < holdTriesMax && holds.length === 0; tries++) {
      await scheduler.pause(2_000, "operator");
      holds = await this.#holds();
    }
    if (holds.length === 0) return;
    const { movement, amount, inDoubt } = random.of(holds);
    const reason = "simulated";
    const how = random.chance(0.5)
      ? { reverse: true }
      : { reverse: false, complete: decimal(BigInt(amount)) };
    // What is in doubt no ATM disputes later: it is settled by what its device says.
    if (!inDoubt) await this.#try({ command: "settle_hold", movement, reason, ...how });
  }

  async #holds(): Promise<
    { movement: string; kind: string; amount: string; terminal: string; inDoubt: boolean }[]
  > {
    const answers = await this.#try({ command: "list_holds", json: true });
    return answers.flatMap((answer) => "line" in answer ? JSON.parse(answer.line) : []);
  }

  async #openOrClose(): Promise<void> {
    const { random } = this.world;
    const [username, numbers] = random.of([...this.#accounts]);
    if (random.chance(0.5)) {
      const [account, state, reason] = [random.of(numbers), "closed", "simulated"] as const;
      return void await this.#try({ command: "set_account_state", account, state, reason });
    }
    // One that a restore drops would leave notes that nobody's account bears.
    if (this.#backedUpMs !== null) return;
    const name = `spare ${random.below(1e6)}`;
    const opening = random.of(["0.00", "0.00", "10.00"]);
    const replies = await this.#try({ command: "open_account", username, name, opening });
    numbers.push(...numbersIn(replies));
  }

  // Backups, of a bank that is in a file

  async #backUp(): Promise<void> {
    const { scheduler, servers: [server] } = this.world;
    const fromMs = scheduler.timeMs;
    this.world.onBackup();
    for (const answer of await this.#try({ command: "back_up" })) {
      if (!("fetch" in answer)) continue;
      server!.carry(answer.fetch, backupPath);
      this.#backedUpMs = fromMs;
      this.world.onBackedUp(backupPath, fromMs);
    }
  }

  /** Puts the bank back to its last backup; customers are served again once every terminal has retold. */
  async #restore(): Promise<void> {
    const { scheduler, servers: [server] } = this.world;
    const fromMs = this.#backedUpMs!;
    server!.isKept = false;
    await server!.stop();
    this.world.onRestoring();
    const isRestored = await this.#restoreFile();
    let forgotten = 0;
    if (isRestored) {
      forgotten = this.world.onRestored({ fromMs, untilMs: scheduler.timeMs });
      this.#backedUpMs = null;
    }
    server!.isKept = true;
    const lost = isRestored && this.world.random.chance(0.3) ? this.#loseMachine() : null;
    while (!server!.isRunning) await scheduler.pause(1_000, "operator");
    if (!isRestored) return;
    await this.#relist();
    if (lost) await this.#endRestore(lost);
    for (let count = 0; count < forgotten; count++) await this.world.onNewCustomer();
  }

  /** A machine is lost with what its terminal would retell. */
  #loseMachine(): Machine | null {
    const { machines, random } = this.world;
    if (machines.length < 2) return null;
    const machine = random.of(machines);
    this.world.onLost(machine);
    return machine;
  }

  /**
   * Operators stop waiting for the terminal of a lost machine. They end the restore only if all others
   * have retold; otherwise the revocation stops the waiting for that terminal alone.
   */
  async #endRestore(machine: Machine): Promise<void> {
    const { scheduler, random, servers: [server] } = this.world;
    await scheduler.pause(random.between(30_000, 180_000), "operator");
    const waiting = await this.#waiting();
    const reason = "it burned down";
    for (let isEnded = waiting.some((name) => name !== machine.name); !isEnded;) {
      await scheduler.pause(1_000, "operator");
      isEnded = server!.isRunning &&
        (await this.#try({ command: "end_restore", reason })).length > 0;
    }
    for (let isRevoked = false; !isRevoked;) {
      await scheduler.pause(1_000, "operator");
      isRevoked = server!.isRunning && await this.revoke(machine);
    }
    if (!await this.settleFor(machine)) this.#unsettled.push(machine);
    if (this.world.writesOff) await this.writeOff(machine);
  }

  /** Returns the names of the terminals for which the restored bank waits. */
  async #waiting(): Promise<string[]> {
    for (;;) {
      const answers = await this.#try({ command: "show_status", json: true, watch: false });
      for (const answer of answers) {
        if ("line" in answer) return JSON.parse(answer.line).waiting ?? [];
      }
      await this.world.scheduler.pause(1_000, "operator");
    }
  }

  /** Returns whether the backup's file could be put back, after some tries. */
  async #restoreFile(): Promise<boolean> {
    const { scheduler, servers: [server], random, count } = this.world;
    for (let tries = 0; tries < restoreTriesMax; tries++) {
      try {
        await server!.restore(backupPath, "root");
        count("operator: restore");
        return true;
      } catch (error) {
        scheduler.record(`operator: restore: ${(error as Error).message}`);
        count("operator: restore refused");
        await scheduler.pause(random.between(10_000, 60_000), "operator");
      }
    }
    return false;
  }

  /** Reads the list of accounts, and which of them are locked. */
  async #relist(): Promise<void> {
    for (let lines: string[] = []; lines.length === 0;) {
      const replies = await this.#try({ command: "list_accounts", json: true });
      lines = replies.flatMap((answer) => "line" in answer ? [answer.line] : []);
      if (lines.length === 0) await this.world.scheduler.pause(5_000, "operator");
      else this.#accounts.clear();
      for (const line of lines) {
        const { account: number, customer: owner, state } = JSON.parse(line);
        this.#accounts.set(owner, [...this.#accounts.get(owner) ?? [], number]);
        if (state === "locked") this.#locked.add(number);
        else this.#locked.delete(number);
      }
    }
  }

  /** What was answered; nothing where it was refused, or no server was there. */
  async #try(
    command: OperatorCommand,
    at?: BankServer,
    onRefused: (error: Error) => void = () => {},
  ): Promise<OperatorAnswer[]> {
    try {
      const answers = await this.#ask(command, at);
      this.world.count(`operator: ${command.command}`);
      for (const answer of answers) {
        if ("bad" in answer) this.world.find(`${command.command}: ${answer.bad}`);
      }
      return answers;
    } catch (error) {
      if (!(error instanceof UsageError) && !(error instanceof Error)) throw error;
      this.world.count(`operator: ${command.command} refused`);
      this.world.scheduler.record(`operator: ${command.command}: ${(error as Error).message}`);
      onRefused(error as Error);
      return [];
    }
  }

  async #ask(
    command: OperatorCommand,
    at?: BankServer,
    onAnswer: (answer: OperatorAnswer) => void = () => {},
  ): Promise<OperatorAnswer[]> {
    const onPiece = (answer: OperatorAnswer) => {
      if ("keyFile" in answer) this.world.onKeyFile(answer.keyFile);
      else this.world.onLine(JSON.stringify(answer));
      onAnswer(answer);
    };
    const { colleagues, servers, random } = this.world;
    if (colleagues) return await colleagues.ask(command, at, onPiece);
    const running = servers.filter(({ isRunning }) => isRunning);
    if (running.length === 0) throw new Error("no server is running");
    const server = at ?? random.of(running);
    return await server.operate({ ...command, operator: "root" }, onPiece);
  }
}

const deviceName = ({ name }: Machine, number: number) => `${name}-devices-${number}`;

/** Returns the account numbers in what an operator was replies. */
function numbersIn(answers: readonly OperatorAnswer[]): string[] {
  return answers.flatMap((answer) =>
    "line" in answer ? /account,? (\d+)/.exec(answer.line)?.[1] ?? [] : []
  );
}
