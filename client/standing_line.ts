/** The connection to the bank: re-established whenever it has ended, with growing pauses. */
import { fromHex, hex, readU32 } from "../lib/bytes.ts";
import type { AtmView } from "../lib/atm.ts";
import { UsageError } from "../lib/errors.ts";
import {
  connectMsMax,
  keepAliveMs,
  reconnectMsMax,
  reconnectMsMin,
  reconnectPollMs,
} from "../lib/limits.ts";
import type { Answer, Push } from "../lib/protocol/message.ts";
import type { NamedTerminalKey } from "../lib/terminal_key.ts";
import { pause, type Socket } from "../lib/world.ts";
import { ask } from "./ask.ts";
import { BankClient, BankNotReady, NoAnswer } from "./bank_client.ts";
import type { AtmDependencies } from "./dependencies.ts";

export interface LineEvents {
  /** Called when `state` has changed. */
  onChange: () => void;
  /**
   * Called after the bank is authenticated; the connection is available to others once it has
   * resolved.
   */
  onConnected: (bank: BankClient, hello: NonNullable<Answer["bank"]>) => Promise<void>;
  /** Called when the connection has become available to others. */
  onOnline: () => void;
  /** Called every `keepAliveMs` while connected. */
  onKeepAlive: (bank: BankClient) => void;
  onPush: (bank: BankClient, push: Exclude<Push, NewKey>) => void;
  /** Called when the terminal has a new key: this connection may end once no visit uses it. */
  onNewKey: (bank: BankClient) => void;
  /** Called when the connection has ended, for any reason; the next one does not wait for it. */
  onDisconnected: (bank: BankClient) => Promise<void>;
}

type NewKey = Push & { push: "new_key" };
type BankState = Pick<AtmView, "terminal" | "bank" | "bankName" | "currency" | "timeZone">;

export class StandingLine {
  #bank: BankClient | null = null;
  #state: BankState;
  #socket: Socket | null = null;
  #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #disconnecting: Promise<unknown> = Promise.resolve();
  #key: NamedTerminalKey | null = null;
  #keyError = "";

