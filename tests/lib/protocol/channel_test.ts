import { assert, assertEquals, assertRejects } from "@std/assert";
import { textOf, utf8 } from "../../../lib/bytes.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import type { Kem } from "../../../lib/kem.ts";
import { cipherIdleMsMax, closeMsMax, outgoingBytesMax } from "../../../lib/limits.ts";
import { countingCiphers } from "../count_ciphers.ts";
import { countingBytes, terminalKey } from "../helpers.ts";
import { toyKem } from "../toy_kem.ts";
import { endingsAfterRecords, endingsInHandshake, exchange } from "./endings.ts";
import { connected, proved, server, settled, Time } from "./ends.ts";

Deno.test("both ends prove themselves, then messages go in both directions until a close", async () => {
  const { client, bank, near, far } = await proved(new Time());
  client.send(utf8("question"));
  bank.send(utf8("answer"));
  assertEquals(textOf(await bank.receive() as Uint8Array), "question");
  assertEquals(textOf(await client.receive() as Uint8Array), "answer");
  client.finish();
  bank.send(utf8("late")); // the end that closes first still takes what comes
  assertEquals(await bank.receive(), "close");
  await bank.end("replaced");
  assertEquals(textOf(await client.receive() as Uint8Array), "late");
  assertEquals(await client.receive(), "replaced");
  client.close();
  await Promise.all([client.closed, bank.closed]);
  assert(near.isClosed && far.isClosed);
});

Deno.test("a terminal that is not known, and one that stops being known, is not proved", async () => {
  for (const knownTimes of [0, 1]) {
    const { client, bank } = connected(new Time());
    let left = knownTimes;
    const find = () => ({ known: left-- > 0, key: terminalKey });
    const accepted = assertRejects(() => bank.accept({ ...server, find }), ProtocolError);
    accepted.then(() => bank.close());
    if (knownTimes === 0) {
      await assertRejects(() => client.connect(terminalKey), ProtocolError, "server hello");
    } else await client.connect(terminalKey);
    await accepted;
  }
});

Deno.test("a KEM that fails at either end ends the connection, and the peer gets no reason", async () => {
  const broken: Kem = {
    newKey: async () => ({
      ...await toyKem(countingBytes()).newKey(),
      decapsulate: () => Promise.reject(new Error("a reason")),
    }),
    encapsulate: () => Promise.reject(new Error("a reason")),
  };
  const bad = connected(new Time(), {}, { bank: broken });
  let written = 0;
  bad.far.write = (bytes) => (written++, Promise.resolve(bytes.length));
  const refused = assertRejects(() => bad.bank.accept(server), ProtocolError, "client KEM key");
  refused.then(() => bad.bank.close());
  await assertRejects(() => bad.client.connect(terminalKey), ProtocolError, "server hello");
  assertEquals(written, 0);
  const { client, bank } = connected(new Time(), {}, { client: broken });
  const cut = assertRejects(() => bank.accept(server), ProtocolError, "client finish");
  const ciphertext = () => client.connect(terminalKey);
  await assertRejects(ciphertext, ProtocolError, "server KEM ciphertext");
  client.close();
  await cut;
});

Deno.test("nothing is sent before the handshake, nor after the close", async () => {
  const { client, bank, near } = await proved(new Time());
  let written = 0;
  const write = near.write.bind(near);
  near.write = (bytes) => (written++, write(bytes));
  client.finish();
  client.send(utf8("too late"));
  client.finish();
  await settled();
  assertEquals(written, 1);
  assertEquals(await bank.receive(), "close");
  const unproved = connected(new Time());
  unproved.client.send(utf8("too early"));
  await unproved.client.end();
  await assertRejects(() => unproved.bank.accept(server), ProtocolError, "client hello");
});

Deno.test("a stream that ends without a close was cut", async () => {
  const { client, bank, near } = await proved(new Time());
  near.close();
  await assertRejects(() => bank.receive(), ProtocolError, "stream truncated");
  await assertRejects(() => client.receive(), ProtocolError, "stream truncated");
});

Deno.test("a deadline closes the socket, and one timer serves all deadlines", async () => {
  const time = new Time();
  const { bank } = await proved(time, { silentMsMax: 1_000 });
  const { client } = await proved(time);
  client.closeAfter(500);
  for (let count = 0; count < 100; count++) client.closeAfter(1_000);
  assertEquals([time.timersSet, time.timers.size], [1, 1]);
  await time.pass(999);
  assert(client.isOpen);
  await time.pass(1);
  assert(!client.isOpen);
  await client.closed;
  assertEquals(time.timers.size, 0);
  assert(bank.isOpen, "silence counts only once a message is waited for");
  const silent = assertRejects(() => bank.receive(), ProtocolError, "no frame in time");
  await time.pass(1_000);
  await silent;
});

