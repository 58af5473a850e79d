/**
 * The ATM's line to its bank: one socket, one handshake, then requests and their answers. It ends
 * once and for good: whoever needs the bank again opens another.
 */
import { ProtocolError } from "../lib/errors.ts";
import {
  connectMsMax,
  frameBytesMax,
  handshakeFrameBytesMax,
  requestMsMax,
} from "../lib/limits.ts";
import { encodeFrame, FrameReader, frameType } from "../lib/protocol/frame.ts";
import { consumeServerHello, createClientHello } from "../lib/protocol/handshake.ts";
import type { TerminalKey } from "../lib/terminal_key.ts";
import type { SessionSecrets } from "../lib/protocol/key_schedule.ts";
import {
  type Answer,
  type Ask,
  encodeRequest,
  parseServerMessage,
  type Push,
} from "../lib/protocol/message.ts";
import {
  type Ending,
  fromClient,
  fromServer,
  RecordReceiver,
  RecordSender,
} from "../lib/protocol/record.ts";

/** A socket, as this file needs it. */
export interface Socket {
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** How the bank is reached, and what chance and time are. */
export interface Line {
  connect: () => Promise<Socket>;
  terminalKey: TerminalKey;
  randomBytes: (length: number) => Uint8Array;
  nowMs: () => number;
  /** How long an answer may take; shorter in tests. */
  answerMsMax?: number;
}

/**
 * How a line ended: in order, or with the bank's word that it no longer accepts this terminal's key, or
 * that the terminal has a newer line.
 * Whatever else happened, an attacker's doing included, is a cut.
 */
export type LineEnd = Ending | "cut";

/** Thrown for every request that got no answer: whether the bank acted on it is not known. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

const readBytes = 16_384;
/** How long a close may wait for the bank's own. */
const closeMsMax = 1_000;

export class BankClient {
  readonly #frames = new FrameReader(handshakeFrameBytesMax);
  readonly #chunk = new Uint8Array(readBytes);
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #ended = Promise.withResolvers<LineEnd>();
  #sender!: RecordSender;
  #nextId = 1;
  #writing: Promise<void> = Promise.resolve();
  #open = true;
  #closing: Promise<void> | null = null;
  /** Called with what the bank says unasked. */
  onPush: (push: Push) => void = () => {};

  private constructor(private readonly socket: Socket, private readonly line: Line) {}

  /**
   * Reaches the bank and proves both sides to each other.
   * @throws {NoAnswer} when the bank is not reached, does not prove itself, or turns this terminal away
   */
  static async connect(line: Line): Promise<BankClient> {
    const socket = await within(connectMsMax, line.connect(), (late) => late.close());
    const client = new BankClient(socket, line);
    try {
      const secrets = await within(connectMsMax, client.#handshake());
      client.#frames.bodyBytesMax = frameBytesMax;
      const now = line.nowMs();
      client.#sender = new RecordSender(fromClient, secrets.clientTraffic, now, line.randomBytes);
      client.#receive(new RecordReceiver(fromServer, secrets.serverTraffic, now));
      return client;
    } catch (error) {
      client.#end("cut");
      throw error instanceof NoAnswer ? error : new NoAnswer((error as Error).message);
    }
  }

  /** Settles when the line has ended, and says how. */
  get ended(): Promise<LineEnd> {
    return this.#ended.promise;
  }

  /**
   * Asks, and waits for the answer.
   * @throws {NoAnswer} when the line ends first or the bank takes too long
   */
  async ask(ask: Ask): Promise<Answer> {
    if (!this.#open || this.#closing) throw new NoAnswer("the line has ended");
    const id = this.#nextId++;
    const bytes = this.#sender.data(encodeRequest({ id, ask }), this.line.nowMs());
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.set(id, waiting);
    this.#write(bytes);
    try {
      return await within(this.line.answerMsMax ?? requestMsMax, waiting.promise);
    } catch (error) {
      // An answer that comes too late would find nobody: what it was is settled with the next line.
      this.#end("cut");
      throw error;
    }
  }

  /** Ends the line in order: each side has the other's word that nothing was cut off. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#write(this.#sender.close());
    await within(closeMsMax, this.ended).catch(() => this.#end("cut"));
  }

  async #handshake(): Promise<SessionSecrets> {
    const { terminalKey, randomBytes } = this.line;
    const hello = createClientHello(terminalKey, {
      nonce: randomBytes(32),
      shareSecret: randomBytes(32),
    });
    this.#write(encodeFrame(frameType.clientHello, hello.bytes));
    const frame = await this.#nextFrame();
    if (frame?.type !== frameType.serverHello) throw new ProtocolError("server hello");
    const { finish, secrets } = consumeServerHello(hello, frame.body);
    this.#write(encodeFrame(frameType.clientFinish, finish));
    return secrets;
  }

  async #receive(receiver: RecordReceiver): Promise<void> {
    let end: LineEnd = "cut";
    try {
      for (;;) {
        const frame = await this.#nextFrame();
        if (frame === null) return;
        const message = receiver.open(frame, this.line.nowMs());
        if (message === null) continue;
        if (!(message instanceof Uint8Array)) {
          end = message;
          return;
        }
        const said = parseServerMessage(message);
        if ("push" in said) {
          this.onPush(said);
        } else {
          this.#waiting.get(said.id)?.resolve(said.answer);
          this.#waiting.delete(said.id);
        }
      }
    } catch {
      // A forged, cut or foreign record ends the line like any other loss.
    } finally {
      this.#end(end);
    }
  }

  async #nextFrame() {
    for (;;) {
      const frame = this.#frames.next();
      if (frame) return frame;
      const count = await this.socket.read(this.#chunk);
      if (count === null) return null;
      this.#frames.push(this.#chunk.subarray(0, count));
    }
  }

  #write(bytes: Uint8Array): void {
    this.#writing = this.#writing.then(async () => {
      for (let at = 0; at < bytes.length && this.#open;) {
        at += await this.socket.write(bytes.subarray(at));
      }
    }).catch(() => {}); // the reader finds out how the line ended
  }

  #end(how: LineEnd): void {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.socket.close();
    } catch {
      // the bank was faster
    }
    for (const { reject } of this.#waiting.values()) reject(new NoAnswer("the line has ended"));
    this.#waiting.clear();
    this.#ended.resolve(how);
  }
}

/** The promise's value, or NoAnswer after `ms`; a value that comes later goes to `late`. */
async function within<T>(ms: number, promise: Promise<T>, late?: (value: T) => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let expired = false;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      expired = true;
      reject(new NoAnswer("no answer in time"));
    }, ms);
  });
  promise.then((value) => expired && late?.(value), () => {});
  try {
    return await Promise.race([promise, expiry]);
  } catch (error) {
    throw error instanceof NoAnswer ? error : new NoAnswer((error as Error).message);
  } finally {
    clearTimeout(timer);
  }
}
