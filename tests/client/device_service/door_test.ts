/** The door of a device service: what one address can take of its connections. */
import { assertEquals } from "@std/assert";
import { openDoor } from "../../../client/device_service/door.ts";
import { utf8 } from "../../../lib/bytes.ts";
import { deviceConnectionsMax, deviceConnectionsPerAddressMax } from "../../../lib/limits.ts";
import { system } from "../../../lib/system.ts";
import type { AcceptedSocket, Socket, SocketListener } from "../../../lib/world.ts";

/** A connection in memory: reads what it was given, then waits until it is closed. */
class Line implements AcceptedSocket {
  isClosed = false;
  readonly #closed = Promise.withResolvers<null>();
  #said: Uint8Array | null;

  constructor(readonly address: string, said: string) {
    this.#said = said === "" ? null : utf8(said);
  }

  read(into: Uint8Array): Promise<number | null> {
    const said = this.#said;
    if (!said) return this.#closed.promise;
    this.#said = null;
    into.set(said);
    return Promise.resolve(said.length);
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.isClosed = true;
    this.#closed.resolve(null);
  }
}

/** A door whose HTTP server accepts every WebSocket. */
class Door {
  readonly #waiting: AcceptedSocket[] = [];
  #wake = Promise.withResolvers<void>();
  #isClosed = false;
  readonly close: () => Promise<void>;

  constructor() {
    const listener: SocketListener = {
      address: "memory",
      accept: async () => {
        while (this.#waiting.length === 0 && !this.#isClosed) await this.#wake.promise;
        return this.#waiting.shift() ?? null;
      },
      close: () => {
        this.#isClosed = true;
        this.#wake.resolve();
      },
    };
    const server = (): Socket => new Line("", "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    const connect = () => Promise.resolve(server());
    this.close = openDoor({ listener, world: system, connect, log() {} });
  }

  async admit(address: string, count: number, said: string): Promise<Line[]> {
    const lines = Array.from({ length: count }, () => new Line(address, said));
    for (const line of lines) {
      this.#waiting.push(line);
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
      await new Promise<void>((resolve) => setTimeout(resolve));
    }
    return lines;
  }
}

const openOf = (lines: readonly Line[]) => lines.filter(({ isClosed }) => !isClosed).length;

const webSocket = "GET /xfs4iot/v1.0 HTTP/1.1\r\nupgrade: websocket\r\n\r\n";

Deno.test("one address cannot take the connections of a device service", async () => {
  const door = new Door();
  try {
    const max = deviceConnectionsPerAddressMax;
    assertEquals(openOf(await door.admit("192.0.2.1", 2, webSocket)), 2, "the ATM");
    assertEquals(openOf(await door.admit("192.0.2.66", deviceConnectionsMax, webSocket)), max);
    assertEquals(openOf(await door.admit("192.0.2.1", 2, webSocket)), 2, "the ATM again");
    assertEquals(openOf(await door.admit("192.0.2.66", 1, webSocket)), 0, "still full");
  } finally {
    await door.close();
  }
});

Deno.test("silent connections make room for a WebSocket of the same address first", async () => {
  const door = new Door();
  try {
    const max = deviceConnectionsPerAddressMax;
    const other = await door.admit("192.0.2.7", 1, "");
    assertEquals(openOf(await door.admit("192.0.2.1", max, "")), max);
    // Each that is refused makes room for the next.
    assertEquals(openOf(await door.admit("192.0.2.1", 4, webSocket)), 2);
    assertEquals(openOf(other), 1, "another address");
  } finally {
    await door.close();
  }
});
