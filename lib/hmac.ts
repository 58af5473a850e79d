/**
 * SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104) of concatenated parts. Short inputs are hashed in
 * JavaScript, since a native call costs more than hashing them does, and so does the runtime's HMAC
 * object; neither implementation has a table lookup or a branch that depends on the data.
 */
import { hmac as hmacOf } from "@noble/hashes/hmac.js";
import { sha256 as sha256Of } from "@noble/hashes/sha2.js";
import { hash } from "node:crypto";
import { type Bytes, lengthOf } from "./bytes.ts";

const tagBytes = 32;
const blockBytes = 64;
/**
 * From this length on two native hashes are faster. In a loop they are from 512 bytes on, but a server
 * pays for the objects that each makes: 512 cost it a tenth of its movements.
 */
const longBytes = 3_072;

const begunHash = sha256Of.create();
/** Shared working state, overwritten by every hash: a new one for each costs half of the hashing. */
const workHash = sha256Of.create();

/** Returns the SHA-256 hash of the concatenated parts, 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Bytes {
  return hashed(parts).digest() as Bytes;
}

/**
 * Writes the hash of the concatenated parts into 32 bytes. Used many times these are cheaper than a
 * new array, which costs a third of a short hash.
 */
export function sha256Into(digest: Uint8Array, ...parts: readonly Uint8Array[]): void {
  hashed(parts).digestInto(digest);
}

function hashed(parts: readonly Uint8Array[]): typeof workHash {
  const hash = begunHash._cloneInto(workHash);
  for (const part of parts) hash.update(part);
  return hash;
}

/** Returns the 32-byte tag of the concatenated parts under a key that is used once. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes {
  return new MacKey(key).tag(...parts);
}

const begin = (key: Uint8Array) => hmacOf.create(sha256Of, key);
/** Shared working state, overwritten by every tag. */
const work = begin(new Uint8Array(0));

/** Where inner inputs are laid out; a longer one gets a new buffer. Neither leaves this file. */
const innerInput = new Uint8Array(1 << 17);
const outerInput = new Uint8Array(blockBytes + tagBytes);

/**
 * Writes the tag of the concatenated parts into 32 bytes by two hashes in one native call each, as
 * RFC 2104 defines it.
 * @param length of all parts
 */
export function tagByHashes(
  tag: Uint8Array,
  key: Uint8Array,
  parts: readonly Uint8Array[],
  length: number,
): void {
  const end = blockBytes + length;
  const inner = end <= innerInput.length ? innerInput : new Uint8Array(end);
  const blockKey = key.length > blockBytes ? sha256(key) : key;
  for (let at = 0; at < blockBytes; at++) {
    const byte = blockKey[at] ?? 0;
    inner[at] = byte ^ 0x36;
    outerInput[at] = byte ^ 0x5c;
  }
  let at = blockBytes;
  for (const part of parts) {
    inner.set(part, at);
    at += part.length;
  }
  outerInput.set(hash("sha256", inner.subarray(0, end), "buffer"), blockBytes);
  tag.set(hash("sha256", outerInput, "buffer"));
}

/** A key for many tags: its padded block is hashed once, for the first tag. */
export class MacKey {
  #begun: ReturnType<typeof begin> | null = null;

  constructor(private readonly key: Uint8Array) {}

  /** Frees the hashed block, which takes 1 KiB. The next tag makes another. */
  rest(): void {
    this.#begun = null;
  }

  /** Returns the 32-byte tag of the concatenated parts. */
  tag(...parts: readonly Uint8Array[]): Bytes {
    const tag = new Uint8Array(tagBytes);
    this.tagInto(tag, ...parts);
    return tag;
  }

  /** Writes the tag of the concatenated parts into 32 bytes, as `sha256Into`. */
  tagInto(tag: Uint8Array, ...parts: readonly Uint8Array[]): void {
    const length = lengthOf(parts);
    if (length >= longBytes) return tagByHashes(tag, this.key, parts, length);
    const mac = (this.#begun ??= begin(this.key))._cloneInto(work);
    for (const part of parts) mac.update(part);
    mac.digestInto(tag);
  }
}
