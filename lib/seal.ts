/**
 * The one authenticated encryption of the project: AES-128-CBC, then HMAC-SHA256, checked before
 * anything is decrypted. The layout is that of AEAD_AES_128_CBC_HMAC_SHA_256 (RFC 7518, section
 * 5.2; NIST SP 800-38A for CBC), with the whole 32-byte tag instead of its first half.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Bytes, concat, equalInConstantTime, u64 } from "./bytes.ts";
import { hmac } from "./hmac.ts";

/** `enc`: 16 bytes for AES-128. `mac`: 32 bytes for HMAC-SHA256. */
export interface SealKeys {
  readonly enc: Uint8Array;
  readonly mac: Uint8Array;
}

export const ivBytes = 16;
export const tagBytes = 32;
const blockBytes = 16;

/** How long the sealed form of `length` bytes is: IV, padded ciphertext, tag. */
export function sealedLength(length: number): number {
  return ivBytes + (Math.floor(length / blockBytes) + 1) * blockBytes + tagBytes;
}

/**
 * IV || ciphertext || tag. `iv` is 16 bytes that no one could foresee, never used twice under a key.
 */
export function seal(
  keys: SealKeys,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Bytes {
  if (iv.length !== ivBytes) throw new RangeError("an IV has 16 bytes");
  const cipher = createCipheriv("aes-128-cbc", keys.enc, iv);
  const body = [iv, cipher.update(plaintext), cipher.final()];
  return concat(...body, tagOf(keys.mac, aad, ...body));
}

/** The plaintext, or null when the tag, the length or the padding is not as `seal` makes them. */
export function open(keys: SealKeys, aad: Uint8Array, sealed: Uint8Array): Bytes | null {
  const bodyLength = sealed.length - tagBytes;
  // An empty ciphertext must never reach the decipher: the runtime's accepts it.
  if (bodyLength < ivBytes + blockBytes || bodyLength % blockBytes !== 0) return null;
  const body = sealed.subarray(0, bodyLength);
  if (!equalInConstantTime(tagOf(keys.mac, aad, body), sealed.subarray(bodyLength))) return null;
  const decipher = createDecipheriv("aes-128-cbc", keys.enc, body.subarray(0, ivBytes));
  try {
    return concat(decipher.update(body.subarray(ivBytes)), decipher.final());
  } catch {
    return null; // padding that no honest sealer wrote, under a valid tag
  }
}

function tagOf(macKey: Uint8Array, aad: Uint8Array, ...body: readonly Uint8Array[]): Uint8Array {
  return hmac(macKey, aad, ...body, u64(aad.length * 8));
}
