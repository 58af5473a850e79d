/** The bank's door, over real sockets: what strangers cost, and what they cannot take from terminals. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { BankClient, NoAnswer } from "../../../client/bank_client.ts";
import { concat } from "../../../lib/bytes.ts";
import { encodeFrame, frameType } from "../../../lib/protocol/frame.ts";
import { createClientHello } from "../../../lib/protocol/handshake.ts";
import { connectTcp, listenTcp, system } from "../../../lib/system.ts";
import { listen, type Listener } from "../../../server/door/listener.ts";
import { until } from "../../client/branch.ts";
import { filled } from "../../lib/helpers.ts";
import { header } from "../helpers/proxy.ts";
import { newId, onEachBank, passwords, readToEnd, RunningBank } from "../helpers/running_bank.ts";

const nothing = new Uint8Array(0);
const from = (lastByte: number) =>
  header(0x21, 0x11, Uint8Array.of(192, 0, 2, lastByte, 10, 0, 0, 1, 1, 1, 2, 2));

const { publicKey: kemKey } = await system.kem.newKey();

function helloFrame(running: RunningBank): Uint8Array {
  const fresh = { nonce: system.randomBytes(32), shareSecret: system.randomBytes(32), kemKey };
  const { bytes } = createClientHello(running.keys.lobby, fresh);
  return encodeFrame(frameType.clientHello, bytes);
}

/** Returns an honest ATM behind a balancer that gives its address. */
function connectFrom(running: RunningBank, lastByte: number): Promise<BankClient> {
  return BankClient.connect({
    connect: async () => {
      const socket = await Deno.connect(running.address);
      await socket.write(from(lastByte));
      return socket;
    },
    terminalKey: running.keys.lobby,
    world: system,
  });
}

Deno.test("who fails too often is turned away unheard; a session from the same address goes on", () =>
  RunningBank.with(async (running) => {
    const atm = await running.connect();
    for (let tries = 0; tries < 5; tries++) await running.answerTo(filled(0, 10));
    await assertRejects(() => running.connect(running.keys.mall), NoAnswer);
    assertEquals(await running.answerTo(helloFrame(running)), nothing);
    assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
  }, { limits: { failures: 5, failuresPerMinute: 0 } }));

onEachBank(
  "limits count the address that a balancer's header gives",
  (withBank) =>
    withBank(async (running) => {
      for (let tries = 0; tries < 3; tries++) {
        assertEquals(await running.answerTo(from(7), filled(0, 10)), nothing);
      }
      await assertRejects(() => connectFrom(running, 7), NoAnswer);
      const client = await connectFrom(running, 8);
      assertEquals((await client.ask({ op: "hello" })).outcome, "ok");
      // A check of the balancer's own costs nobody anything.
      for (let tries = 0; tries < 9; tries++) {
        assertEquals(await running.answerTo(header(0x20, 0, nothing)), nothing);
      }
      assertEquals(await running.answerTo(helloFrame(running)), nothing, "no header");
      await client.close();
      await running.reopen();
      const refused = (await running.entries()).filter((entry) => entry.includes("refuse "));
      assertEquals(refused.length, 1);
      assert(refused[0]!.includes("refuse 3 connections from 192.0.2.7"));
    }, { proxies: ["127.0.0.1"], limits: { failures: 3, failuresPerMinute: 0 } }),
);

Deno.test("a balancer's callers without an address are counted as one, with the balancer's", () =>
  RunningBank.with(async (running) => {
    const unspecified = header(0x21, 0x00, nothing);
    for (let tries = 0; tries < 3; tries++) {
      assertEquals(await running.answerTo(unspecified, filled(0, 10)), nothing);
    }
    const { length } = await running.answerTo(header(0x20, 0x00, nothing), helloFrame(running));
    assert(length > 0, "the balancer's own connection is under no limit");
    assertEquals(await running.answerTo(unspecified, helloFrame(running)), nothing);
    await (await connectFrom(running, 7)).close();
    await running.reopen();
    const refused = (await running.entries()).filter((entry) => entry.includes("refuse "));
    assertEquals(refused.length, 1);
    assert(refused[0]!.includes("refuse 3 connections from 127.0.0.1"));
  }, { proxies: ["127.0.0.1"], limits: { failures: 3, failuresPerMinute: 0 } }));

for (const proxy of ["::ffff:127.0.0.1", "::ffff:7f00:1"]) {
  Deno.test(`a balancer is recognised by its address, which may be written ${proxy}`, () =>
    RunningBank.with(async (running) => {
      const client = await connectFrom(running, 7);
      assertEquals((await client.ask({ op: "hello" })).outcome, "ok");
      await client.close();
    }, { proxies: [proxy] }));
}

Deno.test("a header from anyone else is no header", () =>
  RunningBank.with(async (running) => {
    assertEquals(await running.answerTo(concat(from(7), helloFrame(running))), nothing);
    await assertRejects(() => connectFrom(running, 7), NoAnswer);
  }, { proxies: ["192.0.2.1"] }));

Deno.test("a flood of replayed hellos costs one exchange each at most, and takes nothing from a session", () =>
  RunningBank.with(async (running) => {
    const atm = await running.connect();
    const hello = helloFrame(running);
    const answers = Promise.all(Array.from({ length: 200 }, () => running.answerTo(hello)));
    for (let count = 0; count < 50; count++) {
      assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
    }
    const lengths = (await answers).map(({ length }) => length);
    assert(lengths.every((length) => length === 0 || length === 1_189), `${lengths}`);
    const answered = (await answers).filter(({ length }) => length > 0);
    assert(answered.length > 0);
    for (const [name, at] of [["nonce", 5], ["share", 37], ["ciphertext", 69]] as const) {
      const values = new Set(answered.map((bytes) => bytes.slice(at, at + 32).toHex()));
      assertEquals(values.size, answered.length, `no two answers have the same ${name}`);
    }
    assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
  }, { limits: { failures: Infinity } }));

