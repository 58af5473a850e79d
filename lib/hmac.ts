/**
 * SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104) of parts, one after the other. Short texts go
 * through JavaScript, because a call of the runtime's own costs more than hashing them does; neither
 * has a table or a branch whose timing could tell of the bytes.
 */
import { hmac as hmacOf } from "@noble/hashes/hmac.js";
import { sha256 as sha256Of } from "@noble/hashes/sha2.js";
import { createHmac } from "node:crypto";
import type { Bytes } from "./bytes.ts";

const tagBytes = 32;
/** From here on the runtime's own costs less: it is native. */
const longBytes = 768;

/** 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Bytes {
  const hash = sha256Of.create();
  for (const part of parts) hash.update(part);
  const digest = new Uint8Array(tagBytes);
  hash.digestInto(digest);
  return digest;
}

/** The tag of all parts under a key that is needed once: 32 bytes. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes {
  return new MacKey(key).tag(...parts);
}

const begin = (key: Uint8Array) => hmacOf.create(sha256Of, key);
/** What is being tagged just now, whatever the key: nothing of it is kept from one tag to the next. */
const work = begin(new Uint8Array(0));

/** A key for many tags: what all of them begin with is computed once. */
export class MacKey {
  readonly #begun: ReturnType<typeof begin>;

  constructor(private readonly key: Uint8Array) {
    this.#begun = begin(key);
  }

  /** The tag of all parts: 32 bytes. */
  tag(...parts: readonly Uint8Array[]): Bytes {
    if (parts.reduce((length, part) => length + part.length, 0) >= longBytes) {
      const mac = createHmac("sha256", this.key);
      for (const part of parts) mac.update(part);
      return new Uint8Array(mac.digest()); // the runtime's own lies in a buffer that others share
    }
    const mac = this.#begun._cloneInto(work);
    for (const part of parts) mac.update(part);
    const tag = new Uint8Array(tagBytes);
    mac.digestInto(tag);
    return tag;
  }
}
