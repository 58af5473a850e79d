/** Strangers who storm the bank's door, each kind separately. */
import { connect } from "node:net";
import { concat, u32 } from "../../lib/bytes.ts";
import { handshakeFrameBytesMax } from "../../lib/limits.ts";
import type { TerminalKey } from "../../lib/terminal_key.ts";
import { system } from "../../lib/system.ts";
import { header } from "../server/helpers/proxy.ts";
import { helloUnder } from "./strangers.ts";

/** Where the bank is, and a terminal's key with which a hello was made that somebody overheard. */
export interface Target {
  readonly address: { hostname: string; port: number };
  readonly overheard: TerminalKey;
}

/** A kind of stranger: does it until its thread is ended. */
export interface Storm {
  readonly name: string;
  readonly run: (bank: Target) => Promise<void>;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Reaches the bank from this address, as its balancer says. Strangers come from all over the world,
 * so that no limit by address helps against them.
 */
export async function connectFrom(
  address: Uint8Array,
  bank: Pick<Target, "address">,
): Promise<Deno.TcpConn> {
  const socket = await Deno.connect(bank.address);
  socket.setNoDelay();
  await socket.write(header(0x21, 0x11, concat(address, new Uint8Array(8))));
  return socket;
}

export const connectFromAnywhere = (bank: Pick<Target, "address">) =>
  connectFrom(system.randomBytes(4), bank);

/** Connects and resets: the reset is often there before the bank accepts the connection. */
export function reset({ hostname, port }: Target["address"]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, hostname, () => {
      socket.resetAndDestroy();
      resolve();
    });
    socket.on("error", () => resolve());
  });
}

export function closeQuietly(socket: Deno.TcpConn): void {
  try {
    socket.close();
  } catch {
    // the bank was faster
  }
}

/** Starts many strangers at once, each doing the same again and again. */
function many(
  count: number,
  act: (socket: Deno.TcpConn, turn: number) => Promise<unknown>,
  begin: () => Promise<unknown> = () => Promise.resolve(),
): Storm["run"] {
  return async (bank) => {
    await Promise.all(Array.from({ length: count }, async (_, stranger) => {
      await begin();
      for (let turn = stranger;; turn++) {
        const socket = await connectFromAnywhere(bank).catch(() => null);
        if (!socket) await pause(10);
        else {
          await act(socket, turn).catch(() => {});
          closeQuietly(socket);
        }
      }
    }));
  };
}

const idleOpenedPerMs = 2.5;
const untilClosed = (socket: Deno.TcpConn) => socket.read(new Uint8Array(256));

export const storms: Storm[] = [
  {
    name: "slow writers: a byte each 50 ms",
    run: many(200, async (socket) => {
      const bytes = concat(u32(handshakeFrameBytesMax), system.randomBytes(handshakeFrameBytesMax));
      for (const byte of bytes) {
        await socket.write(Uint8Array.of(byte));
        await pause(50);
      }
    }),
  },
  {
    name: "half frames, then silence",
    run: many(200, async (socket) => {
      await socket.write(concat(u32(130), Uint8Array.of(1), system.randomBytes(60)));
      await pause(500);
    }),
  },
  {
    name: "length fields of every size",
    run: many(32, async (socket, turn) => {
      await socket.write(concat(u32(turn < 600 ? turn : 2 ** (turn % 32)), system.randomBytes(40)));
      await socket.closeWrite();
      await untilClosed(socket);
    }),
  },
  { name: "connect and close", run: many(32, () => Promise.resolve()) },
  {
    name: "300 resets a second",
    run: async ({ address }) => {
      for (;;) {
        await pause(10);
        for (let count = 0; count < 3; count++) reset(address);
      }
    },
  },
  {
    name: "wrong binders",
    run: many(32, async (socket) => {
      const { terminal, bank } = { terminal: system.randomBytes(16), bank: system.randomBytes(16) };
      await socket.write(helloUnder({ terminal, bank, version: 1, key: system.randomBytes(32) }));
      await untilClosed(socket);
    }),
  },
  {
    name: "replayed hellos, as fast as they go",
    run: async (bank) => {
      const hello = helloUnder(bank.overheard);
      await many(32, async (socket) => {
        await socket.write(hello);
        await untilClosed(socket);
      })(bank);
    },
  },
  idle(1_500),
  idle(10_000),
];

/**
 * Starts many sockets that say nothing, opened one after the other, and again ten seconds after the
 * bank has closed one: sooner would be a storm of connects.
 */
function idle(count: number): Storm {
  let opened = 0;
  return {
    name: `${count} idle connections`,
    run: many(count, async (socket) => {
      await untilClosed(socket);
      await pause(10_000);
    }, () => pause(opened++ / idleOpenedPerMs)),
  };
}