Deno.test("an ATM that finds the queue of exchanges full is not counted as a stranger", () =>
  RunningBank.with(async (running) => {
    for (let tries = 0; tries < 5; tries++) await assertRejects(() => running.connect(), NoAnswer);
    await running.answerTo(filled(0, 10));
    await running.reopen();
    const refused = (await running.entries()).filter((entry) => entry.includes("refuse"));
    assertEquals(refused, [
      "bank | refuse 1 connection from 127.0.0.1 - not a terminal of this bank failed - wrong credentials",
    ]);
  }, { exchangesMax: 0, limits: { failures: 2, failuresPerMinute: 0 } }));

Deno.test("connections beyond a limit are closed at once, and places come free again", () =>
  RunningBank.with(async (running) => {
    const silent = await Promise.all(
      Array.from({ length: 3 }, () => Deno.connect(running.address)),
    );
    const late = await Deno.connect(running.address);
    assertEquals(await readToEnd(late), nothing);
    late.close();
    for (const socket of silent) socket.close();
    await until("a place is free", async () => {
      try {
        await (await running.connect()).client.close();
        return true;
      } catch {
        return false;
      }
    });
  }, { limits: { pendingPerSource: 3 } }));

Deno.test("addresses that take every place and hold it do not keep an ATM out", () =>
  RunningBank.with(async (running) => {
    const silent: Deno.TcpConn[] = [];
    for (const lastByte of [1, 2, 3, 4, 1, 2, 3, 4]) {
      const socket = await Deno.connect(running.address);
      await socket.write(from(lastByte));
      silent.push(socket);
    }
    const client = await connectFrom(running, 9);
    assertEquals((await client.ask({ op: "hello" })).outcome, "ok");
    // Coming again takes only from those who have the most, and never from who has proved itself.
    for (let tries = 0; tries < 20; tries++) {
      const socket = await Deno.connect(running.address);
      await socket.write(from(1 + tries % 4));
      silent.push(socket);
    }
    assertEquals((await client.ask({ op: "hello" })).outcome, "ok");
    await client.close();
    for (const socket of silent) socket.close();
  }, { proxies: ["127.0.0.1"], limits: { pending: 8, pendingPerSource: 4 } }));

function addressOf(listener: Listener): [hostname: string, port: number] {
  const [hostname, port] = listener.address.split(":");
  return [hostname!, Number(port)];
}

/** Runs with a second listener of the bank, and an ATM on it. */
async function withListener(
  running: RunningBank,
  run: (listener: Listener, client: BankClient) => Promise<void>,
  door = listenTcp({ hostname: "127.0.0.1", port: 0, sharePort: false }),
): Promise<void> {
  const listener = await listen(running.bank, { listener: door });
  const client = await BankClient.connect({
    connect: () => connectTcp(...addressOf(listener)),
    terminalKey: running.keys.lobby,
    world: system,
  });
  await run(listener, client);
  await client.close();
}

Deno.test("a connection that is closed since its answers are not read has that reason in the log", () =>
  RunningBank.with(async (running) => {
    let isStuck = false;
    const door = listenTcp({ hostname: "127.0.0.1", port: 0 });
    const stuck = {
      address: door.address,
      close: () => door.close(),
      async accept() {
        const socket = await door.accept();
        return socket && {
          address: socket.address,
          read: (into: Uint8Array) => socket.read(into),
          write: (bytes: Uint8Array) =>
            isStuck ? new Promise<number>(() => {}) : socket.write(bytes),
          close: () => socket.close(),
        };
      },
    };
    await withListener(running, async (listener, client) => {
      assertEquals((await client.ask({ op: "hello" })).outcome, "ok");
      isStuck = true;
      const answers = Array.from({ length: 2_000 }, () => client.ask({ op: "hello" }));
      await Promise.allSettled(answers);
      await listener.close();
      assertEquals(running.log, ["a terminal's connection ended: messages not read"]);
    }, stuck);
  }));

onEachBank(
  "a server that stops answers the request under way first",
  (withBank) =>
    withBank((running) =>
      withListener(running, async (listener, client) => {
        const { ledger } = running.bank;
        const arrived = Promise.withResolvers<void>();
        const held = Promise.withResolvers<void>();
        const submit = ledger.submit.bind(ledger);
        ledger.submit = async (command) => {
          if (command.op === "void") {
            arrived.resolve();
            await held.promise;
          }
          return await submit(command);
        };
        const answer = client.ask({ op: "void", movement: newId() });
        await arrived.promise;
        const closed = listener.close();
        held.resolve();
        assertEquals((await answer).outcome, "ok");
        await closed;
      })
    ),
);

onEachBank(
  "a server that stops lets a visit end, and ends idle connections at once",
  (withBank) =>
    withBank((running) =>
      withListener(running, async (listener, client) => {
        const logIn = { op: "log_in", username: "alice", password: passwords.alice } as const;
        assertEquals((await client.ask(logIn)).outcome, "ok");
        const closed = listener.close();
        await assertRejects(() => connectTcp(...addressOf(listener)));
        assertEquals((await client.ask({ op: "touch" })).outcome, "ok");
        assertEquals((await client.ask({ op: "log_out", reason: "customer" })).outcome, "ok");
        await assertRejects(() => client.ask({ op: "hello" }), NoAnswer);
        await closed;
      })
    ),
);
