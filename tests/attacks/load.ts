/**
 * Load from outside: an honest ATM at work while strangers do their worst at the bank's door, each
 * kind by itself. Prints the ATM's p50 and p99 before and during, in one run, and what an
 * unauthenticated connection costs the bank in memory. The bank is a process of its own.
 *
 *     deno task test:load
 */
import { BankClient, type Line } from "../../client/bank_client.ts";
import { handshakeFrameBytesMax, handshakesPendingMax } from "../../lib/limits.ts";
import { concat, u32 } from "../../lib/bytes.ts";
import { randomBytes } from "../../server/bank.ts";
import { header } from "../server/helpers/proxy.ts";
import { newId } from "../server/helpers/running_bank.ts";
import { BankProcess } from "./bank_process.ts";
import { helloUnder } from "./strangers.ts";

/** A kind of stranger: does it until told to stop. */
export interface Storm {
  readonly name: string;
  readonly run: (bank: BankProcess, signal: AbortSignal) => Promise<void>;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Reaches the bank from this address, as its balancer says. Strangers come from all over the world,
 * so that no limit by address helps against them.
 */
async function connectFrom(address: Uint8Array, bank: BankProcess): Promise<Deno.TcpConn> {
  const socket = await Deno.connect(bank.address);
  socket.setNoDelay();
  await socket.write(header(0x21, 0x11, concat(address, new Uint8Array(8))));
  return socket;
}

const honestAddress = Uint8Array.of(192, 0, 2, 1);
const connectFromAnywhere = (bank: BankProcess) => connectFrom(randomBytes(4), bank);

function closeQuietly(socket: Deno.TcpConn): void {
  try {
    socket.close();
  } catch {
    // the bank was faster
  }
}

/** So many strangers at once, each doing the same again and again. */
function many(
  count: number,
  act: (socket: Deno.TcpConn, signal: AbortSignal, turn: number) => Promise<unknown>,
): Storm["run"] {
  return async (bank, signal) => {
    await Promise.all(Array.from({ length: count }, async (_, stranger) => {
      for (let turn = stranger; !signal.aborted; turn++) {
        const socket = await connectFromAnywhere(bank).catch(() => null);
        if (!socket) await pause(10);
        else {
          await act(socket, signal, turn).catch(() => {});
          closeQuietly(socket);
        }
      }
    }));
  };
}

const untilClosed = (socket: Deno.TcpConn) => socket.read(new Uint8Array(256));

export const storms: Storm[] = [
  {
    name: "slow writers: a byte each 50 ms",
    run: many(200, async (socket, signal) => {
      const bytes = concat(u32(handshakeFrameBytesMax), randomBytes(handshakeFrameBytesMax));
      for (const byte of bytes) {
        if (signal.aborted) return;
        await socket.write(Uint8Array.of(byte));
        await pause(50);
      }
    }),
  },
  {
    name: "half frames, then silence",
    run: many(200, async (socket, signal) => {
      await socket.write(concat(u32(130), Uint8Array.of(1), randomBytes(60)));
      for (let waits = 0; waits < 20 && !signal.aborted; waits++) await pause(25);
    }),
  },
  {
    name: "length fields of every size",
    run: many(32, async (socket, _, turn) => {
      await socket.write(concat(u32(turn < 600 ? turn : 2 ** (turn % 32)), randomBytes(40)));
      await socket.closeWrite();
      await untilClosed(socket);
    }),
  },
  { name: "connect and close", run: many(32, () => Promise.resolve()) },
  {
    name: "wrong binders",
    run: many(32, async (socket) => {
      const { terminal, bank } = { terminal: randomBytes(16), bank: randomBytes(16) };
      await socket.write(helloUnder({ terminal, bank, version: 1, key: randomBytes(32) }));
      await untilClosed(socket);
    }),
  },
  {
    name: "replayed hellos, as fast as they go",
    run: async (bank, signal) => {
      const hello = helloUnder(bank.keys.replayed);
      await many(32, async (socket) => {
        await socket.write(hello);
        await untilClosed(socket);
      })(bank, signal);
    },
  },
];

/** So many sockets that say nothing; opened again where the bank closes them. */
export function idle(count: number): Storm {
  return {
    name: `${count} idle connections`,
    run: many(count, async (socket, signal) => {
      signal.addEventListener("abort", () => closeQuietly(socket), { once: true });
      await untilClosed(socket);
      if (!signal.aborted) await pause(1_000); // at once would be a storm of connects
    }),
  };
}

/** Bytes of the bank's memory that one connection costs which says nothing. */
async function memoryOfIdle(bank: BankProcess, count: number): Promise<number> {
  const before = await bank.memory();
  const sockets = [];
  for (let opened = 0; opened < count; opened++) sockets.push(await connectFromAnywhere(bank));
  await pause(500);
  const after = await bank.memory();
  sockets.forEach(closeQuietly);
  return (after - before) / count;
}

/** What an honest ATM's requests take, in milliseconds, until told to stop: each a durable movement. */
async function work(client: BankClient, untilMs: number): Promise<number[]> {
  const times: number[] = [];
  while (performance.now() < untilMs) {
    const sinceMs = performance.now();
    const cent = { movement: newId(), amount: "1", currency: "EUR" };
    const { outcome } = await client.ask({ op: "load_cash", ...cent });
    if (outcome !== "ok") throw new Error(`the honest ATM was answered ${outcome}`);
    times.push(performance.now() - sinceMs);
    await pause(2);
  }
  return times;
}

export function percentile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * part)]!;
}

/** The ATM's times before the storm and during it; throws when its line does not outlive it. */
export async function weather(
  bank: BankProcess,
  { name, run }: Storm,
  ms: number,
  report: (line: string) => void,
): Promise<void> {
  const line: Line = {
    connect: () => connectFrom(honestAddress, bank),
    terminalKey: bank.keys.honest,
    randomBytes,
    nowMs: Date.now,
  };
  const client = await BankClient.connect(line);
  const before = await work(client, performance.now() + ms);
  const stopping = new AbortController();
  const storm = run(bank, stopping.signal);
  const during = await work(client, performance.now() + ms);
  stopping.abort();
  await storm;
  await client.close();
  const row = (times: number[]) =>
    `p50 ${percentile(times, 0.5).toFixed(1)} p99 ${percentile(times, 0.99).toFixed(1)} ms`;
  report(`${name}: before ${row(before)}, during ${row(during)}, ${during.length} movements`);
}

if (import.meta.main) {
  const bank = await BankProcess.start();
  for (const storm of storms) await weather(bank, storm, 3_000, console.log);
  await weather(bank, idle(10_000), 8_000, console.log);
  await bank.stop();
  // The same with a door that lets all of them in, for as long as a handshake may take.
  const wide = await BankProcess.start(true);
  const each = await memoryOfIdle(wide, 5_000);
  await weather(wide, idle(10_000), 8_000, (line) => console.log(`without limits: ${line}`));
  await wide.stop();
  console.log(
    `an unauthenticated connection costs ${(each / 1_024).toFixed(1)} KiB of memory; ` +
      `there are at most ${handshakesPendingMax} at once`,
  );
}
