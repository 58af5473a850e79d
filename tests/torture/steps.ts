/**
 * Lines between an ATM, its devices and its bank, on which each message is a step: a test may stop the
 * world there. Messages that only ask for the devices' state, and those of the card reader, are no steps.
 */
import { writeAll } from "../../lib/http.ts";
import { connectMessages, connectTcp, listenTcp, messagesOf } from "../../lib/system.ts";
import type { MessageSocket, Socket } from "../../lib/world.ts";
import { standard } from "../client/reference_messages.ts";

const questions =
  /^(?:CardReader\..*|Common\.(?:Status|Capabilities)|Storage\.GetStorage|ServicePublisher\.GetServices|CashManagement\.GetBankNoteTypes|CashAcceptor\.GetCashInStatus)$/;

/** Counts the messages on all lines while it is armed. */
export class Steps {
  /** What each step was. */
  readonly taken: string[] = [];
  #armed = false;
  #at = -1;
  #blow: () => Promise<void> = () => Promise.resolve();

  /**
   * Counts from now on.
   * @param at the step, from 0, before which `blow` is dealt; -1 for none
   */
  arm(at = -1, blow = this.#blow): void {
    this.taken.length = 0;
    this.#armed = true;
    this.#at = at;
    this.#blow = blow;
  }

  disarm(): void {
    this.#armed = false;
  }

  /** Waits at a step until its blow is dealt. */
  async pass(step: string): Promise<void> {
    if (!this.#armed) return;
    const index = this.taken.push(step) - 1;
    if (index === this.#at) await this.#blow();
  }
}

/** A line between two programs. */
export interface Relay {
  port: number;
  close(): Promise<void>;
}

/** Relays the connections of ATMs to their bank. */
export function relayToBank(bankPort: number, steps: Steps): Relay {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const sockets = new Set<Socket>();
  const pump = async (from: Socket, to: Socket, step: string) => {
    const buffer = new Uint8Array(16_384);
    for (let count; (count = await from.read(buffer)) !== null;) {
      await steps.pass(step);
      await writeAll(to, buffer.subarray(0, count));
    }
  };
  const serve = async (atm: Socket) => {
    sockets.add(atm);
    try {
      const bank = await connectTcp("127.0.0.1", bankPort);
      sockets.add(bank);
      const ways = [pump(atm, bank, "to the bank"), pump(bank, atm, "from the bank")];
      await Promise.race(ways).finally(() => {
        atm.close();
        bank.close();
        sockets.delete(bank);
      });
      await Promise.allSettled(ways);
    } catch {
      atm.close(); // one of both has died
    }
    sockets.delete(atm);
  };
  const accepting = (async () => {
    for (;;) {
      const accepted = await listener.accept().catch(() => null);
      if (accepted === null) return;
      void serve(accepted);
    }
  })();
  return {
    port: Number(listener.address.split(":")[1]),
    async close() {
      listener.close();
      await accepting;
      for (const socket of sockets) socket.close();
    },
  };
}

/** Relays the connections of ATMs to a service of devices, which then names the relay's address. */
export function relayToDevices(devicesPort: number, steps: Steps): Relay {
  const sockets = new Set<MessageSocket>();
  const nameOf = (text: string) => {
    const { header, payload } = JSON.parse(text);
    if (header.type !== "command" && header.type !== "completion") return null;
    // with a nonce it is the device's proof
    const isQuestion = questions.test(header.name) || header.name.endsWith("GetPresentStatus") &&
        header.type === "command" && !payload?.nonce ||
      header.name.endsWith("GetPresentStatus") && header.type === "completion" && !payload?.token;
    return isQuestion ? null : `${header.type === "command" ? ">" : "<"} ${header.name}`;
  };
  const pump = async (from: MessageSocket, to: MessageSocket, change: (text: string) => string) => {
    for (let text; (text = await from.receive()) !== null;) {
      const step = nameOf(text);
      if (step !== null) await steps.pass(step);
      to.send(change(text));
    }
    from.close();
    to.close();
  };
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, async (request) => {
    if (request.headers.get("upgrade") === null) return new Response(null, { status: 400 });
    const { pathname } = new URL(request.url);
    const [theirs, ours] = [devicesPort, server.addr.port].map((port) => `127.0.0.1:${port}`);
    const messages = await connectMessages(`ws://${theirs}${pathname}`).catch(() => null);
    if (messages === null) return new Response(null, { status: 502 });
    const { socket, response } = Deno.upgradeWebSocket(request);
    const ends = [standard(messagesOf(socket), "devices"), standard(messages, "ATM")] as const;
    const [atm, devices] = ends;
    for (const end of ends) sockets.add(end);
    void Promise.all([
      pump(atm, devices, (text) => text),
      pump(devices, atm, (text) => text.replaceAll(theirs!, ours!)),
    ]).finally(() => ends.forEach((end) => sockets.delete(end)));
    return response;
  });
  return {
    port: server.addr.port,
    async close() {
      for (const socket of sockets) socket.close();
      await server.shutdown();
    },
  };
}
