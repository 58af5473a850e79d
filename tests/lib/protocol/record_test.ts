import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat, u32, u64, utf8 } from "../../../lib/bytes.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import {
  frameBytesMax,
  keyAgeGraceMs,
  keyAgeMsMax,
  plaintextSizeClassesBytes,
  silentMsMax,
} from "../../../lib/limits.ts";
import { type Frame, FrameReader, frameType } from "../../../lib/protocol/frame.ts";
import { nextTrafficSecret, trafficKeys } from "../../../lib/protocol/key_schedule.ts";
import {
  type Direction,
  fromClient,
  fromServer,
  type KeyLimits,
  RecordReceiver,
  RecordSender,
} from "../../../lib/protocol/record.ts";
import { open, seal, sealedLength } from "../../../lib/seal.ts";
import { countingBytes, eachBitFlipped, eachOtherLength, filled, shakeHands } from "../helpers.ts";

const { clientTraffic, serverTraffic } = shakeHands().client;
const nowMs = 1_000_000;
const roomy: KeyLimits = { records: 1_000, bytes: 2 ** 30, ageMs: 3_600_000 };

const sender = (limits?: KeyLimits) =>
  new RecordSender(fromClient, clientTraffic, nowMs, countingBytes(), limits);
const receiver = (limits?: KeyLimits) =>
  new RecordReceiver(fromClient, clientTraffic, nowMs, limits);

function framesOf(...parts: Uint8Array[]): Frame[] {
  const reader = new FrameReader(frameBytesMax);
  reader.push(concat(...parts));
  const frames: Frame[] = [];
  for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame);
  assert(reader.atBoundary);
  return frames;
}

const messages = ["one", "two", "three"].map(utf8);
const sent = (() => {
  const from = sender(roomy);
  return framesOf(...messages.map((message) => from.data(message, nowMs)), from.close());
})();

/** Asserts that the receiver takes these frames up to the last, and refuses that one and all later. */
function refusesLast(frames: Frame[], name: string): void {
  const to = receiver(roomy);
  for (const frame of frames.slice(0, -1)) to.open(frame, nowMs);
  assertThrows(() => to.open(frames.at(-1)!, nowMs), ProtocolError, undefined, name);
  for (const frame of sent) {
    assertThrows(() => to.open(frame, nowMs), ProtocolError, "dead channel", name);
  }
}

Deno.test("messages come out as they went in, in order, and then the close", () => {
  const to = receiver();
  assertEquals(sent.map((frame) => to.open(frame, nowMs)), [...messages, "close"]);
});

Deno.test("only the exact next record is taken; after anything else the channel is dead", () => {
  const [first, second, third, close] = sent as [Frame, Frame, Frame, Frame];
  const cases: Record<string, Frame[]> = {
    "the first again": [first, first],
    "an older one again": [first, second, first],
    "the second before the first": [second],
    "one left out": [first, third],
    "close too early": [first, close],
    "data after the close": [first, second, third, close, second],
    "the close again": [first, second, third, close, close],
  };
  for (const [name, frames] of Object.entries(cases)) refusesLast(frames, name);
});

Deno.test("a record is refused in its sender's own direction, under either key", () => {
  const back = new RecordReceiver(fromServer, serverTraffic, nowMs);
  assertThrows(() => back.open(sent[0]!, nowMs), ProtocolError, "record tag");
  const sameKeys = new RecordReceiver(fromServer, clientTraffic, nowMs);
  assertThrows(() => sameKeys.open(sent[0]!, nowMs), ProtocolError, "record tag");
});

Deno.test("a record of another session is refused", () => {
  const foreign = new RecordSender(fromClient, filled(0x33, 32), nowMs, countingBytes());
  refusesLast(framesOf(foreign.data(messages[0]!, nowMs)), "foreign");
});

Deno.test("every bit turned and every other length of a record is refused", () => {
  const [{ type, body }] = sent as [Frame];
  for (const spoiled of eachBitFlipped(body)) {
    assertThrows(
      () => receiver().open({ type, body: spoiled }, nowMs),
      ProtocolError,
      "record tag",
    );
  }
  for (const spoiled of eachOtherLength(body)) {
    assertThrows(
      () => receiver().open({ type, body: spoiled }, nowMs),
      ProtocolError,
      "record tag",
    );
  }
});

