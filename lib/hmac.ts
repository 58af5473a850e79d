/**
 * HMAC-SHA256 (RFC 2104), put together from two hashes: an HMAC of the runtime's own costs twice as
 * much as these two, and every record and every entry of the log needs one.
 */
import { createHash } from "node:crypto";

const blockBytes = 64;
const innerByte = 0x36, outerByte = 0x5c;

/** SHA-256 of all parts, one after the other: 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest()); // the runtime's own lies in a buffer that others share
}

/** The tag of all parts, one after the other: 32 bytes. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const short = key.length > blockBytes ? sha256(key) : key;
  const inner = createHash("sha256").update(padded(short, innerByte));
  for (const part of parts) inner.update(part);
  return sha256(padded(short, outerByte), inner.digest());
}

/** A block of the key's bytes, and zeros after them, each with the bits of `byte` turned. */
function padded(key: Uint8Array, byte: number): Uint8Array {
  const block = new Uint8Array(blockBytes).fill(byte);
  for (let at = 0; at < key.length; at++) block[at]! ^= key[at]!;
  return block;
}
