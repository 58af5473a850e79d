/** A whole bank on loopback, with honest ATMs and sockets of strangers to try it with. */
import { assertEquals } from "@std/assert";
import { BankClient } from "../../../client/bank_client.ts";
import { concat } from "../../../lib/bytes.ts";
import type { LogEvent } from "../../../lib/log_event.ts";
import type { Answer, Ask, Push } from "../../../lib/protocol/message.ts";
import {
  type NamedTerminalKey,
  parseTerminalKey,
  type TerminalKey,
} from "../../../lib/terminal_key.ts";
import { isInClear } from "../../../server/audit/entry.ts";
import { connectTcp, listenTcp, system, systemFiles } from "../../../lib/system.ts";
import { type Bank, createBank, joinBank, openBank } from "../../../server/bank.ts";
import { keysPath } from "../../../server/folder/bank_folder.ts";
import { readBankKeys } from "../../../server/folder/bank_keys.ts";
import { listen, type Listener, type ListenOptions } from "../../../server/door/listener.ts";
import { runOperatorCommand } from "../../../server/operator/commands.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import type { OperatorAnswer } from "../../../server/operator/request.ts";
import { assertSpecified } from "../../lib/protocol/answers.ts";
import { hashOf } from "./operators.ts";
import { newDatabase, onPostgres } from "./stores.ts";
import { inTemporaryFolder } from "./temporary.ts";
import { bankWorld } from "./world.ts";

export const passwords = { alice: "alice's password", bob: "bob's password" };

export const bankSettings = {
  bankName: "Test Bank",
  currency: { code: "EUR", exponent: 2 },
  timeZone: "UTC",
  smallestNote: 1n,
};

/** A 16-byte id that nothing had before, as 32 hex digits. */
export const newId = () => system.randomBytes(16).toHex();

export class RunningBank {
  /** Lines of the operator's log. */
  readonly log: string[] = [];
  /** Events of the operator's log. */
  readonly events: LogEvent[] = [];
  readonly keys: Record<"lobby" | "mall", TerminalKey>;
  bank!: Bank;
  /** The file with the log's first key, as its operator keeps it. */
  firstKey = "";
  #listener!: Listener;
  #running = false;
  #clients: BankClient[] = [];

  /** @param url the PostgreSQL database that the bank is in, if it is in one */
  private constructor(
    readonly folder: string,
    private readonly options: Partial<ListenOptions>,
    readonly url?: string,
  ) {
    this.keys = {} as RunningBank["keys"];
  }

  /** Runs with a bank that has the terminals lobby and mall, and the customers alice and bob. */
  static with(
    run: (running: RunningBank) => Promise<void>,
    options: Partial<ListenOptions> = {},
    url?: string,
  ): Promise<void> {
    return inTemporaryFolder(async (root) => {
      const running = new RunningBank(`${root}/bank`, options, url);
      running.bank = await createBank(
        bankWorld(running.log, running.events),
        running.folder,
        bankSettings,
        (text) => running.firstKey = text,
        url,
      );
      await running.#fill();
      await running.#listen();
      try {
        await run(running);
      } finally {
        await running.stop();
      }
    });
  }

  /** Another server of this bank, with the same terminals and customers; it is to be stopped before. */
  async another(): Promise<RunningBank> {
    const another = new RunningBank(`${this.folder}-another`, this.options, this.url);
    Object.assign(another.keys, this.keys);
    another.bank = await joinBank(
      bankWorld(another.log, another.events),
      another.folder,
      readBankKeys(systemFiles, keysPath(this.folder)),
      this.url!,
      (text) => another.firstKey = text,
    );
    await another.#listen();
    return another;
  }

  get address(): { hostname: string; port: number } {
    const [hostname, port] = this.#listener.address.split(":");
    return { hostname: hostname!, port: Number(port) };
  }

  /** Stops the bank and everything that was connected to it; again, for nothing. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    for (const client of this.#clients) await client.close();
    this.#clients = [];
    await this.#listener.close();
    await this.bank.close();
  }

  /** Stops the bank and opens it again from its folder. */
  async reopen(): Promise<void> {
    await this.stop();
    this.bank = await openBank(bankWorld(this.log, this.events), this.folder, this.url);
    await this.#listen();
  }

  /** Returns an honest ATM's line, with this terminal's key. */
  async connect(
    key: TerminalKey = this.keys.lobby,
    sent?: Uint8Array[],
    received?: Uint8Array[],
  ): Promise<Atm> {
    const client = await BankClient.connect({
      connect: async () => {
        const socket = await connectTcp(this.address.hostname, this.address.port);
        return {
          read: async (into) => {
            const count = await socket.read(into);
            received?.push(into.slice(0, count ?? 0));
            return count;
          },
          write: (bytes) => (sent?.push(bytes.slice()), socket.write(bytes)),
          close: () => socket.close(),
        };
      },
      terminalKey: key,
      world: system,
    });
    this.#clients.push(client);
    return new Atm(client);
  }