Deno.test("a record under any other type is refused", () => {
  const [{ body }] = sent as [Frame];
  for (let type = 0; type < 256; type++) {
    if (type === frameType.data) continue;
    assertThrows(() => receiver().open({ type, body }, nowMs), ProtocolError);
  }
});

Deno.test("any bytes after a handshake are refused", () => {
  fc.assert(fc.property(fc.nat(8), fc.uint8Array({ maxLength: 400 }), (type, body) => {
    assertThrows(() => receiver().open({ type, body }, nowMs), ProtocolError);
  }));
});

Deno.test("padding other than zeros to a size class is refused, under a tag that holds", () => {
  const keys = trafficKeys(clientTraffic);
  const firstAad = (type: number) => concat(Uint8Array.of(fromClient, type), filled(0, 8));
  const frame = (plaintext: Uint8Array, type: number = frameType.data) => ({
    type,
    body: seal(keys, filled(1, 16), firstAad(type), plaintext),
  });
  const plaintext = (length: number, size: number) => {
    const bytes = new Uint8Array(size);
    new DataView(bytes.buffer).setUint32(0, length);
    return bytes;
  };
  const dirty = plaintext(3, 304);
  dirty[303] = 1;
  const cases: Record<string, Frame> = {
    "no size class": frame(plaintext(3, 128)),
    "shorter than a length": frame(filled(0, 3)),
    empty: frame(filled(0, 0)),
    "one byte longer than its class": frame(plaintext(301, 304)),
    "as long as a number can be": frame(plaintext(0xffffffff, 304)),
    "something behind the message": frame(dirty),
    "a rekey with content": frame(plaintext(1, 304), frameType.rekey),
    "a close without a reason that there is": frame(plaintext(1, 304), frameType.close),
    "a close that is too long": frame(plaintext(2, 304), frameType.close),
  };
  for (const [name, spoiled] of Object.entries(cases)) {
    assertThrows(() => receiver().open(spoiled, nowMs), ProtocolError, "record ", name);
  }
  assertEquals(receiver().open(frame(plaintext(300, 304)), nowMs), filled(0, 300));
});

Deno.test("the length of a record reveals its size class alone", () => {
  const lengthOf = (bytes: number) => sender(roomy).data(filled(0x20, bytes), nowMs).length;
  const frameHead = 5;
  let smallest = 0;
  for (const size of plaintextSizeClassesBytes) {
    const largest = size - 4;
    const expected = frameHead + sealedLength(size);
    assertEquals([smallest, largest].map(lengthOf), [expected, expected], `class of ${size}`);
    smallest = largest + 1;
  }
  assertEquals(sender(roomy).close().length, lengthOf(0));
  assertEquals(sender(roomy).data(filled(0x20, 1), nowMs, 608).length, lengthOf(604));
  assertEquals(sender(roomy).data(filled(0x20, 605), nowMs, 608).length, lengthOf(605));
  const largestBody = sealedLength(plaintextSizeClassesBytes.at(-1)!);
  assert(largestBody <= frameBytesMax);
});

Deno.test("a message too long for any class is refused by its sender, whose keys stay", () => {
  const from = sender({ ...roomy, records: 2 }), to = receiver(roomy);
  assertThrows(() => from.data(filled(0, 65_533), nowMs), RangeError);
  const [rekey, data] = framesOf(from.data(messages[0]!, nowMs));
  assertEquals(to.open(rekey!, nowMs), null);
  assertEquals(to.open(data!, nowMs), messages[0]);
});

Deno.test("no two records are alike, though their messages are", () => {
  const from = sender(roomy);
  const bodies = framesOf(from.data(messages[0]!, nowMs), from.data(messages[0]!, nowMs));
  assertNotEquals(bodies[0]!.body.slice(16), bodies[1]!.body.slice(16));
});

