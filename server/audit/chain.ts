/**
 * The chain: each entry's tag covers the tag before it and the entry's sealed bytes, so that entries
 * cannot be altered, dropped, inserted or reordered by someone without the chain's key, and checking
 * them needs no key that opens them. The key steps forward each epoch, and the one before cannot be
 * had from it (forward integrity: Bellare and Yee, 1997; Schneier and Kelsey, 1999). FORMAT.md has
 * every byte.
 */
import { type Bytes, equalInConstantTime, putU32, putU64, utf8 } from "../../lib/bytes.ts";
import { hmac, MacKey } from "../../lib/hmac.ts";
import { hkdfExpand } from "../../lib/protocol/key_schedule.ts";
import { endsEpoch, type SealedEntry } from "./entry.ts";

/** The key of the epoch after this one's. Its input is shorter than any that a tag has. */
export function nextEpochKey(epochKey: Uint8Array): Bytes {
  return hkdfExpand(epochKey, utf8("strongroom/1 audit next epoch"), 32);
}

/** What the first entry's tag is chained to. */
export function chainStart(chainId: Uint8Array): Uint8Array {
  return hmac(chainId, utf8("strongroom/1 chain start"));
}

const headBytes = 20;

/** The tag of an entry that follows `previousTag`, under its epoch's key. */
export function chainTag(
  epochKey: MacKey,
  previousTag: Uint8Array,
  entry: Omit<SealedEntry, "tag">,
): Uint8Array {
  // `who` has its length before it, or a byte could pass between it and what follows unnoticed.
  const head = new Uint8Array(headBytes + entry.who.length);
  putU64(head, 0, entry.sequence);
  putU32(head, 8, entry.epoch);
  putU32(head, 12, entry.keyVersion);
  putU32(head, 16, entry.who.length);
  head.set(entry.who, headBytes);
  return epochKey.tag(previousTag, head, entry.sealed);
}

/** Follows a chain entry by entry from its first key, in constant memory. */
export class ChainVerifier {
  #key: Uint8Array;
  #macKey: MacKey;
  #tag: Uint8Array;
  #sequence = 0;
  #epoch = 0;

  constructor(firstKey: Uint8Array, chainId: Uint8Array) {
    this.#key = firstKey;
    this.#macKey = new MacKey(firstKey);
    this.#tag = chainStart(chainId);
  }

  /** How many entries have been good so far. */
  get goodCount(): number {
    return this.#sequence;
  }

  /** The tag of the last good entry. */
  get tag(): Uint8Array {
    return this.#tag;
  }

  /** The epoch that the next entry must be of. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The key of that epoch. */
  get epochKey(): Uint8Array {
    return this.#key;
  }

  /**
   * Goes on after an entry further on, which is checked elsewhere: what follows is as good as that is.
   * False for one of an epoch that is over.
   */
  goOnAfter(entry: SealedEntry): boolean {
    const epoch = entry.epoch + (endsEpoch(entry) ? 1 : 0);
    if (epoch < this.#epoch) return false;
    if (epoch > this.#epoch) {
      for (; this.#epoch < epoch; this.#epoch++) this.#key = nextEpochKey(this.#key);
      this.#macKey = new MacKey(this.#key);
    }
    this.#tag = entry.tag;
    this.#sequence = entry.sequence;
    return true;
  }

  /** Null when this is the chain's next entry, otherwise what is wrong, naming the place. */
  next(entry: SealedEntry): string | null {
    const expected = this.#sequence + 1;
    if (entry.sequence !== expected) {
      return entry.sequence > expected
        ? `entry ${expected} is missing: entry ${entry.sequence} comes in its place`
        : `entry ${entry.sequence} comes again in the place of entry ${expected}`;
    }
    const right = entry.epoch === this.#epoch &&
      equalInConstantTime(entry.tag, chainTag(this.#macKey, this.#tag, entry));
    if (!right) return `entry ${expected} is not as it was written`;
    this.goOnAfter(entry);
    return null;
  }
}
