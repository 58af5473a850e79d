import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat, u32 } from "../../../lib/bytes.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { encodeFrame, type Frame, FrameReader } from "../../../lib/protocol/frame.ts";
import { filled } from "../helpers.ts";

/** Returns every frame there is in these chunks, as values that outlive the reader's buffer. */
function readAll(reader: FrameReader, chunks: Iterable<Uint8Array>): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let frame = reader.next(); frame; frame = reader.next()) {
      frames.push({ type: frame.type, body: frame.body.slice() });
    }
  }
  return frames;
}

/** Returns the bytes cut at these places. */
function cutAt(bytes: Uint8Array, places: number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length];
  ends.sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const anyFrame = fc.record({
  type: fc.nat(255),
  body: fc.uint8Array({ maxLength: 64 }).map((body) => new Uint8Array(body)),
});

Deno.test("frames come out as they went in, wherever the stream is split", () => {
  fc.assert(fc.property(
    fc.array(anyFrame, { maxLength: 8 }),
    fc.array(fc.nat(600)),
    (frames, places) => {
      const bytes = concat(...frames.map(({ type, body }) => encodeFrame(type, body)));
      const reader = new FrameReader(64);
      assertEquals(readAll(reader, cutAt(bytes, places)), frames);
      assert(reader.atBoundary);
    },
  ));
});

Deno.test("any bytes give the same frames or the one error, whole, split or byte by byte", () => {
  const outcomeOf = (chunks: Uint8Array[]) => {
    const frames: Frame[] = [];
    try {
      const reader = new FrameReader(16);
      for (const chunk of chunks) frames.push(...readAll(reader, [chunk]));
      return { frames, ended: reader.atBoundary };
    } catch (error) {
      assert(error instanceof ProtocolError);
      return "refused";
    }
  };
  const bytesLikeFrames = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(
      fc.tuple(fc.nat(20), fc.uint8Array({ maxLength: 20 })).map(([length, body]) =>
        concat(u32(length), body)
      ),
      { maxLength: 4 },
    ).map((parts) => concat(...parts)),
  );
  fc.assert(fc.property(bytesLikeFrames, fc.array(fc.nat(60)), (bytes, places) => {
    const whole = outcomeOf([bytes]);
    assertEquals(outcomeOf(cutAt(bytes, places)), whole);
    assertEquals(outcomeOf([...bytes].map((byte) => Uint8Array.of(byte))), whole);
  }));
});

Deno.test("a length of zero and one beyond the limit are refused, before the body comes", () => {
  for (const length of [0, 258, 259, 0x7fffffff, 0x80000000, 0xffffffff]) {
    const reader = new FrameReader(256);
    reader.push(u32(length));
    assertThrows(() => reader.next(), ProtocolError, "frame length", `${length}`);
  }
  const reader = new FrameReader(256);
  reader.push(encodeFrame(1, filled(0, 256)));
  assertEquals(reader.next()!.body.length, 256);
});

Deno.test("a limit raised between two frames of one chunk serves the second", () => {
  const bytes = concat(encodeFrame(1, filled(1, 8)), encodeFrame(4, filled(2, 100)));
  const reader = new FrameReader(8);
  reader.push(bytes);
  assertEquals(reader.next()!.type, 1);
  reader.bodyBytesMax = 100;
  assertEquals(reader.next()!.body.length, 100);
  const strict = new FrameReader(8);
  strict.push(bytes);
  strict.next();
  assertThrows(() => strict.next(), ProtocolError);
});

Deno.test("a stream that ends inside a frame is not at a boundary", () => {
  const bytes = encodeFrame(4, filled(7, 20));
  for (let length = 1; length < bytes.length; length++) {
    const reader = new FrameReader(20);
    assertEquals(readAll(reader, [bytes.subarray(0, length)]), []);
    assert(!reader.atBoundary, `${length} bytes`);
  }
});

Deno.test("what the reader was given may be overwritten afterwards", () => {
  const reader = new FrameReader(20);
  const chunk = encodeFrame(4, filled(7, 20));
  reader.push(chunk);
  chunk.fill(0);
  assertEquals(reader.next(), { type: 4, body: filled(7, 20) });
});

Deno.test("a reader never holds more than one frame of its limit, whatever comes", () => {
  const limit = 32, header = 5;
  fc.assert(fc.property(
    fc.array(fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(limit + 1).map((length) => concat(u32(length), filled(4, length))),
      fc.nat().map((length) => u32(length)),
    )),
    (chunks) => {
      const reader = new FrameReader(limit);
      try {
        for (const chunk of chunks) {
          readAll(reader, [new Uint8Array(chunk)]);
          assert(reader.heldBytes < header + limit);
        }
      } catch (error) {
        assert(error instanceof ProtocolError);
      }
    },
  ));
});

Deno.test("a frame that comes byte by byte costs as many steps as it has bytes", () => {
  const bytes = encodeFrame(4, filled(7, 66_000));
  const reader = new FrameReader(66_000);
  for (const byte of bytes) {
    assertEquals(reader.next(), null);
    reader.push(Uint8Array.of(byte));
  }
  assertEquals(reader.next(), { type: 4, body: filled(7, 66_000) });
  assert(reader.atBoundary);
});

Deno.test("a socket fills the reader's buffer, which is used again and is no larger than needed", () => {
  const reader = new FrameReader(66_000);
  const read = (bytes: Uint8Array) => {
    const room = reader.room(64);
    room.set(bytes);
    reader.took(bytes.length);
    return room.buffer;
  };
  const short = encodeFrame(4, filled(1, 20));
  const buffer = read(short);
  assertEquals(reader.next(), { type: 4, body: filled(1, 20) });
  assertEquals(read(short.subarray(0, 10)) === buffer, true);
  read(short.subarray(10));
  assertEquals(reader.next(), { type: 4, body: filled(1, 20) });
  const long = encodeFrame(4, filled(2, 60_000));
  for (let at = 0; at < long.length; at += 64) read(long.subarray(at, at + 64));
  assertEquals(reader.next()!.body.length, 60_000);
  assertEquals(read(short).byteLength, 64);
});