Deno.test("every record opens with a fresh decipher and its own IV, through rekeys and pauses", () => {
  let secret: Uint8Array = clientTraffic, sequence = 0;
  const from = sender({ ...roomy, records: 40 });
  const lengths = [0, 124, 125, 380, 1_000, 8_188, 65_532];
  for (let count = 0; count < 2_000; count++) {
    const message = filled(count, lengths[count % (count % 50 ? 5 : 7)]!);
    if (count % 97 === 0) from.rest();
    for (const { type, body } of framesOf(from.data(message, nowMs))) {
      const aad = concat(Uint8Array.of(fromClient, type), u64(sequence++));
      const plaintext = open(trafficKeys(secret), aad, body)!;
      const content = type === frameType.rekey ? filled(0, 0) : message;
      const zeros = filled(0, plaintext.length - 4 - content.length);
      assertEquals(plaintext, concat(u32(content.length), content, zeros));
      if (type === frameType.rekey) secret = nextTrafficSecret(secret);
    }
  }
});

Deno.test("records of fresh ciphers with any IVs are opened, through rekeys and pauses", () => {
  let secret: Uint8Array = clientTraffic;
  const to = receiver();
  for (let sequence = 0; sequence < 500; sequence++) {
    const type = sequence % 40 === 39 ? frameType.rekey : frameType.data;
    const message = type === frameType.data ? utf8(`message ${sequence}`) : filled(0, 0);
    const plaintext = concat(u32(message.length), message, filled(0, 300 - message.length));
    const aad = concat(Uint8Array.of(fromClient, type), u64(sequence));
    const iv = crypto.getRandomValues(new Uint8Array(16));
    const body = seal(trafficKeys(secret), iv, aad, plaintext);
    if (sequence % 97 === 0) to.rest();
    assertEquals(to.open({ type, body }, nowMs), type === frameType.data ? message : null);
    if (type === frameType.rekey) secret = nextTrafficSecret(secret);
  }
});

Deno.test("keys turn before the records of a key run out, and messages go on through it", () => {
  const limits = { ...roomy, records: 5 };
  const from = sender(limits), to = receiver(limits);
  const types: number[] = [];
  const taken: unknown[] = [];
  for (let count = 0; count < 12; count++) {
    for (const frame of framesOf(from.data(Uint8Array.of(count), nowMs))) {
      types.push(frame.type);
      const message = to.open(frame, nowMs);
      if (message) taken.push((message as Uint8Array)[0]);
    }
  }
  assertEquals(taken, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  const { data, rekey } = frameType;
  assertEquals(types.slice(0, 8), [data, data, data, rekey, data, data, data, rekey]);
  const [close] = framesOf(from.close());
  assertEquals(to.open(close!, nowMs), "close");
});

Deno.test("keys turn by their bytes and by their age", () => {
  const byBytes = sender({ ...roomy, bytes: 4 * 65_600 });
  const big = filled(1, 60_000);
  const counts = [1, 2, 3].map(() => framesOf(byBytes.data(big, nowMs)).length);
  assertEquals(counts, [1, 1, 2]);
  const byAge = sender();
  const turnMs = nowMs + keyAgeMsMax - silentMsMax;
  assertEquals(framesOf(byAge.data(messages[0]!, turnMs - 1)).length, 1);
  assertEquals(framesOf(byAge.data(messages[0]!, turnMs)).length, 2);
  assertEquals(framesOf(byAge.data(messages[0]!, turnMs)).length, 1);
});

Deno.test("after a rekey, the key before opens nothing and the number goes on", () => {
  const from = sender({ ...roomy, records: 3 });
  const frames = framesOf(from.data(messages[0]!, nowMs), from.data(messages[1]!, nowMs));
  assertEquals(frames.map(({ type }) => type), [
    frameType.data,
    frameType.rekey,
    frameType.data,
  ]);
  const [first, rekey, second] = frames as [Frame, Frame, Frame];
  const missed = receiver(roomy);
  missed.open(first, nowMs);
  assertThrows(() => missed.open(second, nowMs), ProtocolError, "record tag");
  const to = receiver(roomy);
  to.open(first, nowMs);
  to.open(rekey, nowMs);
  assertThrows(() => to.open(first, nowMs), ProtocolError, "record tag");
});

Deno.test("a receiver refuses keys used for too many records, bytes or too long", () => {
  const from = sender(roomy);
  const frames = framesOf(...[1, 2, 3].map(() => from.data(messages[0]!, nowMs)));
  const bodyBytes = frames[0]!.body.length;
  const cases: [string, KeyLimits, number][] = [
    ["records", { ...roomy, records: 2 }, nowMs],
    ["bytes", { ...roomy, bytes: 3 * bodyBytes - 1 }, nowMs],
    ["age", { ...roomy, ageMs: 1_000 }, nowMs + 1_000 + keyAgeGraceMs + 1],
  ];
  for (const [name, limits, lastMs] of cases) {
    const to = receiver(limits);
    to.open(frames[0]!, nowMs);
    to.open(frames[1]!, nowMs);
    assertThrows(() => to.open(frames[2]!, lastMs), ProtocolError, "keys used too long", name);
  }
});

Deno.test("a sender sends nothing after its close", () => {
  const from = sender(roomy);
  from.close();
  assertThrows(() => from.data(messages[0]!, nowMs), Error, "after a close");
  assertThrows(() => from.close(), Error, "after a close");
});

Deno.test("a server's close carries how the session ended; a client's carries nothing", () => {
  for (const ending of ["close", "revoked", "replaced"] as const) {
    const close = (direction: Direction) =>
      framesOf(new RecordSender(direction, clientTraffic, 0, countingBytes()).close(ending))[0]!;
    const open = (direction: Direction) =>
      new RecordReceiver(direction, clientTraffic, 0).open(close(direction), nowMs);
    assertEquals(open(fromServer), ending);
    if (ending === "close") assertEquals(open(fromClient), ending);
    else assertThrows(() => open(fromClient), ProtocolError, "record content");
  }
});

/**
 * Returns all that a receiver makes of a stream that comes in these chunks; "refused" is the one
 * error.
 */
function received(chunks: Iterable<Uint8Array>): unknown[] {
  const reader = new FrameReader(frameBytesMax), to = receiver(roomy);
  const opened: unknown[] = [];
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let frame; (frame = reader.next());) opened.push(to.open(frame, nowMs));
    }
  } catch (error) {
    assert(error instanceof ProtocolError);
    opened.push("refused");
  }
  return opened;
}

