/** Helpers for bytes: joining, comparing, big-endian numbers, UTF-8 and hex. */
import { timingSafeEqual } from "node:crypto";

/** Bytes over a plain `ArrayBuffer`, which may be transferred between threads. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Returns a plain view of a `Buffer`'s bytes, whose `slice` copies. */
export function bytesOf({ buffer, byteOffset, length }: Uint8Array): Bytes {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
}

export const noBytes: Bytes = new Uint8Array(0);

/** Returns the length of all parts together. */
export function lengthOf(parts: readonly Uint8Array[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

/** Concatenates all parts. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Returns whether both are equal, in a time that depends only on their lengths. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Encodes a big-endian unsigned number of 4 bytes. */
export function u32(value: number): Bytes {
  const bytes = new Uint8Array(4);
  putU32(bytes, 0, value);
  return bytes;
}

/** Encodes a big-endian unsigned number of 8 bytes, up to 2^53. */
export function u64(value: number): Bytes {
  const bytes = new Uint8Array(8);
  putU64(bytes, 0, value);
  return bytes;
}

/** Writes a big-endian unsigned number into the 4 bytes at `at`. */
export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Writes a big-endian unsigned number, up to 2^53, into the 8 bytes at `at`. */
export function putU64(bytes: Uint8Array, at: number, value: number): void {
  putU32(bytes, at, value / 2 ** 32);
  putU32(bytes, at + 4, value >>> 0);
}

/** Reads the big-endian unsigned number in the 4 bytes at `at`. */
export function readU32(bytes: Uint8Array, at: number): number {
  if (at + 4 > bytes.length) throw new RangeError(`no 4 bytes at ${at}`);
  return bytes[at]! * 2 ** 24 + (bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!);
}

/**
 * Reads the big-endian unsigned number in the 8 bytes at `at`.
 * @throws {RangeError} if it is above 2^53 - 1
 */
export function readU64(bytes: Uint8Array, at: number): number {
  const value = readU32(bytes, at) * 2 ** 32 + readU32(bytes, at + 4);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the number at ${at} is too large`);
  return value;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Encodes a text as UTF-8. */
export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/**
 * Decodes strict UTF-8.
 * @throws {TypeError} if the bytes are not UTF-8
 */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Encodes bytes as lower-case hex. */
export function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** Decodes lower-case hex to `length` bytes; returns null for any other text. */
export function fromHex(text: unknown, length: number): Bytes | null {
  if (typeof text !== "string" || text.length !== 2 * length || !/^[0-9a-f]*$/.test(text)) {
    return null;
  }
  return Uint8Array.fromHex(text);
}
