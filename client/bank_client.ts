/**
 * The ATM's connection to its bank: one channel, then requests and their answers. It ends once; a
 * new session needs a new connection.
 */
import { clientReadBytes, closeMsMax, connectMsMax, requestMsMax } from "../lib/limits.ts";
import { Channel, type ChannelWorld } from "../lib/protocol/channel.ts";
import { requestPlaintextBytesMin } from "../lib/protocol/lengths.ts";
import {
  type Answer,
  type Ask,
  encodeRequest,
  parseServerMessage,
  type Push,
} from "../lib/protocol/message.ts";
import type { Ending } from "../lib/protocol/record.ts";
import type { TerminalKey } from "../lib/terminal_key.ts";
import type { Socket } from "../lib/world.ts";

/** How to connect to the bank. */
export interface Line {
  connect: () => Promise<Socket>;
  terminalKey: TerminalKey;
  world: ChannelWorld;
  /** Time limit of an answer; shorter in tests. */
  answerMsMax?: number;
}

/**
 * How a connection ended: normally, because the bank no longer accepts this terminal's key, or
 * because the terminal has a newer connection. Everything else, including an attack, is a cut.
 */
export type LineEnd = Ending | "cut";

/** Thrown for a request that got no answer: the bank may have executed it or not. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

/** Thrown where the bank answers, but cannot do yet what must come before everything else. */
export class BankNotReady extends NoAnswer {
  override name = "BankNotReady";
}

export class BankClient {
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #ended = Promise.withResolvers<LineEnd>();
  #nextId = 1;
  #isOpen = true;
  #closing: Promise<void> | null = null;
  /** The bank's time in its last answer; null before the first. */
  timeMs: number | null = null;
  /** Called with every push. */
  onPush: (push: Push) => void = () => {};

  private constructor(private readonly channel: Channel, private readonly line: Line) {
    channel.closed.then(() => this.#end("cut"));
    this.#receive();
  }

  /**
   * Connects to the bank and runs the handshake.
   * @throws {NoAnswer} if the bank cannot be reached, fails its proof or refuses this terminal
   */
  static async connect(line: Line): Promise<BankClient> {
    const channel = new Channel(await reach(line), line.world, { readBytes: clientReadBytes });
    try {
      channel.closeAfter(connectMsMax);
      await channel.connect(line.terminalKey);
      channel.closeAfter(Infinity);
      return new BankClient(channel, line);
    } catch (error) {
      channel.close();
      throw new NoAnswer((error as Error).message);
    }
  }

  /** Resolves when the connection has ended, with the reason. */
  get ended(): Promise<LineEnd> {
    return this.#ended.promise;
  }

  /**
   * Sends a request and waits for the answer.
   * @throws {NoAnswer} if the connection ends first or the answer times out
   */
  async ask(ask: Ask): Promise<Answer> {
    if (!this.#isOpen || this.#closing) throw new NoAnswer("the line has ended");
    const id = this.#nextId++;
    this.channel.send(encodeRequest({ id, ask }), requestPlaintextBytesMin(ask));
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.set(id, waiting);
    // A late answer is discarded: the next connection requests the outcome.
    const { answerMsMax = requestMsMax, world } = this.line;
    const cancel = world.after(answerMsMax, () => this.channel.close());
    try {
      return await waiting.promise;
    } finally {
      cancel();
    }
  }

  /** Closes the connection: each end receives the other's close, which excludes truncation. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.channel.finish();
    this.channel.closeAfter(closeMsMax);
    await this.ended;
  }

  async #receive(): Promise<void> {
    let end: LineEnd = "cut";
    try {
      for (;;) {
        const message = await this.channel.receive();
        if (message === null) return;
        if (!(message instanceof Uint8Array)) {
          end = message;
          return;
        }
        const parsed = parseServerMessage(message);
        if ("push" in parsed) {
          this.onPush(parsed);
        } else {
          const { id, answer } = parsed;
          if (answer.time !== undefined) this.timeMs = Date.parse(answer.time);
          this.#waiting.get(id)?.resolve(answer);
          this.#waiting.delete(id);
        }
      }
    } catch {
      // A forged, truncated or foreign record ends the connection like any other loss.
    } finally {
      this.#end(end);
    }
  }

  #end(how: LineEnd): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.channel.close();
    for (const { reject } of this.#waiting.values()) reject(new NoAnswer("the line has ended"));
    this.#waiting.clear();
    this.#ended.resolve(how);
  }
}

/** Connects within `connectMsMax`. A socket that connects later is closed. */
async function reach({ connect, world }: Line): Promise<Socket> {
  const expired = Promise.withResolvers<never>();
  let isLate = false;
  const cancel = world.after(connectMsMax, () => {
    isLate = true;
    expired.reject(new Error("connecting timed out"));
  });
  try {
    const connecting = connect();
    connecting.then((socket) => isLate && socket.close(), () => {});
    return await Promise.race([connecting, expired.promise]);
  } catch (error) {
    throw new NoAnswer((error as Error).message);
  } finally {
    cancel();
  }
}
