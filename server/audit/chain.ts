/**
 * The chain: each entry's tag covers the tag before it and the entry's sealed bytes, so that entries
 * cannot be altered, dropped, inserted or reordered by someone without the chain's key, and checking
 * them needs no key that opens them.
 */
import { concat, equalInConstantTime, u32, u64, utf8 } from "../../lib/bytes.ts";
import { hmac } from "../../lib/protocol/key_schedule.ts";

/** An entry as it is stored. */
export interface SealedEntry {
  /** Its place in the chain, from 1 without a gap. */
  sequence: number;
  epoch: number;
  /** The version of the AUDIT_KEY that seals it. */
  keyVersion: number;
  /** The keyed index of the customer it is about, 16 bytes. */
  who: Uint8Array;
  sealed: Uint8Array;
  /** 32 bytes. */
  tag: Uint8Array;
}

/** What the first entry's tag is chained to. */
export function chainStart(chainId: Uint8Array): Uint8Array {
  return hmac(chainId, utf8("strongroom/1 chain start"));
}

/** The tag of an entry that follows `previousTag`. */
export function chainTag(
  chainKey: Uint8Array,
  previousTag: Uint8Array,
  entry: Omit<SealedEntry, "tag">,
): Uint8Array {
  return hmac(
    chainKey,
    previousTag,
    concat(u64(entry.sequence), u32(entry.epoch), u32(entry.keyVersion)),
    concat(u32(entry.who.length), entry.who), // or a byte could pass between the two unnoticed
    entry.sealed,
  );
}

/** Follows a chain entry by entry, in constant memory. */
export class ChainVerifier {
  #tag: Uint8Array;
  #sequence = 0;

  constructor(private readonly chainKey: Uint8Array, chainId: Uint8Array) {
    this.#tag = chainStart(chainId);
  }

  /** How many entries have been good so far. */
  get goodCount(): number {
    return this.#sequence;
  }

  /** Null when this is the chain's next entry, otherwise what is wrong, naming the place. */
  next(entry: SealedEntry): string | null {
    const expected = this.#sequence + 1;
    if (entry.sequence !== expected) {
      return `entry ${expected} is missing: entry ${entry.sequence} comes in its place`;
    }
    if (!equalInConstantTime(entry.tag, chainTag(this.chainKey, this.#tag, entry))) {
      return `entry ${expected} is not as it was written`;
    }
    this.#tag = entry.tag;
    this.#sequence = expected;
    return null;
  }
}