  /** Returns a line on which a customer has logged in. */
  async visit(username: keyof typeof passwords, key?: TerminalKey): Promise<Atm> {
    const atm = await this.connect(key);
    const answer = await atm.ask({ op: "log_in", username, password: passwords[username] });
    assertEquals(answer.outcome, "ok");
    atm.account = answer.account!.id;
    atm.logIn = answer;
    return atm;
  }

  /** Returns the answer to these bytes of a stranger, who then sends no more. */
  async answerTo(...sent: Uint8Array[]): Promise<Uint8Array> {
    const socket = await Deno.connect(this.address);
    try {
      // The bank may close before it has read everything.
      await socket.write(concat(...sent)).then(() => socket.closeWrite()).catch(() => {});
      return await readToEnd(socket);
    } finally {
      socket.close();
    }
  }

  /** Returns the words of the whole log, oldest first: who and what. */
  async entries(): Promise<string[]> {
    const { auditKeys, ledger } = this.bank;
    const lines: string[] = [];
    for (const { number, id } of await ledger.read.chains()) {
      for (const entry of await ledger.read.entriesAfter(number, 0, 10_000)) {
        if (isInClear(entry)) continue;
        const { who, action } = auditKeys.open(entry, id)!;
        lines.push(`${who} | ${action}`);
      }
    }
    return lines;
  }

  /** Enrols a terminal; its key as the key file has it. */
  async enrol(name: string): Promise<NamedTerminalKey> {
    const answers = await Array.fromAsync(this.operate({ command: "enrol_terminal", name }));
    const file = answers.find((answer) => "keyFile" in answer)!;
    return parseTerminalKey(file.keyFile, name);
  }

  /** Opens a customer's account. */
  async addCustomer(username: string, password: string): Promise<void> {
    const add = { command: "add_customer", username, opening: "1000.00" } as const;
    const passwordHash = await hashOf(this.bank, password);
    await Array.fromAsync(this.operate({ ...add, passwordHash }));
  }

  /** Leaves a movement to correct, and a revoked terminal with notes: pier. Returns the movement. */
  async leaveNotes(): Promise<string> {
    const pier = await this.visit("bob", await this.enrol("pier"));
    const movement = newId();
    await pier.authorise("withdrawal", movement, "2000");
    await pier.ask({ op: "complete", movement, amount: "2000" });
    await Array.fromAsync(this.operate({ command: "revoke_terminal", name: "pier" }));
    return movement;
  }

  /** Gives an operator's command. */
  operate(command: OperatorCommand): AsyncGenerator<OperatorAnswer, void, void> {
    return runOperatorCommand(this.bank, { ...command, operator: "test" });
  }

  async #fill(): Promise<void> {
    for (const name of ["lobby", "mall"] as const) this.keys[name] = await this.enrol(name);
    for (const [username, password] of Object.entries(passwords)) {
      await this.addCustomer(username, password);
    }
  }

  async #listen(): Promise<void> {
    this.#listener = await listen(this.bank, {
      listener: listenTcp({ hostname: "127.0.0.1", port: 0 }),
      lastVisitsMs: 0,
      ...this.options,
    });
    this.#running = true;
  }
}

/** A line to the bank, with every push that came over it. */
export class Atm {
  account = "";
  /** What the bank answered when the customer logged in. */
  logIn: Answer = { outcome: "not_logged_in" };
  readonly pushes: Push[] = [];
  #pushed = Promise.withResolvers<void>();

  constructor(readonly client: BankClient) {
    client.onPush = (push) => {
      this.pushes.push(push);
      this.#pushed.resolve();
      this.#pushed = Promise.withResolvers();
    };
  }

  /** Asks, and asserts that PROTOCOL.md lists such an answer. */
  async ask(ask: Ask): Promise<Answer> {
    const answer = await this.client.ask(ask);
    assertSpecified(ask.op, answer);
    return answer;
  }

  async outcomeOf(ask: Ask): Promise<string> {
    return (await this.ask(ask)).outcome;
  }

  authorise(
    kind: "withdrawal" | "deposit",
    movement: string,
    amount: string,
    account = this.account,
  ): Promise<Answer> {
    return this.ask({ op: "authorise", kind, movement, account, amount, currency: "EUR" });
  }

  /** Waits for so many pushes. */
  async pushed(count: number): Promise<Push[]> {
    while (this.pushes.length < count) await this.#pushed.promise;
    return this.pushes;
  }
}

/** Reads everything until the other side closes, in whatever way it does. */
export async function readToEnd(socket: Deno.TcpConn): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const chunk = new Uint8Array(4_096);
  for (;;) {
    const count = await socket.read(chunk).catch(() => null);
    if (count === null) return concat(...parts);
    parts.push(chunk.slice(0, count));
  }
}

/** As `RunningBank.with`, on whatever store the test has. */
export type WithBank = (
  run: (running: RunningBank) => Promise<void>,
  options?: Partial<ListenOptions>,
) => Promise<void>;

/** Registers a test with a running bank, on each kind of store. */
export function onEachBank(name: string, test: (withBank: WithBank) => Promise<void>): void {
  Deno.test(`${name} (SQLite)`, () => test(RunningBank.with));
  onPostgres(name, async () => {
    const { url } = await newDatabase();
    await test((run, options) => RunningBank.with(run, options, url));
  });
}
