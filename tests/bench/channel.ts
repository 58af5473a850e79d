/**
 * The channel compared with TLS 1.3 of the same runtime: handshakes and what they cost the server, and
 * messages of three sizes sent there and back; below both, what bare TCP and X25519 alone take.
 */
import { u32 } from "../../lib/bytes.ts";
import { system } from "../../lib/system.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import type { Bench } from "./harness.ts";
import type { Reach } from "./load/bank_program.ts";
import { connectBank } from "./load/connect_bank.ts";
import { type EchoKind, type EchoReach, endOf } from "./load/echo_program.ts";
import { openssl } from "./load/openssl.ts";
import { OpensslPsk } from "./load/openssl_psk.ts";
import { type ProcessorUse, Program } from "./load/program.ts";

const programOf = (name: string) => new URL(`./load/${name}_program.ts`, import.meta.url).href;
const hostname = "127.0.0.1";
/** Handshakes, and connections, at once. */
const width = 16;
const sizesBytes = [128, 1_024, 16_000];

export async function benchChannel(bench: Bench): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const bank = await Program.start<Reach>(programOf("bank"), [`${folder}/bank`, width]);
    const echoes: Partial<Record<EchoKind, Program<EchoReach, void, void>>> = {};
    try {
      for (const kind of ["tcp", "tls", "records"] as const) {
        echoes[kind] = await Program.start<EchoReach>(programOf("echo"), [kind, folder]);
      }
      await benchHandshakes(bench, bank, echoes.tls!);
      await benchFloor(bench);
      for (const size of sizesBytes) await benchRecords(bench, size, echoes as Echoes);
    } finally {
      for (const program of [bank, ...Object.values(echoes)]) await program.stop();
    }
  });
}

type Echoes = Record<EchoKind, Program<EchoReach, void, void>>;

async function benchHandshakes(
  bench: Bench,
  bank: Program<Reach, void, void>,
  tls: Program<EchoReach, void, void>,
): Promise<void> {
  const count = bench.size(1_500, 60);
  await bench.median(
    { id: "channel.x25519", unit: "shared secrets/s of OpenSSL" },
    () => x25519PerSecond(bench.size(2, 1)),
  );
  const ways = {
    tls: { server: tls, connect: () => connectTls(tls.ready) },
    channel: { server: bank, connect: (index: number) => connectBank(bank.ready, index) },
  };
  for (const [name, { server, connect }] of Object.entries(ways)) {
    const costs: number[] = [];
    // the runtime is busy for seconds with the connections of the way before, and an ATM would give up
    await system.kem.newKey();
    const to = name === "tls" ? null : "channel.tls.handshakes";
    const id = name === "tls" ? "channel.tls" : "channel";
    await bench.median({ id: `${id}.handshakes`, unit: "handshakes/s", to }, async () => {
      const before = used(server);
      const startMs = performance.now();
      let left = count;
      await Promise.all(Array.from({ length: width }, async (_, index) => {
        while (left-- > 0) await (await connect(index)).close();
      }));
      const seconds = (performance.now() - startMs) / 1_000;
      costs.push((used(server) - before) / count);
      return count / seconds;
    });
    await bench.each(
      {
        id: `${id}.handshake.server`,
        unit: "µs of the server",
        to: to && "channel.tls.handshake.server",
      },
      costs,
    );
  }
}

const used = ({ processorUse: { mainUs, othersUs } }: { processorUse: ProcessorUse }) =>
  mainUs + othersUs;

/**
 * Returns what a handshake with a shared key and X25519 costs OpenSSL, whose server does nothing
 * else.
 */
async function benchFloor(bench: Bench): Promise<void> {
  const openssl = await OpensslPsk.start();
  try {
    const count = bench.size(300, 60);
    await bench.median({
      id: "channel.openssl.handshake.server",
      unit: "µs of OpenSSL's server, with a shared key",
      to: "channel.tls.handshake.server",
    }, async () => {
      const before = used(openssl);
      for (let done = 0; done < count; done++) await openssl.handshake();
      return (used(openssl) - before) / count;
    });
  } finally {
    await openssl.stop();
  }
}

async function connectTls({ port, certificate }: EchoReach): Promise<Deno.TlsConn> {
  const socket = await Deno.connectTls({ hostname, port, caCerts: [certificate] });
  await socket.handshake();
  return socket;
}

/** Messages of one size, there and back, one at a time on each of some connections. */
async function benchRecords(bench: Bench, size: number, echoes: Echoes): Promise<void> {
  const count = bench.size(Math.min(20_000, 64_000_000 / size), 100);
  const message = system.randomBytes(size);
  for (const kind of ["tcp", "tls", "records"] as const) {
    const { ready: { port, certificate } } = echoes[kind];
    const ends = await Promise.all(Array.from({ length: width }, async () => {
      const socket = kind === "tls"
        ? await Deno.connectTls({ hostname, port, caCerts: [certificate] })
        : await Deno.connect({ hostname, port });
      if (kind !== "tls") (socket as Deno.TcpConn).setNoDelay();
      const end = endOf(kind, socket, false);
      await end.send(u32(size));
      return { ...end, socket };
    }));
    const name = kind === "records" ? "channel.records" : `channel.${kind}`;
    await bench.median({
      id: `${name}.${size}`,
      unit: "messages/s there and back",
      to: kind === "tcp" ? null : kind === "tls" ? `channel.tcp.${size}` : `channel.tls.${size}`,
    }, async () => {
      let left = count;
      const startMs = performance.now();
      await Promise.all(ends.map(async (end) => {
        while (left-- > 0) {
          await end.send(message);
          if (await end.receive(size) === null) throw new Error(`the ${kind} echo has ended`);
        }
      }));
      return count / ((performance.now() - startMs) / 1_000);
    });
    for (const { socket } of ends) socket.close();
  }
}

/** Returns how often a core can do what neither side of any such handshake can do without. */
async function x25519PerSecond(seconds: number): Promise<number> {
  const args = ["speed", "-seconds", String(seconds), "-mr", "ecdhx25519"];
  const { stdout } = await openssl(args, { stdout: "piped" }).output();
  const [, each] = /^\+F5:\d+:\d+:([\d.]+):/m.exec(new TextDecoder().decode(stdout)) ?? [];
  return Number(each);
}
