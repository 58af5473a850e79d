/**
 * The channel: a socket, the handshake over it, then records until either end closes. Both ends use
 * it. On any failure the socket is closed and the peer receives no reason.
 */
import type { Bytes } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import {
  cipherIdleMsMax,
  closeMsMax,
  frameBytesMax,
  handshakeFrameBytesMax,
  handshakeReadBytes,
  outgoingBytesMax,
} from "../limits.ts";
import type { TerminalKey } from "../terminal_key.ts";
import type { Socket, World } from "../world.ts";
import { encodeFrame, type Frame, FrameReader, frameType } from "./frame.ts";
import {
  binderHolds,
  consumeClientFinish,
  consumeServerHello,
  createClientHello,
  createServerHello,
  parseClientHello,
  parseServerHello,
} from "./handshake.ts";
import type { SessionSecrets } from "./key_schedule.ts";
import { type Ending, fromClient, fromServer, RecordReceiver, RecordSender } from "./record.ts";

/** The parts of the world that a channel uses. */
export type ChannelWorld = Pick<World, "monotonicMs" | "randomBytes" | "kem" | "after">;

export interface ChannelOptions {
  /** Bytes per read after the handshake, in a buffer that lives as long as the channel. */
  readonly readBytes: number;
  /** A channel with a session is closed after this long without a whole frame; by default never. */
  readonly silentMsMax?: number;
}

/** The terminal that a client hello names; `known` is false when its key is a decoy. */
export interface FoundTerminal {
  readonly known: boolean;
  readonly key: TerminalKey;
}

/** What a server's handshake depends on. */
export interface HandshakeDependencies<F extends FoundTerminal> {
  /** Must take the same time for an unknown terminal as for a known one. */
  find(terminal: Uint8Array, version: number): F;
  /** Runs the exchange of X25519 and KEM when it reaches the front of the queue. */
  inTurn<T>(exchange: () => Promise<T>): Promise<T>;
}

/** The peer closed the connection before its first byte, as a balancer's health check does. */
export class EmptyConnection extends ProtocolError {
  override name = "EmptyConnection";
}

export class Channel {
  readonly #frames = new FrameReader(handshakeFrameBytesMax);
  /** Null until something waits for the end. */
  #closed: PromiseWithResolvers<void> | null = null;
  #sender: RecordSender | null = null;
  #receiver: RecordReceiver | null = null;
  #isClosed = false;
  /** True once this end has ended the channel; it then accepts no more records. */
  #isEnding = false;
  #writing: Promise<void> = Promise.resolve();
  #outgoingBytes = 0;
  #deadlineMs = Infinity;
  /** What the peer has failed to do if that deadline passes, and why this end has closed. */
  #deadlineFault: string | null = null;
  #fault: string | null = null;
  /** What `after` was given. */
  #reminder: { atMs: number; act: () => void } | null = null;
  /** When the kept ciphers are freed, unless a record comes first; Infinity without any. */
  #restMs = Infinity;
  /** The time at which the timer fires; Infinity if none is set. */
  #timerMs = Infinity;
  #cancelTimer = () => {};

  constructor(
    private readonly socket: Socket,
    private readonly world: ChannelWorld,
    private readonly options: ChannelOptions,
  ) {}

