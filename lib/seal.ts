/**
 * The project's only authenticated encryption: AES-128-CBC, then HMAC-SHA256, checked before any
 * decryption. The layout is AEAD_AES_128_CBC_HMAC_SHA_256 (RFC 7518, section 5.2; NIST SP 800-38A
 * for CBC), with the whole 32-byte tag instead of its first half.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import {
  type Bytes,
  bytesOf,
  concat,
  equalInConstantTime,
  lengthOf,
  noBytes,
  putU64,
} from "./bytes.ts";
import { MacKey } from "./hmac.ts";

/** `enc`: 16 bytes for AES-128. `mac`: 32 bytes for HMAC-SHA256. */
export interface SealKeys {
  readonly enc: Uint8Array;
  readonly mac: Uint8Array;
}

/** A plaintext and its associated data. */
export interface Plain {
  readonly aad: Uint8Array;
  readonly plaintext: Uint8Array;
}

/** A plaintext in parts, and its associated data. */
export interface PlainParts {
  readonly aad: Uint8Array;
  readonly plaintext: readonly Uint8Array[];
}

export const ivBytes = 16;
export const tagBytes = 32;
const blockBytes = 16;

/** Returns the length of the sealed form of `length` bytes: IV, padded ciphertext, tag. */
export function sealedLength(length: number): number {
  return ivBytes + (Math.floor(length / blockBytes) + 1) * blockBytes + tagBytes;
}

/** PKCS#7 paddings, indexed by the number of bytes in the last block. */
const paddings = Array.from({ length: blockBytes }, (_, left) => {
  const bytes = blockBytes - left;
  return new Uint8Array(bytes).fill(bytes);
});

/** Returns the bytes before a PKCS#7 padding; null if they do not end in one. */
function withoutPadding(padded: Bytes): Bytes | null {
  const count = padded.at(-1)!;
  if (count < 1 || count > blockBytes) return null;
  const end = padded.length - count;
  return padded.subarray(end).every((byte) => byte === count) ? padded.subarray(0, end) : null;
}

type Native = Pick<ReturnType<typeof createCipheriv>, "update" | "final">;

/** The chaining mask before a cipher's first block. */
const noBlock = new Uint8Array(blockBytes);

/**
 * The runtime frees a cipher's memory only in `final`. This ends the ciphers whose owner was dropped
 * without `end`; it must not reach the owner, which would then never be collected.
 */
const dropped = new FinalizationRegistry<Native>((native) => native.final());

/**
 * AES-128-CBC that one key keeps over many records, since making and ending a cipher of the runtime
 * costs more than it encrypts in a short record. Whole blocks, without padding.
 */
class KeptCipher {
  #native: Native | null = null;

  /** @param key 16 bytes */
  constructor(
    private readonly way: "encrypt" | "decrypt",
    private readonly key: Uint8Array,
  ) {}

