/**
 * One ATM's connection: the handshake, then records until the end. Whatever goes wrong, the peer is
 * told nothing: the socket closes.
 */
import { hex } from "../../lib/bytes.ts";
import { ProtocolError } from "../../lib/errors.ts";
import {
  frameBytesMax,
  handshakeFrameBytesMax,
  handshakeMsMax,
  outgoingBytesMax,
  silentMsMax,
} from "../../lib/limits.ts";
import { encodeFrame, type Frame, FrameReader, frameType } from "../../lib/protocol/frame.ts";
import {
  binderHolds,
  consumeClientFinish,
  createServerHello,
  parseClientHello,
} from "../../lib/protocol/handshake.ts";
import type { SessionSecrets } from "../../lib/protocol/key_schedule.ts";
import {
  encodeServerMessage,
  parseRequest,
  type Push,
  type ServerMessage,
} from "../../lib/protocol/message.ts";
import {
  type Ending,
  fromClient,
  fromServer,
  RecordReceiver,
  RecordSender,
} from "../../lib/protocol/record.ts";
import type { Bank } from "../bank.ts";
import type { Exchanges } from "./exchanges.ts";
import { logCommand } from "../ledger/command.ts";
import type { Presence } from "../visits/presence.ts";
import {
  KeyEnded,
  type LogInsUnderWay,
  type ProvedTerminal,
  Requests,
} from "../visits/requests.ts";
import { confirmKey } from "../terminals/change_keys.ts";

/** What a connection shares with the others. */
export interface ConnectionContext {
  readonly bank: Bank;
  readonly logInsUnderWay: LogInsUnderWay;
  readonly presence: Presence;
  /** The live connection of each terminal, by id: of two, the newer wins. */
  readonly live: Map<string, Connection>;
  readonly exchanges: Exchanges;
}

/** Read at once: as much as a hello, then a few requests. It is held for as long as a terminal is. */
const readBytes = 1_024;
const goodbyeMsMax = 1_000;

