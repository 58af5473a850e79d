/** The line to the bank, kept up: reached for again whenever it has ended, and more and more slowly. */
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
import { BankClient, NoAnswer } from "./bank_client.ts";
import { ask } from "./ask.ts";
import type { AtmDependencies } from "./dependencies.ts";

/** What the machine does at the turns of its line. */
export interface LineEvents {
  /** Something of `told` has changed. */
  changed: () => void;
  /** A bank has proved itself: what is open is settled before anyone else speaks. */
  met: (bank: BankClient, said: NonNullable<Answer["bank"]>) => Promise<void>;
  /** From time to time, while the line stands. */
  stands: (bank: BankClient) => void;
  heard: (bank: BankClient, push: Exclude<Push, NewKey>) => void;
  /** The terminal has a new key: this line may end as soon as nobody needs it. */
  renewed: (bank: BankClient) => void;
  /** The line has ended, whatever the reason. */
  ended: (bank: BankClient) => Promise<void>;
}

type NewKey = Push & { push: "new_key" };
type Told = Pick<AtmView, "terminal" | "bank" | "bankName" | "currency" | "timeZone">;

export class StandingLine {
  #bank: BankClient | null = null;
  #told: Told;
  #socket: Socket | null = null;
  #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #key: NamedTerminalKey | null = null;
  #keyless = "";

  constructor(
    private readonly parts: Pick<
      AtmDependencies,
      | "world"
      | "connect"
      | "answerMsMax"
      | "findKey"
      | "onConnected"
      | "currency"
      | "keepKey"
      | "log"
    >,
    private readonly events: LineEvents,
  ) {
    this.#told = {
      terminal: "",
      bank: "connecting",
      bankName: "",
      // ISO 4217's "no currency" until the bank has told
      currency: parts.currency ?? { code: "XXX", exponent: 2 },
      timeZone: "UTC",
    };
  }

  /** What is known of the bank. */
  get told(): Told {
    return this.#told;
  }

  /** The line that the next question goes to; null while there is none. */
  get bank(): BankClient | null {
    return this.#bank;
  }

  /** Starts to reach for the bank, and goes on doing so until `stop`. */
  start(): void {
    this.#running ??= this.#keep();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Takes the present line out of use: the next customer gets one, and a handshake, of their own. */
  giveUp(): void {
    this.#bank = null;
  }

  /** Says that the bank is lost, before the line itself knows. */
  lose(): void {
    this.#told = { ...this.#told, bank: "lost" };
  }

  /** Ends the line as a power cut does: without a word, and with all of it to be begun anew. */
  cut(): void {
    this.#bank = null;
    this.#told = { ...this.#told, bank: "connecting" };
    this.#socket?.close();
  }

  /** The line; after a visit has ended it takes a moment until there is a new one. */
  async soon(): Promise<BankClient | null> {
    const { world } = this.parts;
    const untilMs = world.monotonicMs() + connectMsMax;
    while (!this.#bank && this.#told.bank === "online" && world.monotonicMs() < untilMs) {
      await pause(world, reconnectPollMs, this.#stopping.signal);
    }
    return this.#bank;
  }

  async #keep(): Promise<void> {
    const { world } = this.parts;
    let delayMs = 0;
    while (!this.#stopping.signal.aborted) {
      // Between half of it and all of it, so that ATMs do not come back all at once.
      const share = 0.5 + readU32(world.randomBytes(4), 0) / 2 ** 33;
      await pause(world, Math.round(delayMs * share), this.#stopping.signal);
      const sinceMs = world.monotonicMs();
      const visited = await this.#try().catch((error) => {
        if (!(error instanceof NoAnswer)) this.parts.log(`the line failed: ${error.stack}`);
        return false;
      });
      // A visit ends its line on purpose. All others are tried again more and more slowly: a line
      // that keeps breaking at once may be another machine with the same key.
      const steady = this.#told.bank === "online" && world.monotonicMs() - sinceMs > reconnectMsMax;
      delayMs = visited || steady
        ? 0
        : Math.min(reconnectMsMax, Math.max(reconnectMsMin, 2 * delayMs));
      if (delayMs > 0 && this.#told.bank === "online") this.#tell({ bank: "lost" });
    }
  }

  /** One line from its beginning to its end; whether it ended because a visit did. */
  async #try(): Promise<boolean> {
    const { world: { nowMs, randomBytes }, answerMsMax, log } = this.parts;
    const terminalKey = this.#findKey();
    if (!terminalKey) return false;
    const connect = async () => this.#socket = await this.parts.connect();
    const line = { connect, terminalKey, nowMs, randomBytes, answerMsMax };
    const bank = await BankClient.connect(line);
    try {
      return await this.#converse(bank);
    } finally {
      await bank.close();
      // Said only on the bank's own, authenticated word: a refused handshake may have any reason.
      const end = await bank.ended;
      if (end === "revoked") {
        log("the bank no longer accepts this terminal's key: it was revoked or renewed");
        this.#tell({ bank: "not_accepted" });
      } else if (end === "replaced") {
        log("a newer line of this terminal's took over: do two machines have its key?");
      }
    }
  }

  /** The newest key there is: one that somebody has brought since counts at the next try. */
  #findKey(): NamedTerminalKey | null {
    const known = this.#key;
    try {
      const found = this.parts.findKey();
      const newer = !known ||
        (hex(found.terminal) === hex(known.terminal) && found.version > known.version);
      if (newer) this.#key = found;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (!known && error.message !== this.#keyless) this.parts.log(error.message);
      this.#keyless = error.message;
    }
    if (!this.#key) this.#tell({ bank: "no_key" });
    else if (!known) this.#tell({ bank: "connecting", terminal: this.#key.name });
    return this.#key;
  }

  /** From a proved line to its end; whether it ended because a visit did. */
  async #converse(bank: BankClient): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted) return false;
    const close = () => bank.close();
    signal.addEventListener("abort", close, { once: true });
    bank.ended.then(() => signal.removeEventListener("abort", close));
    bank.onPush = (push) => {
      if (push.push === "new_key") this.#renewKey(bank, push);
      else this.events.heard(bank, push);
    };
    const hello = await bank.ask({ op: "hello" });
    const { name, currency, timeZone } = hello.bank!;
    this.parts.onConnected?.(currency);
    await this.events.met(bank, hello.bank!);
    this.#bank = bank;
    this.#tell({ bank: "online", bankName: name, currency, timeZone });
    const ended = new AbortController();
    this.#keepAlive(bank, ended.signal);
    await bank.ended;
    ended.abort();
    const visited = this.#bank !== bank;
    this.#bank = null;
    await this.events.ended(bank);
    return visited;
  }

  async #keepAlive(bank: BankClient, ended: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.parts.world, keepAliveMs, ended);
      if (ended.aborted) return;
      ask(bank, { op: "hello" });
      this.events.stands(bank);
    }
  }

  /** Stored first, used afterwards: a key that was used before it was safe could be lost for good. */
  #renewKey(bank: BankClient, { version, key }: NewKey): void {
    const { keepKey, log } = this.parts;
    const present = this.#key!;
    if (!keepKey || version <= present.version) return;
    const renewed = { ...present, version, key: fromHex(key, 32)! };
    try {
      keepKey(renewed);
    } catch (error) {
      return log(`the terminal's new key could not be stored, the old one serves on: ${error}`);
    }
    this.#key = renewed;
    log(`the terminal has key ${version} from now on`);
    this.events.renewed(bank);
  }

  #tell(change: Partial<Told>): void {
    this.#told = { ...this.#told, ...change };
    this.events.changed();
  }
}
