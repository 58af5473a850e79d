import { assert, assertEquals, assertRejects } from "@std/assert";
import { BankClient, NoAnswer } from "../../../client/bank_client.ts";
import { concat, u32 } from "../../../lib/bytes.ts";
import { handshakeFrameBytesMax, visitIdleMsMax } from "../../../lib/limits.ts";
import type { Socket } from "../../../lib/world.ts";
import { encodeFrame, FrameReader, frameType } from "../../../lib/protocol/frame.ts";
import { createClientHello } from "../../../lib/protocol/handshake.ts";
import type { TerminalKey } from "../../../lib/terminal_key.ts";
import { connectTcp, system } from "../../../lib/system.ts";
import { filled } from "../../lib/helpers.ts";
import { onEachBank, readToEnd, RunningBank } from "../helpers/running_bank.ts";

const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const { publicKey: kemKey } = await system.kem.newKey();

function helloFrame(key: TerminalKey): Uint8Array {
  const fresh = { nonce: system.randomBytes(32), shareSecret: system.randomBytes(32), kemKey };
  return encodeFrame(frameType.clientHello, createClientHello(key, fresh).bytes);
}

onEachBank(
  "a peer that is no terminal of this bank gets a close and nothing else",
  (withBank) =>
    withBank(async (running) => {
      const { lobby } = running.keys;
      const good = helloFrame(lobby);
      const otherVersion = good.slice();
      otherVersion[4 + 1 + 12] = "0".charCodeAt(0);
      const strangers: Record<string, Uint8Array> = {
        "an unknown terminal": helloFrame({ ...lobby, terminal: system.randomBytes(16) }),
        "a wrong key": helloFrame({ ...lobby, key: system.randomBytes(32) }),
        "another bank": helloFrame({ ...lobby, bank: system.randomBytes(16) }),
        "an old key version": helloFrame({ ...lobby, version: 0 }),
        "another terminal's key": helloFrame({ ...lobby, terminal: running.keys.mall.terminal }),
        "another protocol version": otherVersion,
        "a spoiled binder": good.with(good.length - 1, good.at(-1)! ^ 1),
        "half a frame": good.subarray(0, 60),
        "half a length": good.subarray(0, 2),
        "a frame too short": encodeFrame(frameType.clientHello, good.subarray(5, -1)),
        "a finish before the hello": encodeFrame(frameType.clientFinish, filled(0, 32)),
        "data before the hello": encodeFrame(frameType.data, filled(0, 64)),
        "an unknown type": encodeFrame(99, good.subarray(5)),
        "a length of zero": u32(0),
        "a length beyond the limit": u32(handshakeFrameBytesMax + 2),
        "the largest length": u32(0xffffffff),
        "a web browser": new TextEncoder().encode("GET / HTTP/1.1\r\nHost: bank\r\n\r\n"),
        "random bytes": system.randomBytes(500),
      };
      assertEquals(await running.answerTo(), new Uint8Array(0), "nothing: not counted");
      for (const [name, bytes] of Object.entries(strangers)) {
        assertEquals(await running.answerTo(bytes), new Uint8Array(0), name);
      }
      assertEquals(await (await running.connect()).outcomeOf({ op: "hello" }), "ok");
      await running.reopen();
      const count = Object.keys(strangers).length;
      const refused = (await running.entries()).filter((entry) => entry.includes("refuse"));
      assertEquals(refused, [
        `bank | refuse ${count} connections from 127.0.0.1 - not a terminal of this bank failed - wrong credentials`,
      ]);
    }),
);

Deno.test("a hello gets one answer; a wrong finish, or another hello, gets a close", () =>
  RunningBank.with(async (running) => {
    const hello = helloFrame(running.keys.lobby);
    const endings: Record<string, Uint8Array> = {
      "a wrong finish": encodeFrame(frameType.clientFinish, filled(0, 32)),
      "an empty finish": encodeFrame(frameType.clientFinish, new Uint8Array(0)),
      "another hello": hello,
      "data instead": encodeFrame(frameType.data, filled(0, 64)),
      "data too long for a handshake": encodeFrame(frameType.data, filled(0, 1_000)),
    };
    for (const [name, ending] of Object.entries(endings)) {
      const frames = new FrameReader(handshakeFrameBytesMax);
      frames.push(await running.answerTo(hello, ending));
      assertEquals(frames.next()?.type, frameType.serverHello, name);
      assertEquals(frames.next(), null, name);
      assert(frames.atBoundary, name);
    }
  }));

onEachBank(
  "a replayed hello, or a whole replayed session, never displaces a live session",
  (withBank) =>
    withBank(async (running) => {
      const sent: Uint8Array[] = [];
      const atm = await running.connect(running.keys.lobby, sent);
      assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
      const socket = await Deno.connect(running.address);
      await socket.write(sent[0]!);
      await socket.read(new Uint8Array(500)); // the server's hello: the replayer waits with its finish
      assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
      socket.close();
      const frames = new FrameReader(handshakeFrameBytesMax);
      frames.push(await running.answerTo(concat(...sent)));
      assertEquals([frames.next()?.type, frames.next()], [frameType.serverHello, null]);
      assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
      assert(!(await running.entries()).some((entry) => entry.includes("replaced")));
    }),
);

