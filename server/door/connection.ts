/** One ATM's connection: its handshake, then its requests, one at a time, until it ends. */
import { hex } from "../../lib/bytes.ts";
import { handshakeMsMax, serverReadBytes, silentMsMax } from "../../lib/limits.ts";
import { Channel } from "../../lib/protocol/channel.ts";
import { answerPlaintextBytesMin } from "../../lib/protocol/lengths.ts";
import {
  type Ask,
  encodeServerMessage,
  parseRequest,
  type ServerMessage,
} from "../../lib/protocol/message.ts";
import type { Ending } from "../../lib/protocol/record.ts";
import type { Socket } from "../../lib/world.ts";
import { logCommand } from "../ledger/command.ts";
import { confirmKey } from "../terminals/change_keys.ts";
import { type RequestContext, Requests } from "../visits/requests.ts";
import { KeyEnded } from "../visits/terminal_ledger.ts";
import type { ProvedTerminal } from "../visits/visit.ts";
import type { Lines } from "../visits/lines.ts";
import type { Exchanges } from "./exchanges.ts";

/** The context that all connections share. */
export interface ConnectionContext extends RequestContext {
  /** The live connection of each terminal, by id: the newer of two wins. */
  readonly live: Map<string, Connection>;
  readonly exchanges: Exchanges;
  /** Null for a bank of one server. */
  readonly lines: Lines | null;
}

export class Connection {
  readonly #channel: Channel;
  #terminal: ProvedTerminal | null = null;
  #isReplaced = false;
  /** Null before the handshake. */
  #requests: Requests | null = null;
  #isAnswering = false;
  #isStopping = false;

  constructor(
    socket: Socket,
    private readonly context: ConnectionContext,
    private readonly onProved: () => void,
  ) {
    const options = { readBytes: serverReadBytes, silentMsMax };
    this.#channel = new Channel(socket, context.bank.world, options);
  }

  /**
   * Serves the connection to its end.
   * @throws {ProtocolError} if the peer violated the protocol, for the log only
   */
  async serve(): Promise<void> {
    try {
      this.#channel.closeAfter(handshakeMsMax);
      this.#terminal = await this.#handshake();
      this.onProved();
      await this.#serveTerminal(this.#terminal);
    } finally {
      this.close();
    }
  }

  /** Ends the connection; with a session, sends a close first. */
  end(ending: Ending = "close"): Promise<void> {
    return this.#channel.end(ending);
  }

  /**
   * Ends the connection after the answer to the request under way, and after the visit that is open.
   * @param last resolves when the connection has ended, or when its visit has had its time
   */
  async stop(last: Promise<void>): Promise<void> {
    this.#isStopping = true;
    if (this.#isAnswering || this.#requests?.hasVisit) await last;
    await this.end();
  }

  /** Closes the socket at once. */
  close(): void {
    this.#channel.close();
  }

  /**
   * Called when the terminal's keys have changed: sends the next key, or ends a channel whose key
   * has ended.
   */
  onKeysChanged(): void {
    if (!this.#terminal || !this.#channel.isOpen) return;
    const { id, keyVersion } = this.#terminal;
    if (!this.#keyStands(this.#terminal)) {
      this.end("revoked");
      return;
    }
    const next = this.context.bank.terminals.nextOf(id);
    if (next && next.version > keyVersion) {
      this.#send({ push: "new_key", version: next.version, key: hex(next.key) });
    }
  }

  async #handshake(): Promise<ProvedTerminal> {
    const { bank: { world, terminals }, exchanges } = this.context;
    const { key, name } = await this.#channel.accept({
      find: (terminal, version) => terminals.find(terminal, version, world.nowMs()),
      inTurn: (exchange) => exchanges.run(exchange),
    });
    const connection = hex(world.randomBytes(16));
    return { id: hex(key.terminal), name, keyVersion: key.version, connection };
  }

  async #serveTerminal(terminal: ProvedTerminal): Promise<void> {
    const { live, lines, bank: { monitor } } = this.context;
    const requests = new Requests(
      this.context,
      terminal,
      (push) => this.#send(push),
      this.#channel,
    );
    this.#requests = requests;
    this.#replaceOlder(terminal);
    monitor.onConnected(terminal.id, terminal.name);
    try {
      await this.#settleKey(terminal);
      await lines?.enter(terminal, {
        isOpen: () => this.#channel.isOpen,
        onReplaced: () => this.#replaced(terminal),
      });
      for (;;) {
        const message = await this.#channel.receive();
        if (message === null) return; // ended by this end: for a newer connection, or when the server stops
        if (!(message instanceof Uint8Array)) return await this.end();
        if (!this.#keyStands(terminal)) throw new KeyEnded();
        const { id, ask } = parseRequest(message);
        monitor.onMessage(terminal.id);
        this.#isAnswering = true;
        await requests.answer(ask, (answer) => this.#send({ id, answer }, ask));
        this.#isAnswering = false;
        if (this.#isStopping && !requests.hasVisit) return await this.end();
      }
    } catch (error) {
      if (!(error instanceof KeyEnded)) throw error;
      await this.end("revoked");
    } finally {
      const isLast = live.get(terminal.id) === this;
      if (isLast) live.delete(terminal.id);
      monitor.onDisconnected(terminal.id, terminal.name, isLast);
      lines?.leave(terminal);
      this.close(); // closes first: a client must not wait for the log entry
      await requests.onDisconnected();
    }
  }

  /** Registers this connection as the terminal's live one, and ends an older one. */
  #replaceOlder(terminal: ProvedTerminal): void {
    const { live } = this.context;
    const older = live.get(terminal.id);
    live.set(terminal.id, this);
    if (older) older.#replaced(terminal);
  }

  /** Ends the connection because its terminal has a newer one, here or at another server. */
  #replaced({ id, name }: ProvedTerminal): void {
    if (this.#isReplaced) return;
    this.#isReplaced = true;
    const { bank } = this.context;
    this.end("replaced");
    const action = "connection replaced by a newer one of the same terminal";
    bank.ledger.submit(logCommand(`terminal ${name}`, action, { terminal: id }));
  }

  /**
   * Settles the terminal's key: a channel under the next key ends the present one; a channel under
   * the present key receives the next.
   */
  async #settleKey({ id, keyVersion }: ProvedTerminal): Promise<void> {
    const { bank } = this.context;
    if (bank.terminals.nextOf(id)?.version !== keyVersion) return this.onKeysChanged();
    if (await confirmKey(bank, id, keyVersion) === "terminal_revoked") throw new KeyEnded();
  }

  #keyStands({ id, keyVersion }: ProvedTerminal): boolean {
    const { world, terminals } = this.context.bank;
    return terminals.accepts(id, keyVersion, world.nowMs());
  }

  /** @param ask the request that it answers */
  #send(message: ServerMessage, ask?: Ask): void {
    this.#channel.send(encodeServerMessage(message), answerPlaintextBytesMin(ask));
  }
}