Deno.test("records say the same however their stream is split, spoiled or whole", () => {
  fc.assert(fc.property(
    fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }),
    fc.array(fc.nat(2_000), { maxLength: 6 }),
    fc.option(fc.tuple(fc.nat(2_000), fc.integer({ min: 1, max: 255 }))),
    (sent, places, spoil) => {
      const from = sender(roomy);
      const stream = concat(...sent.map((message) => from.data(message, nowMs)), from.close());
      if (spoil) stream[spoil[0] % stream.length]! ^= spoil[1];
      const whole = received([stream]);
      if (!spoil) assertEquals(whole, [...sent.map((one) => new Uint8Array(one)), "close"]);
      else assert(whole.length <= sent.length + 1 && whole.at(-1) !== "close");
      const ends = [...places.map((place) => place % stream.length), stream.length];
      ends.sort((a, b) => a - b);
      const pieces = ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end));
      assertEquals(received(pieces), whole);
      assertEquals(received([...stream].map((byte) => Uint8Array.of(byte))), whole);
    },
  ));
});

Deno.test("any plaintext under a tag that holds gives a message or the one error", () => {
  const keys = trafficKeys(clientTraffic);
  const { data, rekey, close } = frameType;
  const length = fc.oneof(fc.constantFrom(0, 1, 2, 123, 124, 125, 128), fc.nat(0xffffffff));
  const size = fc.constantFrom(0, 3, 4, 112, 127, 128, 129, 1_024);
  fc.assert(fc.property(
    fc.constantFrom(data, rekey, close),
    length,
    size,
    fc.uint8Array({ maxLength: 8 }),
    (type, claimed, bytes, content) => {
      const plaintext = new Uint8Array(bytes);
      if (bytes >= 4) new DataView(plaintext.buffer).setUint32(0, claimed);
      plaintext.set(content.subarray(0, Math.max(0, bytes - 4)), Math.min(4, bytes));
      const aad = concat(Uint8Array.of(fromClient, type), filled(0, 8));
      const body = seal(keys, filled(1, 16), aad, plaintext);
      try {
        const opened = receiver().open({ type, body }, nowMs);
        if (opened instanceof Uint8Array) assertEquals(opened, plaintext.slice(4, 4 + claimed));
      } catch (error) {
        assert(error instanceof ProtocolError);
      }
    },
  ));
});