  /** Resolves when the socket is closed, for any reason. */
  get closed(): Promise<void> {
    this.#closed ??= Promise.withResolvers<void>();
    if (this.#isClosed) this.#closed.resolve();
    return this.#closed.promise;
  }

  /** False after this end has ended the channel or closed the socket. */
  get isOpen(): boolean {
    return !this.#isClosed && !this.#isEnding;
  }

  /**
   * Runs the client's handshake.
   * @throws {ProtocolError} if the server's proof fails, or the server closes
   */
  async connect(terminalKey: TerminalKey): Promise<void> {
    const kemKey = await this.world.kem.newKey();
    const fresh = { ...this.#fresh(), kemKey: kemKey.publicKey };
    const hello = createClientHello(terminalKey, fresh);
    this.#write(encodeFrame(frameType.clientHello, hello.bytes));
    const answer = parseServerHello(await this.#expect(frameType.serverHello, "server hello"));
    const kemSecret = await refusing(
      "server KEM ciphertext",
      kemKey.decapsulate(answer.ciphertext),
    );
    const { finish, secrets } = consumeServerHello(hello, answer, kemSecret);
    this.#write(encodeFrame(frameType.clientFinish, finish));
    this.#begin("client", secrets);
  }

  /**
   * Runs the server's handshake and returns the authenticated terminal.
   * @throws {EmptyConnection} if the client closes before its first byte
   * @throws {ProtocolError} if the client's proof fails, or the client closes
   */
  async accept<F extends FoundTerminal>(
    { find, inTurn }: HandshakeDependencies<F>,
  ): Promise<F> {
    const hello = parseClientHello(await this.#expect(frameType.clientHello, "client hello"));
    const found = find(hello.terminal, hello.version);
    if (!binderHolds(hello, found.key) || !found.known) throw new ProtocolError("client binder");
    const server = await inTurn(async () => {
      if (this.#isClosed) throw new ProtocolError("client hello");
      const encapsulating = this.world.kem.encapsulate(hello.kemKey);
      const encapsulated = await refusing("client KEM key", encapsulating);
      return createServerHello(hello, found.key, this.#fresh(), encapsulated);
    });
    this.#write(encodeFrame(frameType.serverHello, server.bytes));
    consumeClientFinish(server, await this.#expect(frameType.clientFinish, "client finish"));
    if (!find(hello.terminal, hello.version).known) {
      throw new ProtocolError("key ended during the handshake");
    }
    this.#begin("server", server.secrets);
    return found;
  }

  /**
   * Sends a message; does nothing before the handshake and after this end has closed.
   * @param plaintextBytesMin the smallest size class that may be used
   */
  send(message: Uint8Array, plaintextBytesMin?: number): void {
    if (!this.#sender || this.#isClosed) return;
    this.#write(this.#sender.data(message, this.world.monotonicMs(), plaintextBytesMin));
    this.#keepCiphers();
  }

  /**
   * Returns the peer's next message, or how the peer ended the channel; null if this end ended it.
   * @throws {ProtocolError} on anything but the exact next record, on a truncated stream, on silence,
   * and if the peer does not read
   */
  async receive(): Promise<Bytes | Ending | null> {
    for (;;) {
      const { silentMsMax } = this.options;
      if (silentMsMax !== undefined && !this.#isEnding) {
        this.closeAfter(silentMsMax, "no frame in time");
      }
      const frame = await this.#nextFrame();
      if (frame === null) {
        if (!this.isOpen) return null;
        throw new ProtocolError("stream truncated");
      }
      const message = this.#receiver!.open(frame, this.world.monotonicMs());
      this.#keepCiphers();
      if (message !== null) return message;
    }
  }

  /** Sends a close, the last record of this direction. The peer's records are still received. */
  finish(ending: Ending = "close"): void {
    if (this.#sender && !this.#isClosed) this.#write(this.#sender.close(ending));
    this.#sender = null;
  }

  /**
   * Ends the channel: sends a close if there is a session, accepts no more records, and closes the
   * socket once everything is written. A slow peer delays that by at most `closeMsMax`.
   */
  async end(ending: Ending = "close"): Promise<void> {
    this.finish(ending);
    this.#isEnding = true;
    this.closeAfter(closeMsMax);
    await this.#writing;
    this.close();
  }

  /** Closes the socket at once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer();
    this.#rest();
    this.socket.close();
    this.#closed?.resolve();
  }

  /** Closes the socket since the peer has failed to do something, if it has. */
  #fail(fault: string | null): void {
    this.#fault ??= fault;
    this.close();
  }

  /**
   * Closes the socket after this long, unless called again earlier; Infinity cancels. One timer
   * serves all calls and the kept ciphers, since a timer per record would cost more than the record.
   * @param fault what the peer has then failed to do, for `receive`
   */
  closeAfter(ms: number, fault: string | null = null): void {
    this.#deadlineMs = this.world.monotonicMs() + ms;
    this.#deadlineFault = fault;
    this.#setTimer();
  }

  /**
   * Calls `act` once, after `ms` milliseconds, unless the channel is closed before; the returned
   * function cancels the call. Replaces an earlier one: a channel has one timer for everything.
   */
  after(ms: number, act: () => void): () => void {
    const reminder = this.#reminder = { atMs: this.world.monotonicMs() + ms, act };
    this.#setTimer();
    return () => {
      if (this.#reminder === reminder) this.#reminder = null;
    };
  }

  #keepCiphers(): void {
    this.#restMs = this.world.monotonicMs() + cipherIdleMsMax;
    this.#setTimer();
  }

  #rest(): void {
    this.#restMs = Infinity;
    this.#sender?.rest();
    this.#receiver?.rest();
  }

  #setTimer(): void {
    const dueMs = Math.min(this.#deadlineMs, this.#restMs, this.#reminder?.atMs ?? Infinity);
    if (this.#isClosed || this.#timerMs <= dueMs) return; // the running timer sets the next one
    this.#cancelTimer();
    this.#timerMs = dueMs;
    this.#cancelTimer = this.world.after(dueMs - this.world.monotonicMs(), () => {
      this.#timerMs = Infinity;
      const nowMs = this.world.monotonicMs();
      if (this.#deadlineMs <= nowMs) return this.#fail(this.#deadlineFault);
      if (this.#restMs <= nowMs) this.#rest();
      this.#remind(nowMs);
      this.#setTimer();
    });
  }

  #remind(nowMs: number): void {
    const reminder = this.#reminder;
    if (reminder === null || reminder.atMs > nowMs) return;
    this.#reminder = null;
    reminder.act();
  }

  #fresh() {
    return { nonce: this.world.randomBytes(32), shareSecret: this.world.randomBytes(32) };
  }

  #begin(role: "client" | "server", { clientTraffic, serverTraffic }: SessionSecrets): void {
    const client = [fromClient, clientTraffic] as const;
    const server = [fromServer, serverTraffic] as const;
    const [mine, theirs] = role === "client" ? [client, server] : [server, client];
    const nowMs = this.world.monotonicMs(); // a key's age must not follow a clock that somebody sets
    this.#sender = new RecordSender(...mine, nowMs, (length) => this.world.randomBytes(length));
    this.#receiver = new RecordReceiver(...theirs, nowMs);
    this.#frames.bodyBytesMax = frameBytesMax;
  }

  async #expect(type: number, name: string): Promise<Uint8Array> {
    const frame = await this.#nextFrame();
    if (frame === null && this.isOpen && type === frameType.clientHello) {
      throw new EmptyConnection(name);
    }
    if (frame?.type !== type) throw new ProtocolError(name);
    return frame.body;
  }

  /**
   * Returns the next frame; null if the stream ended between two frames, or this end ended the
   * channel.
   */
  async #nextFrame(): Promise<Frame | null> {
    for (;;) {
      if (this.#fault !== null) throw new ProtocolError(this.#fault);
      if (!this.isOpen) return null; // discards frames read before the end
      const frame = this.#frames.next();
      if (frame) return frame;
      const room = this.#frames.room(this.#receiver ? this.options.readBytes : handshakeReadBytes);
      const count = await this.socket.read(room).catch(() => null);
      if (count === null) {
        if (this.#fault !== null) continue;
        if (this.#frames.atBoundary) return null;
        throw new ProtocolError("frame truncated");
      }
      this.#frames.took(count);
    }
  }

  /** Queues bytes to be written. A failed write is ignored: the next read fails, too. */
  #write(bytes: Uint8Array): void {
    this.#outgoingBytes += bytes.length;
    if (this.#outgoingBytes > outgoingBytesMax) return this.#fail("messages not read");
    this.#writing = this.#writing.then(async () => {
      for (let at = 0; at < bytes.length && !this.#isClosed;) {
        at += await this.socket.write(bytes.subarray(at));
      }
      this.#outgoingBytes -= bytes.length;
    }).catch(() => {});
  }
}

/** Awaits the KEM, of which any failure is the peer's fault: the connection ends without a reason. */
async function refusing<T>(what: string, working: Promise<T>): Promise<T> {
  try {
    return await working;
  } catch {
    throw new ProtocolError(what);
  }
}
