/**
 * The one authenticated encryption of the project: AES-128-CBC, then HMAC-SHA256, checked before
 * anything is decrypted. The layout is that of AEAD_AES_128_CBC_HMAC_SHA_256 (RFC 7518, section
 * 5.2; NIST SP 800-38A for CBC), with the whole 32-byte tag instead of its first half.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Bytes, concat, equalInConstantTime, u64 } from "./bytes.ts";
import { MacKey } from "./hmac.ts";

/** `enc`: 16 bytes for AES-128. `mac`: 32 bytes for HMAC-SHA256. */
export interface SealKeys {
  readonly enc: Uint8Array;
  readonly mac: Uint8Array;
}

/** A plaintext, and the associated data that it is bound to. */
export interface Plain {
  readonly aad: Uint8Array;
  readonly plaintext: Uint8Array;
}

export const ivBytes = 16;
export const tagBytes = 32;
const blockBytes = 16;

/** How long the sealed form of `length` bytes is: IV, padded ciphertext, tag. */
export function sealedLength(length: number): number {
  return ivBytes + (Math.floor(length / blockBytes) + 1) * blockBytes + tagBytes;
}

/** PKCS#7's paddings, by what is left of a plaintext's last block. */
const paddings = Array.from({ length: blockBytes }, (_, left) => {
  const bytes = blockBytes - left;
  return new Uint8Array(bytes).fill(bytes);
});

/** Seals and opens under keys that serve often. */
export class Sealer {
  readonly #enc: Uint8Array;
  readonly #mac: MacKey;

  constructor({ enc, mac }: SealKeys) {
    this.#enc = enc;
    this.#mac = new MacKey(mac);
  }

  /**
   * IV || ciphertext || tag. `iv` is 16 bytes that no one could foresee, never used twice under a key.
   */
  seal(iv: Uint8Array, { aad, plaintext }: Plain): Bytes {
    if (iv.length !== ivBytes) throw new RangeError("an IV has 16 bytes");
    const cipher = createCipheriv("aes-128-cbc", this.#enc, iv);
    return this.#tagged(aad, iv, cipher.update(plaintext), cipher.final());
  }

  /**
   * Each sealed, all in one call of the cipher, since a call costs more than what it encrypts here.
   * The IV of each is the ciphertext of a random block that stands before it: the cipher of what no
   * one could foresee, which no one can foresee either (NIST SP 800-38A, appendix C).
   * @param random 16 bytes for each, and 16 more
   */
  sealAll(plain: readonly Plain[], random: Uint8Array): Bytes[] {
    if (random.length !== (plain.length + 1) * ivBytes) {
      throw new RangeError("an IV comes of 16 bytes");
    }
    const blocks = concat(...plain.flatMap(({ plaintext }, index) => [
      random.subarray(index * ivBytes, (index + 1) * ivBytes),
      plaintext,
      paddings[plaintext.length % blockBytes]!,
    ]));
    const cipher = createCipheriv("aes-128-cbc", this.#enc, random.subarray(-ivBytes));
    cipher.setAutoPadding(false);
    const bodies = cipher.update(blocks);
    cipher.final(); // gives nothing, and lets go of what the runtime holds
    let at = 0;
    return plain.map(({ aad, plaintext }) =>
      this.#tagged(aad, bodies.subarray(at, at += sealedLength(plaintext.length) - tagBytes))
    );
  }

  /** The plaintext, or null when the tag, the length or the padding is not as `seal` makes them. */
  open(aad: Uint8Array, sealed: Uint8Array): Bytes | null {
    const bodyLength = sealed.length - tagBytes;
    // An empty ciphertext must never reach the decipher: the runtime's accepts it.
    if (bodyLength < ivBytes + blockBytes || bodyLength % blockBytes !== 0) return null;
    const body = sealed.subarray(0, bodyLength);
    if (!equalInConstantTime(this.#tagOf(aad, body), sealed.subarray(bodyLength))) return null;
    const decipher = createDecipheriv("aes-128-cbc", this.#enc, body.subarray(0, ivBytes));
    try {
      return concat(decipher.update(body.subarray(ivBytes)), decipher.final());
    } catch {
      return null; // padding that no honest sealer wrote, under a valid tag
    }
  }

  #tagged(aad: Uint8Array, ...body: readonly Uint8Array[]): Bytes {
    return concat(...body, this.#tagOf(aad, ...body));
  }

  #tagOf(aad: Uint8Array, ...body: readonly Uint8Array[]): Uint8Array {
    return this.#mac.tag(aad, ...body, u64(aad.length * 8));
  }
}

/** As `Sealer` does it, under keys that serve once. */
export function seal(
  keys: SealKeys,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Bytes {
  return new Sealer(keys).seal(iv, { aad, plaintext });
}

/** As `Sealer` does it, under keys that serve once. */
export function open(keys: SealKeys, aad: Uint8Array, sealed: Uint8Array): Bytes | null {
  return new Sealer(keys).open(aad, sealed);
}
