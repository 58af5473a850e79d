/** Frames: `u32 length || u8 type || body`, where length counts type and body. */
import { type Bytes, concat, readU32, u32 } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";

/** What a frame holds; the number is its byte on the wire. */
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

/** A frame's bytes. */
export function encodeFrame(type: number, body: Uint8Array): Bytes {
  return concat(u32(1 + body.length), Uint8Array.of(type), body);
}

/**
 * Cuts a stream into frames. It holds at most one unfinished frame, and of that no more than its
 * limit: a length beyond the limit is refused before a byte of the body is kept.
 */
export class FrameReader {
  #held = new Uint8Array(0);

  /** @param bodyBytesMax the longest body allowed; may be raised when the peer has proved itself */
  constructor(public bodyBytesMax: number) {}

  /** Takes what the socket gave. */
  push(chunk: Uint8Array): void {
    this.#held = this.#held.length === 0 ? chunk.slice() : concat(this.#held, chunk);
  }

  /**
   * The next whole frame, or null until more bytes are pushed. Asked frame by frame, so that the
   * limit may change between two frames of one chunk.
   * @throws {ProtocolError} on a length of zero or beyond the limit
   */
  next(): Frame | null {
    if (this.#held.length < headerBytes) return null;
    const length = readU32(this.#held, 0);
    if (length < 1 || length - 1 > this.bodyBytesMax) throw new ProtocolError("frame length");
    const end = headerBytes + length;
    if (this.#held.length < end) return null;
    const frame = {
      type: this.#held[headerBytes]!,
      body: this.#held.subarray(headerBytes + 1, end),
    };
    this.#held = this.#held.subarray(end);
    return frame;
  }

  /** True between frames: a stream that ends elsewhere was cut. */
  get atBoundary(): boolean {
    return this.#held.length === 0;
  }
}
