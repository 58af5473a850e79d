/** Frames: `u32 length || u8 type || body`, where length counts type and body. */
import { type Bytes, concat, noBytes, putU32, readU32 } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";

/** Frame types; the number is the byte on the wire. */
export const frameType = {
  clientHello: 1,
  serverHello: 2,
  clientFinish: 3,
  data: 4,
  rekey: 5,
  close: 6,
} as const;

export interface Frame {
  readonly type: number;
  readonly body: Uint8Array;
}

const headerBytes = 4;

/** Encodes a frame. */
export function encodeFrame(type: number, body: Uint8Array): Bytes {
  return concat(frameHead(type, body.length), body);
}

/** Encodes the part of a frame before its body. */
export function frameHead(type: number, bodyBytes: number): Bytes {
  const head = new Uint8Array(headerBytes + 1);
  putU32(head, 0, 1 + bodyBytes);
  head[headerBytes] = type;
  return head;
}

/**
 * Splits a stream into frames, in time linear in its bytes however they are chunked. It buffers at
 * most one unfinished frame, up to the limit: a longer length is refused before its body is read. A
 * frame's body may be overwritten by the next read.
 */
export class FrameReader {
  #buffer = noBytes;
  #start = 0;
  #end = 0;

  /**
   * @param bodyBytesMax the longest body allowed; may be raised after the peer has authenticated
   */
  constructor(public bodyBytesMax: number) {}

  /** Appends a chunk of the stream. */
  push(chunk: Uint8Array): void {
    this.room(chunk.length).set(chunk);
    this.took(chunk.length);
  }

  /**
   * Returns a buffer of at least `bytes` bytes for the socket to fill; `took` reports how many it
   * filled.
   */
  room(bytes: number): Uint8Array {
    const held = this.#buffer.subarray(this.#start, this.#end);
    if (held.length === 0 && this.#buffer.length === bytes) {
      this.#start = this.#end = 0;
    } else if (held.length === 0 || this.#buffer.length - this.#end < bytes) {
      // Twice what is held, so that a long frame is seldom copied.
      this.#buffer = new Uint8Array(Math.max(held.length + bytes, 2 * held.length));
      this.#buffer.set(held);
      this.#start = 0;
      this.#end = held.length;
    }
    return this.#buffer.subarray(this.#end);
  }

  /** Appends the first `bytes` bytes of the last `room`. */
  took(bytes: number): void {
    this.#end += bytes;
  }

  /**
   * Returns the next whole frame, or null until more bytes are pushed. One frame per call, so that
   * the limit may change between two frames of one chunk.
   * @throws {ProtocolError} on a length of zero or beyond the limit
   */
  next(): Frame | null {
    if (this.heldBytes < headerBytes) return null;
    const length = readU32(this.#buffer, this.#start);
    if (length < 1 || length - 1 > this.bodyBytesMax) throw new ProtocolError("frame length");
    const begin = this.#start + headerBytes, end = begin + length;
    if (this.#end < end) return null;
    this.#start = end;
    return { type: this.#buffer[begin]!, body: this.#buffer.subarray(begin + 1, end) };
  }

  /** The number of bytes pushed and not yet returned. */
  get heldBytes(): number {
    return this.#end - this.#start;
  }

  /** True between frames: a stream that ends elsewhere was truncated. */
  get atBoundary(): boolean {
    return this.heldBytes === 0;
  }
}