  /** Returns as many bytes as `blocks` has, a multiple of 16, chained to the last call's. */
  update(blocks: Uint8Array): Bytes {
    return bytesOf((this.#native ??= this.#make()).update(blocks));
  }

  /** Frees the runtime's cipher. The next `update` makes another, which starts a chain. */
  end(): void {
    if (this.#native === null) return;
    dropped.unregister(this);
    this.#native.final();
    this.#native = null;
  }

  #make(): Native {
    const create = this.way === "encrypt" ? createCipheriv : createDecipheriv;
    const native = create("aes-128-cbc", this.key, noBlock);
    native.setAutoPadding(false);
    dropped.register(this, native, this);
    return native;
  }
}

/** Overwritten by every tag. */
const lastTag = new Uint8Array(tagBytes);
const lastAadBits = new Uint8Array(8);

/** Seals and opens under keys that are used many times. */
export class Sealer {
  readonly #enc: Uint8Array;
  readonly #mac: MacKey;
  readonly #sealing: KeptCipher;
  readonly #opening: KeptCipher;

  constructor({ enc, mac }: SealKeys) {
    this.#enc = enc;
    this.#mac = new MacKey(mac);
    this.#sealing = new KeptCipher("encrypt", enc);
    this.#opening = new KeptCipher("decrypt", enc);
  }

  /** Returns IV || ciphertext || tag. `iv` is 16 unpredictable bytes, never reused under a key. */
  seal(iv: Uint8Array, { aad, plaintext }: Plain): Bytes {
    if (iv.length !== ivBytes) throw new RangeError("an IV has 16 bytes");
    const cipher = createCipheriv("aes-128-cbc", this.#enc, iv);
    return this.#tagged(aad, iv, cipher.update(plaintext), cipher.final());
  }

  /**
   * Seals as `seal` does, with a cipher that is kept until `end`. The IV is the ciphertext of a
   * preceding random block (RFC 4346, section 6.2.3.2, (2)(b)).
   * @param random 16 unpredictable bytes
   * @param head returned before it, in the same array
   */
  sealNext(random: Uint8Array, { aad, plaintext }: PlainParts, head = noBytes): Bytes {
    if (random.length !== ivBytes) throw new RangeError("an IV needs 16 random bytes");
    const padding = paddings[lengthOf(plaintext) % blockBytes]!;
    const body = this.#sealing.update(concat(random, ...plaintext, padding));
    return concat(head, body, this.#tagOf(aad, body));
  }

  /** Opens as `open` does, with a decipher that is kept until `end`. */
  openNext(aad: Uint8Array, sealed: Uint8Array): Bytes | null {
    const body = this.#verified(aad, sealed);
    if (body === null) return null;
    // The first block is the IV's, decrypted: noise.
    return withoutPadding(this.#opening.update(body).subarray(ivBytes));
  }

  /** Frees the kept ciphers and the tags' key. The next record makes others. */
  end(): void {
    this.#mac.rest();
    this.#sealing.end();
    this.#opening.end();
  }

  /**
   * Seals each plaintext with one call of the cipher, since a call costs more than it encrypts
   * here. Each IV is the ciphertext of a preceding random block: the encryption of an unpredictable
   * block is itself unpredictable (NIST SP 800-38A, appendix C).
   * @param random 16 bytes for each, and 16 more
   */
  sealAll(plain: readonly PlainParts[], random: Uint8Array): Bytes[] {
    if (random.length !== (plain.length + 1) * ivBytes) {
      throw new RangeError("each IV needs 16 random bytes");
    }
    const lengths = plain.map(({ plaintext }) => lengthOf(plaintext));
    const blocks = concat(...plain.flatMap(({ plaintext }, index) => [
      random.subarray(index * ivBytes, (index + 1) * ivBytes),
      ...plaintext,
      paddings[lengths[index]! % blockBytes]!,
    ]));
    const cipher = createCipheriv("aes-128-cbc", this.#enc, random.subarray(-ivBytes));
    cipher.setAutoPadding(false);
    const bodies = cipher.update(blocks);
    cipher.final(); // returns no bytes; releases the runtime's cipher
    let at = 0;
    return plain.map(({ aad }, index) =>
      this.#tagged(aad, bodies.subarray(at, at += sealedLength(lengths[index]!) - tagBytes))
    );
  }

  /**
   * Returns the plaintext, or null if the tag, the length or the padding is not what `seal` writes.
   */
  open(aad: Uint8Array, sealed: Uint8Array): Bytes | null {
    const body = this.#verified(aad, sealed);
    if (body === null) return null;
    const decipher = createDecipheriv("aes-128-cbc", this.#enc, body.subarray(0, ivBytes));
    try {
      return concat(decipher.update(body.subarray(ivBytes)), decipher.final());
    } catch {
      return null; // valid tag, invalid padding
    }
  }

  /** Returns IV and ciphertext if the tag holds and the length is one that `seal` writes. */
  #verified(aad: Uint8Array, sealed: Uint8Array): Uint8Array | null {
    const bodyLength = sealed.length - tagBytes;
    // Rejected here, since the runtime's decipher accepts an empty ciphertext.
    if (bodyLength < ivBytes + blockBytes || bodyLength % blockBytes !== 0) return null;
    const body = sealed.subarray(0, bodyLength);
    return equalInConstantTime(this.#tagOf(aad, body), sealed.subarray(bodyLength)) ? body : null;
  }

  #tagged(aad: Uint8Array, ...body: readonly Uint8Array[]): Bytes {
    return concat(...body, this.#tagOf(aad, ...body));
  }

  /** Returns a tag, which the next one overwrites. */
  #tagOf(aad: Uint8Array, ...body: readonly Uint8Array[]): Uint8Array {
    putU64(lastAadBits, 0, aad.length * 8);
    this.#mac.tagInto(lastTag, aad, ...body, lastAadBits);
    return lastTag;
  }
}

/** Seals as `Sealer` does, under keys that are used once. */
export function seal(
  keys: SealKeys,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Bytes {
  return new Sealer(keys).seal(iv, { aad, plaintext });
}

/** Opens as `Sealer` does, under keys that are used once. */
export function open(keys: SealKeys, aad: Uint8Array, sealed: Uint8Array): Bytes | null {
  return new Sealer(keys).open(aad, sealed);
}
