/** The bank's operators: what they do to customers, terminals and keys, and what they were answered. */
import { UsageError } from "../../lib/errors.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import type { OperatorAnswer } from "../../server/operator/request.ts";
import type { BankServer } from "./bank_server.ts";
import { type Credentials, decimal } from "./customer.ts";
import type { Machine } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** How often keys are brought to a server that cannot take them yet. */
const joinTriesMax = 60;

export interface OperatorsWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly servers: readonly BankServer[];
  readonly machines: readonly Machine[];
  count(what: string): void;
  find(what: string): void;
}

export class Operators {
  /** Of each customer, the account numbers that operators were told. */
  readonly #accounts = new Map<string, string[]>();
  readonly #terminals = new Map<string, string>();
  readonly #locked = new Set<string>();
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
    const told = [
      ...await this.#ask({ command: "add_customer", username, password, opening: amount }),
    ];
    if (accounts > 1) {
      const asked = {
        command: "open_account",
        username,
        name: "savings",
        opening: "50.00",
      } as const;
      told.push(...await this.#ask(asked));
    }
    const numbers = told.flatMap((answer) =>
      "line" in answer ? /account,? (\d+)$/.exec(answer.line)?.[1] ?? [] : []
    );
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

  /** The clocks are right: servers that stopped money for theirs move it again. */
  async confirmClocks(): Promise<void> {
    for (const server of this.world.servers) await this.#try({ command: "confirm_clock" }, server);
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
      [1, () => this.#try({ command: "check_ledger" })],
      [1, () => this.#try({ command: "list_holds", json: true })],
      [1, () => this.#try({ command: "take_checkpoint" })],
    ]);
    await act();
  }

  /** A key that ends the one before at once, carried to its machine. */
  async #carryKey(machine: Machine): Promise<void> {
    const { name } = machine;
    const answers = await this.#try({ command: "rotate_terminal", name, now: true });
    for (const answer of answers) if ("keyFile" in answer) machine.bringKey(answer.keyFile);
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
    const answers = await this.#try({ command: "set_account_state", account, state, reason });
    if (answers.length === 0) return;
    if (locks) this.#locked.add(account);
    else this.#locked.delete(account);
  }

  /** What was answered; nothing where it was refused, or no server was there. */
  async #try(command: OperatorCommand, at?: BankServer): Promise<OperatorAnswer[]> {
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
      return [];
    }
  }

  async #ask(command: OperatorCommand, at?: BankServer): Promise<OperatorAnswer[]> {
    const running = this.world.servers.filter(({ isRunning }) => isRunning);
    if (running.length === 0) throw new Error("no server is running");
    const server = at ?? this.world.random.of(running);
    return await server.operate({ ...command, operator: "root" });
  }
}