  constructor(
    private readonly dependencies: Pick<
      AtmDependencies,
      | "world"
      | "connect"
      | "answerMsMax"
      | "findKey"
      | "currency"
      | "keepKey"
      | "log"
    >,
    private readonly events: LineEvents,
  ) {
    this.#state = {
      terminal: "",
      bank: "connecting",
      bankName: "",
      // ISO 4217's "no currency" before the first session
      currency: dependencies.currency ?? { code: "XXX", exponent: 2 },
      timeZone: "UTC",
    };
  }

  get state(): BankState {
    return this.#state;
  }

  /** The connection that requests use; null while none exists. */
  get bank(): BankClient | null {
    return this.#bank;
  }

  /** Connects to the bank, repeatedly until `stop`. */
  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#disconnecting;
  }

  /** Retires the present connection: the next visit gets a new one, with a new handshake. */
  giveUp(): void {
    this.#bank = null;
  }

  /** Shows the bank as lost, for a visit whose connection has ended. */
  markLost(): void {
    this.#state = { ...this.#state, bank: "lost" };
  }

  /** Ends the connection as a power cut does: nothing is sent. */
  cut(): void {
    this.#bank = null;
    this.#state = { ...this.#state, bank: "connecting" };
    this.#socket?.close();
  }

  /**
   * Returns the connection, or waits for the one that follows the last visit's; null if there is
   * none.
   */
  async soon(): Promise<BankClient | null> {
    const { world } = this.dependencies;
    const untilMs = world.monotonicMs() + connectMsMax;
    while (!this.#bank && this.#state.bank === "online" && world.monotonicMs() < untilMs) {
      await pause(world, reconnectPollMs, this.#stopping.signal);
    }
    return this.#bank;
  }

  async #run(): Promise<void> {
    const { world, log } = this.dependencies;
    let delayMs = 0;
    while (!this.#stopping.signal.aborted) {
      // from half of the delay to all of it: ATMs must not reconnect all at once
      const share = 0.5 + readU32(world.randomBytes(4), 0) / 2 ** 33;
      await pause(world, Math.round(delayMs * share), this.#stopping.signal);
      const sinceMs = world.monotonicMs();
      const visited = await this.#runLine().catch((error) => {
        if (!(error instanceof NoAnswer)) log(`the line failed: ${error.stack}`);
        if (error instanceof BankNotReady) this.#update({ bank: "not_ready" });
        else if (this.#state.bank === "not_ready") this.#update({ bank: "connecting" });
        return false;
      });
      // A visit ends its connection on purpose. One that keeps ending soon may be displaced by
      // another ATM with the same key.
      const steady = this.#state.bank === "online" &&
        world.monotonicMs() - sinceMs > reconnectMsMax;
      delayMs = visited || steady
        ? 0
        : Math.min(reconnectMsMax, Math.max(reconnectMsMin, 2 * delayMs));
      if (delayMs > 0 && this.#state.bank === "online") this.#update({ bank: "lost" });
    }
  }

  /** Connects, and serves one connection until it ends. Returns whether a visit ended it. */
  async #runLine(): Promise<boolean> {
    const { world, answerMsMax, log } = this.dependencies;
    const terminalKey = this.#findKey();
    if (!terminalKey) return false;
    let isOver = false;
    const connect = async () => {
      const socket = await this.dependencies.connect();
      // One that comes after its attempt timed out must not replace the next attempt's.
      if (!isOver) this.#socket = socket;
      return socket;
    };
    const bank = await BankClient.connect({ connect, terminalKey, world, answerMsMax })
      .catch((error) => {
        isOver = true;
        throw error;
      });
    try {
      return await this.#serve(bank);
    } finally {
      await bank.close();
      // Only an authenticated close counts: a handshake may be refused for any reason.
      const end = await bank.ended;
      if (end === "revoked") {
        log("the bank no longer accepts this terminal's key: it was revoked or renewed");
        this.#update({ bank: "not_accepted" });
      } else if (end === "replaced") {
        log("a newer connection of this terminal replaced this one: check for a copy of its key");
      }
    }
  }

  /** Returns the newest key; one installed since is used from the next connection on. */
  #findKey(): NamedTerminalKey | null {
    const known = this.#key;
    try {
      const found = this.dependencies.findKey();
      const newer = !known ||
        (hex(found.terminal) === hex(known.terminal) && found.version > known.version);
      if (newer) this.#key = found;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (!known && error.message !== this.#keyError) this.dependencies.log(error.message);
      this.#keyError = error.message;
    }
    if (!this.#key) this.#update({ bank: "no_key" });
    else if (!known) this.#update({ bank: "connecting", terminal: this.#key.name });
    return this.#key;
  }

  /** Serves an authenticated connection until it ends. Returns whether a visit ended it. */
  async #serve(bank: BankClient): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted) return false;
    const close = () => bank.close();
    signal.addEventListener("abort", close, { once: true });
    bank.ended.then(() => signal.removeEventListener("abort", close));
    bank.onPush = (push) => {
      if (push.push === "new_key") this.#renewKey(bank, push);
      else this.events.onPush(bank, push);
    };
    const hello = await bank.ask({ op: "hello" });
    const { name, currency, timeZone } = hello.bank!;
    await this.events.onConnected(bank, hello.bank!);
    this.#bank = bank;
    this.#update({ bank: "online", bankName: name, currency, timeZone });
    this.events.onOnline();
    const ended = new AbortController();
    this.#keepAlive(bank, ended.signal);
    await bank.ended;
    ended.abort();
    const visited = this.#bank !== bank;
    this.#bank = null;
    const disconnected = this.events.onDisconnected(bank)
      .catch((error) => this.dependencies.log(`the end of a line failed: ${error.stack}`));
    this.#disconnecting = Promise.all([this.#disconnecting, disconnected]);
    return visited;
  }

  async #keepAlive(bank: BankClient, ended: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.dependencies.world, keepAliveMs, ended);
      if (ended.aborted) return;
      ask(bank, { op: "hello" });
      this.events.onKeepAlive(bank);
    }
  }

  /** Stores the key before its first use: the bank deletes the old one after that. */
  #renewKey(bank: BankClient, { version, key }: NewKey): void {
    const { keepKey, log } = this.dependencies;
    const present = this.#key!;
    if (!keepKey || version <= present.version) return;
    const renewed = { ...present, version, key: fromHex(key, 32)! };
    try {
      keepKey(renewed);
    } catch (error) {
      return log(`the terminal's new key could not be stored, the old one stays in use: ${error}`);
    }
    this.#key = renewed;
    log(`the terminal uses key ${version} from now on`);
    this.events.onNewKey(bank);
  }

  #update(change: Partial<BankState>): void {
    this.#state = { ...this.#state, ...change };
    this.events.onChange();
  }
}