Deno.test("a call after a while shares the timer: it comes once, unless it is cancelled or the end was before", async () => {
  const time = new Time();
  const { client } = await proved(time);
  const calls: string[] = [];
  client.closeAfter(1_000);
  client.after(2_000, () => calls.push("never: closed before"));
  const cancel = client.after(500, () => calls.push("never: cancelled"));
  assertEquals(time.timers.size, 1);
  cancel();
  client.after(600, () => {
    calls.push("first");
    client.after(100, () => calls.push("second"));
  });
  cancel();
  await time.pass(599);
  assertEquals(calls, []);
  await time.pass(1);
  await time.pass(100);
  assertEquals([calls, time.timers.size], [["first", "second"], 1]);
  await time.pass(300);
  assert(!client.isOpen);
  client.after(0, () => calls.push("never: closed"));
  await time.pass(5_000);
  assertEquals([calls, time.timers.size], [["first", "second"], 0]);
});

Deno.test("a whole frame ends the silence; a deadline that is taken back closes nothing", async () => {
  const time = new Time();
  const { client, bank } = await proved(time, { silentMsMax: 1_000 });
  client.closeAfter(1_500);
  for (let count = 0; count < 3; count++) {
    const received = bank.receive();
    await time.pass(600);
    client.send(utf8("here"));
    assert(await received instanceof Uint8Array);
    client.closeAfter(Infinity);
  }
  assert(client.isOpen && bank.isOpen);
  client.closeAfter(0);
  await time.pass(0);
  assert(!client.isOpen);
});

Deno.test("a peer that does not read delays an end by a bounded time, and takes bounded memory", async () => {
  const time = new Time();
  const slow = await proved(time);
  slow.far.isStuck = true;
  slow.bank.send(utf8("stuck"));
  const ended = slow.bank.end();
  await time.pass(closeMsMax - 1);
  assert(!slow.far.isClosed);
  await time.pass(1);
  assert(slow.far.isClosed);
  slow.far.isStuck = false;
  const stuck = await proved(time);
  stuck.far.isStuck = true;
  const message = new Uint8Array(60_000);
  for (let count = 0; count < outgoingBytesMax / 65_600 - 1; count++) stuck.bank.send(message);
  assert(!stuck.far.isClosed);
  const received = stuck.bank.receive();
  stuck.bank.send(message);
  assert(stuck.far.isClosed);
  await assertRejects(() => received, ProtocolError, "messages not read");
  await Promise.race([ended, settled()]);
});

Deno.test("what arrived before an end is not acted on after it", async () => {
  const { client, bank } = await proved(new Time());
  client.send(utf8("first"));
  client.send(utf8("second"));
  assertEquals(textOf(await bank.receive() as Uint8Array), "first");
  const ended = bank.end();
  assertEquals(await bank.receive(), null);
  await ended;
});

for (const [name, end] of Object.entries(endingsInHandshake)) {
  Deno.test(`a handshake that does not end makes no ciphers and keeps no timer: ${name}`, () =>
    countingCiphers(async (held) => {
      const time = new Time();
      await end(connected(time));
      assertEquals([held(), time.timers.size], [0, 0]);
    }));
}

for (const [name, end] of Object.entries(endingsAfterRecords)) {
  Deno.test(`ciphers are made at the first record and freed at the end: ${name}`, () =>
    countingCiphers(async (held) => {
      const time = new Time();
      const ends = await proved(time);
      assertEquals(held(), 0);
      ends.client.send(utf8("question"));
      await ends.bank.receive();
      assertEquals(held(), 2);
      await exchange(ends, 3);
      assertEquals(held(), 4);
      await end(ends);
      assertEquals(held(), 0);
      assertEquals(time.timers.size, 0);
    }));
}

Deno.test("ciphers are freed after a silence, and records go on after it", () =>
  countingCiphers(async (held) => {
    const time = new Time();
    const { client, bank } = await proved(time);
    const deliver = async () => {
      client.send(utf8("message"));
      assertEquals(textOf(await bank.receive() as Uint8Array), "message");
    };
    await deliver();
    await time.pass(cipherIdleMsMax - 1);
    await deliver();
    await time.pass(cipherIdleMsMax - 1);
    assertEquals(held(), 2, "a record restarts the time");
    await time.pass(1);
    assertEquals([held(), time.timers.size], [0, 0]);
    await deliver();
    assertEquals(held(), 2);
    [client, bank].forEach((end) => end.close());
  }));