onEachBank(
  "of two connections of one terminal the newer wins, which is logged",
  (withBank) =>
    withBank(async (running) => {
      const older = await running.visit("alice");
      const newer = await running.connect();
      assertEquals(await older.client.ended, "replaced", "the reason comes on the channel alone");
      await assertRejects(() => older.ask({ op: "touch" }), NoAnswer);
      assertEquals(await newer.outcomeOf({ op: "hello" }), "ok");
      assertEquals(await newer.outcomeOf({ op: "touch" }), "not_logged_in");
      const other = await running.connect(running.keys.mall);
      assertEquals(await newer.outcomeOf({ op: "hello" }), "ok");
      assertEquals(await other.outcomeOf({ op: "hello" }), "ok");
      await running.reopen();
      const entries = await running.entries();
      const action = "connection replaced by a newer one of the same terminal";
      assert(entries.includes(`terminal lobby | ${action}`));
      assert(entries.includes("alice | log out - connection lost"));
    }),
);

Deno.test("a connection that no longer reads does not keep the newer one waiting", () =>
  RunningBank.with(async (running) => {
    let reads = true;
    const socket = await Deno.connect(running.address);
    const deaf = await BankClient.connect({
      connect: () =>
        Promise.resolve({
          read: async (into) => {
            const count = await socket.read(into);
            return reads ? count : await new Promise<null>(() => {});
          },
          write: (bytes) => socket.write(bytes),
          close: () => socket.close(),
        }),
      terminalKey: running.keys.lobby,
      world: system,
    });
    assertEquals((await deaf.ask({ op: "hello" })).outcome, "ok");
    reads = false;
    const newer = await running.connect();
    assertEquals(await newer.outcomeOf({ op: "hello" }), "ok");
    socket.close();
  }));

Deno.test("a record that is not the next one ends the connection without an answer", () =>
  RunningBank.with(async (running) => {
    const { address } = running;
    for (const spoil of ["replayed", "spoiled", "unknown", "too long"]) {
      const sent: Uint8Array[] = [];
      let raw: Socket | undefined;
      const client = await BankClient.connect({
        connect: async () => {
          const socket = raw = await connectTcp(address.hostname, address.port);
          return {
            read: (into) => socket.read(into),
            write: (bytes) => (sent.push(bytes.slice()), socket.write(bytes)),
            close: () => socket.close(),
          };
        },
        terminalKey: running.keys.lobby,
        world: system,
      });
      assertEquals((await client.ask({ op: "hello" })).outcome, "ok");
      const record = sent.at(-1)!;
      await raw!.write(
        spoil === "replayed"
          ? record
          : spoil === "spoiled"
          ? record.with(40, record[40]! ^ 1)
          : spoil === "unknown"
          ? encodeFrame(7, record.subarray(5))
          : u32(1 << 20),
      );
      await client.ended;
    }
    await running.reopen();
    const why = running.log.map((line) => line.replace("a terminal's connection ended: ", ""));
    assertEquals(why, ["record tag", "record tag", "record type", "frame length"]);
  }));

Deno.test("a close in order differs from a cut", () =>
  RunningBank.with(async (running) => {
    const orderly = await running.connect();
    await orderly.client.close();
    assertEquals(await orderly.client.ended, "close");
    const { address } = running;
    let socket: Socket | undefined;
    const cut = await BankClient.connect({
      connect: async () => socket = await connectTcp(address.hostname, address.port),
      terminalKey: running.keys.mall,
      world: system,
    });
    assertEquals((await cut.ask({ op: "hello" })).outcome, "ok");
    socket!.close();
    assertEquals(await cut.ended, "cut");
    for (let tries = 0; tries < 500 && running.log.length === 0; tries++) await delay(10);
    assertEquals(running.log, ["a terminal's connection ended: stream truncated"]);
  }));

Deno.test("a stranger that stays silent does not hold up the bank's stop", () =>
  RunningBank.with(async (running) => {
    const socket = await Deno.connect(running.address);
    const hello = await Deno.connect(running.address);
    await hello.write(helloFrame(running.keys.lobby));
    await hello.read(new Uint8Array(500));
    await running.reopen();
    assertEquals(await readToEnd(socket), new Uint8Array(0));
    socket.close();
    hello.close();
    assertEquals(await (await running.connect()).outcomeOf({ op: "hello" }), "ok");
  }));

Deno.test("a visit without requests is ended by the bank on the connection, which stays", () =>
  RunningBank.with(async (running) => {
    const due = new Set<() => void>();
    let passedMs = 0;
    Object.assign(running.bank.world, {
      monotonicMs: () => system.monotonicMs() + passedMs,
      after: (_: number, act: () => void) => {
        due.add(act);
        return () => due.delete(act);
      },
    });
    const pass = (ms: number) => {
      passedMs += ms;
      const acts = [...due];
      due.clear();
      acts.forEach((act) => act());
    };
    const atm = await running.visit("alice");
    pass(visitIdleMsMax / 2);
    assertEquals(await atm.outcomeOf({ op: "touch" }), "ok");
    pass(visitIdleMsMax - 1_000);
    assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
    pass(1_000);
    assertEquals(await atm.outcomeOf({ op: "touch" }), "not_logged_in");
    assertEquals(await atm.pushed(1), [{ push: "visit_ended", reason: "idle" }]);
    assert((await running.entries()).includes("alice | log out - idle"));
  }));