export class Connection {
  readonly #frames = new FrameReader(handshakeFrameBytesMax);
  readonly #chunk = new Uint8Array(readBytes);
  #sender: RecordSender | null = null;
  #terminal: ProvedTerminal | null = null;
  #writing: Promise<void> = Promise.resolve();
  #outgoingBytes = 0;
  #closed = false;
  /** A goodbye is on its way: nothing more is taken or said. */
  #ending = false;
  #endMs = Infinity;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly socket: Deno.TcpConn,
    private readonly context: ConnectionContext,
    private readonly onProved: () => void,
  ) {}

  /**
   * Serves the connection to its end.
   * @throws {ProtocolError} when the peer broke the protocol, for the log alone
   */
  async serve(): Promise<void> {
    try {
      this.#endAfter(handshakeMsMax);
      const { terminal, secrets } = await this.#handshake();
      this.#frames.bodyBytesMax = frameBytesMax;
      this.onProved();
      await this.#converse(terminal, secrets);
    } finally {
      this.close();
    }
  }

  /** Ends the connection; with a session, says so to the ATM first. */
  async end(ending: Ending = "close"): Promise<void> {
    if (this.#sender && !this.#closed) this.#write(this.#sender.close(ending));
    this.#sender = null;
    this.#ending = true;
    this.#endAfter(goodbyeMsMax); // an ATM that does not read cannot keep the bank from stopping
    await this.#writing;
    this.close();
  }

  /** Closes the socket at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#deadline);
    try {
      this.socket.close();
    } catch {
      // the peer was faster
    }
  }

  /** The terminal's keys have changed: hands it the next one, or ends a channel whose key has ended. */
  keysChanged(): void {
    if (!this.#terminal || this.#ending) return;
    const { id, keyVersion } = this.#terminal;
    const { terminals } = this.context.bank;
    if (!terminals.stands(id, keyVersion, Date.now())) {
      this.end("revoked");
      return;
    }
    const next = terminals.nextOf(id);
    if (next && next.version > keyVersion) {
      this.#say({ push: "new_key", version: next.version, key: hex(next.key) });
    }
  }

  async #handshake(): Promise<{ terminal: ProvedTerminal; secrets: SessionSecrets }> {
    const { terminals, world: { randomBytes } } = this.context.bank;
    const hello = parseClientHello(await this.#expect(frameType.clientHello));
    const { known, key, name } = terminals.find(hello.terminal, hello.version, Date.now());
    if (!binderHolds(hello, key) || !known) throw new ProtocolError("client binder");
    const server = await this.context.exchanges.run(() => {
      if (this.#closed) throw new ProtocolError("stream ended");
      return createServerHello(hello, key, {
        nonce: randomBytes(32),
        shareSecret: randomBytes(32),
      });
    });
    this.#write(encodeFrame(frameType.serverHello, server.bytes));
    consumeClientFinish(server, await this.#expect(frameType.clientFinish));
    const terminal = { id: hex(hello.terminal), name, keyVersion: hello.version };
    if (!terminals.stands(terminal.id, hello.version, Date.now())) {
      throw new ProtocolError("key ended during the handshake");
    }
    return { terminal, secrets: server.secrets };
  }

  async #converse(terminal: ProvedTerminal, secrets: SessionSecrets): Promise<void> {
    const { bank, live, logInsUnderWay, presence } = this.context;
    this.#sender = new RecordSender(
      fromServer,
      secrets.serverTraffic,
      Date.now(),
      bank.world.randomBytes,
    );
    const receiver = new RecordReceiver(fromClient, secrets.clientTraffic, Date.now());
    const say = (push: Push) => this.#say(push);
    const requests = new Requests(bank, terminal, logInsUnderWay, presence, say);
    const older = live.get(terminal.id);
    live.set(terminal.id, this);
    if (older) {
      older.end("replaced");
      const action = "connection replaced by a newer one of the same terminal";
      const who = `terminal ${terminal.name}`;
      bank.ledger.submit(logCommand(who, action, { terminal: terminal.id }));
    }
    this.#terminal = terminal;
    try {
      await this.#settleKey(terminal);
      for (;;) {
        if (!this.#ending) this.#endAfter(silentMsMax);
        const frame = await this.#nextFrame();
        if (frame === null) {
          if (this.#closed || this.#ending) return; // by this end: for a newer connection, or when the server stops
          throw new ProtocolError("stream cut");
        }
        const message = receiver.open(frame, Date.now());
        if (message === null) continue;
        if (!(message instanceof Uint8Array)) return await this.end();
        if (!bank.terminals.stands(terminal.id, terminal.keyVersion, Date.now())) {
          throw new KeyEnded();
        }
        const { id, ask } = parseRequest(message);
        await requests.answer(ask, (answer) => this.#say({ id, answer }));
      }
    } catch (error) {
      if (!(error instanceof KeyEnded)) throw error;
      await this.end("revoked");
    } finally {
      if (live.get(terminal.id) === this) live.delete(terminal.id);
      await requests.gone();
    }
  }

  /** A channel under the next key ends the one before; one under the present key is told of the next. */
  async #settleKey({ id, keyVersion }: ProvedTerminal): Promise<void> {
    const { bank } = this.context;
    if (bank.terminals.nextOf(id)?.version !== keyVersion) return this.keysChanged();
    if (await confirmKey(bank, id, keyVersion) === "terminal_revoked") throw new KeyEnded();
  }

  async #expect(type: number): Promise<Uint8Array> {
    const frame = await this.#nextFrame();
    if (frame === null) throw new ProtocolError("stream ended");
    if (frame.type !== type) throw new ProtocolError("frame type");
    return frame.body;
  }

  /** The next frame; null when the stream ended between two frames. */
  async #nextFrame(): Promise<Frame | null> {
    for (;;) {
      // What came before the close is not acted on after it.
      if (this.#closed || this.#ending) return null;
      const frame = this.#frames.next();
      if (frame) return frame;
      const count = await this.socket.read(this.#chunk).catch(() => null);
      if (count === null) {
        if (this.#frames.atBoundary) return null;
        throw new ProtocolError("frame cut");
      }
      this.#frames.push(this.#chunk.subarray(0, count));
    }
  }

  #say(message: ServerMessage): void {
    if (!this.#sender || this.#closed) return;
    this.#write(this.#sender.data(encodeServerMessage(message), Date.now()));
  }

  #write(bytes: Uint8Array): void {
    this.#outgoingBytes += bytes.length;
    if (this.#outgoingBytes > outgoingBytesMax) return this.close();
    this.#writing = this.#writing.then(async () => {
      for (let at = 0; at < bytes.length && !this.#closed;) {
        at += await this.socket.write(bytes.subarray(at));
      }
      this.#outgoingBytes -= bytes.length;
    }).catch(() => this.close());
  }

  /** Closes then, unless told another time until then. A timer for each request would cost more than it. */
  #endAfter(ms: number): void {
    const before = this.#endMs;
    this.#endMs = performance.now() + ms;
    if (before <= this.#endMs) return;
    clearTimeout(this.#deadline);
    this.#waitForEnd();
  }

  #waitForEnd(): void {
    if (this.#closed) return;
    this.#deadline = setTimeout(() => {
      if (performance.now() >= this.#endMs) return this.close();
      this.#waitForEnd();
    }, Math.ceil(this.#endMs - performance.now()));
  }
}
