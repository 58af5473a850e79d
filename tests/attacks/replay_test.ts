/** Whole sessions and old replies played again, to the bank and to ATMs, while the terminal is at work. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { BankClient, NoAnswer } from "../../client/bank_client.ts";
import { concat } from "../../lib/bytes.ts";
import { frameBytesMax } from "../../lib/limits.ts";
import { FrameReader, frameType } from "../../lib/protocol/frame.ts";
import { connectTcp, system } from "../../lib/system.ts";
import { newId, onEachBank, readToEnd, RunningBank } from "../server/helpers/running_bank.ts";
import { Middle, type TappedLine } from "./middle.ts";

/** Sessions of the lobby's terminal, each of which books one cent, as an eavesdropper has them. */
async function record(running: RunningBank, count: number): Promise<TappedLine[]> {
  const middle = new Middle(running.address);
  for (let session = 0; session < count; session++) {
    const client = await BankClient.connect({
      connect: middle.connect,
      terminalKey: running.keys.lobby,
      world: system,
    });
    const cent = { movement: newId(), amount: "1", currency: "EUR" };
    assertEquals((await client.ask({ op: "load_cash", ...cent })).outcome, "ok");
    await client.close();
  }
  await middle.close();
  return middle.lines;
}

/** Plays these frames to the bank, each after the answer to the one before, if there is one. */
async function playSlowly(running: RunningBank, frames: Uint8Array[]): Promise<Uint8Array> {
  const socket = await Deno.connect(running.address);
  const received: Uint8Array[] = [];
  try {
    const chunk = new Uint8Array(500);
    await socket.write(frames[0]!);
    received.push(chunk.slice(0, await socket.read(chunk) ?? 0));
    for (const frame of frames.slice(1)) await socket.write(frame).catch(() => {});
    received.push(await readToEnd(socket));
  } finally {
    socket.close();
  }
  return concat(...received);
}

function typesOf(bytes: Uint8Array): number[] {
  const reader = new FrameReader(frameBytesMax);
  reader.push(bytes);
  const types = [];
  for (let frame; (frame = reader.next());) types.push(frame.type);
  assert(reader.atBoundary);
  return types;
}

onEachBank(
  "a session played again gets one hello and nothing else, and books nothing",
  (withBank) =>
    withBank(async (running) => {
      const sessions = await record(running, 12);
      const atm = await running.connect();
      const before = await running.bank.ledger.read.accounts();
      let cases = 0;
      for (const { sent } of sessions) {
        const [hello, finish, ...records] = sent.client as [Uint8Array, Uint8Array, Uint8Array];
        const plays = [
          running.answerTo(concat(...sent.client)),
          playSlowly(running, sent.client),
          playSlowly(running, [hello, ...records]),
          playSlowly(running, [hello, finish, finish, ...records]),
          playSlowly(running, [hello, sent.server[0]!, ...records]),
        ];
        for (const received of await Promise.all(plays)) {
          assertEquals(typesOf(received), [frameType.serverHello]);
          assert(
            !received.slice(5).toHex().includes(sent.server[0]!.slice(5, 37).toHex()),
            "a nonce",
          );
          cases++;
        }
        for (const nothing of [concat(finish, ...records), concat(...records), sent.server[0]!]) {
          assertEquals(await running.answerTo(nothing), new Uint8Array(0));
          cases++;
        }
      }
      assertEquals(await running.bank.ledger.read.accounts(), before);
      assertEquals(await atm.outcomeOf({ op: "hello" }), "ok", "the live session stays");
      assert(!(await running.entries()).some((entry) => entry.includes("replaced")));
      console.log(`${cases} cases`);
    }, { limits: { failures: Infinity } }),
);

Deno.test("a bank's old replies, played to an ATM, get its hello and nothing else", () =>
  RunningBank.with(async (running) => {
    const sessions = await record(running, 12);
    let cases = 0;
    for (const { sent } of sessions) {
      const [hello, ...records] = sent.server as [Uint8Array, Uint8Array];
      for (const play of [sent.server, [hello], records, [hello, hello], [sent.client[0]!]]) {
        const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
        const { hostname, port } = listener.addr as Deno.NetAddr;
        const impostor = listener.accept().then(async (socket) => {
          const chunk = new Uint8Array(500);
          const first = chunk.slice(0, await socket.read(chunk) ?? 0);
          await socket.write(concat(...play)).catch(() => {});
          const rest = await readToEnd(socket);
          socket.close();
          return concat(first, rest);
        });
        const line = {
          connect: () => connectTcp(hostname, port),
          terminalKey: running.keys.lobby,
          world: system,
        };
        await assertRejects(() => BankClient.connect(line), NoAnswer);
        assertEquals(typesOf(await impostor), [frameType.clientHello]);
        listener.close();
        cases++;
      }
    }
    console.log(`${cases} cases`);
  }, { limits: { failures: Infinity } }));
