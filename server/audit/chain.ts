/**
 * The chain: each entry's tag covers the previous tag and the entry's sealed bytes, so that nobody
 * without the chain's key can alter, drop, insert or reorder entries, and checking them needs no
 * key that decrypts them. The key is ratcheted forward each epoch, and earlier keys cannot be
 * computed from it (forward integrity: Bellare and Yee, 1997; Schneier and Kelsey, 1999). FORMAT.md
 * specifies every byte.
 */
import { type Bytes, equalInConstantTime, putU32, putU64, utf8 } from "../../lib/bytes.ts";
import { hmac, MacKey } from "../../lib/hmac.ts";
import { hkdfExpand } from "../../lib/protocol/key_schedule.ts";
import { endsEpoch, type SealedEntry } from "./entry.ts";

/** Returns the next epoch's key. Its input is shorter than that of any tag. */
export function nextEpochKey(epochKey: Uint8Array): Bytes {
  return hkdfExpand(epochKey, utf8("strongroom/1 audit next epoch"), 32);
}

/** Returns the value to which the first entry's tag is chained. */
export function chainStart(chainId: Uint8Array): Uint8Array {
  return hmac(chainId, utf8("strongroom/1 chain start"));
}

const headBytes = 20;

/** Returns the tag of an entry that follows `previousTag`, under its epoch's key. */
export function chainTag(
  epochKey: MacKey,
  previousTag: Uint8Array,
  entry: Omit<SealedEntry, "tag">,
): Uint8Array {
  // `who` is preceded by its length, since otherwise a byte could move between it and the next
  // field.
  const head = new Uint8Array(headBytes + entry.who.length);
  putU64(head, 0, entry.sequence);
  putU32(head, 8, entry.epoch);
  putU32(head, 12, entry.keyVersion);
  putU32(head, 16, entry.who.length);
  head.set(entry.who, headBytes);
  return epochKey.tag(previousTag, head, entry.commitment, entry.sealed);
}

/** Verifies a chain entry by entry from its first key, in constant memory. */
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

  /** The number of valid entries so far. */
  get goodCount(): number {
    return this.#sequence;
  }

  /** The tag of the last valid entry. */
  get tag(): Uint8Array {
    return this.#tag;
  }

  /** The epoch of the next entry. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The key of that epoch. */
  get epochKey(): Uint8Array {
    return this.#key;
  }

  /**
   * Continues after a later entry, which is verified elsewhere: the result holds if that entry is
   * valid. Returns false for an entry of a past epoch.
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

  /** Returns null if this is the chain's next entry, otherwise the fault, with its place. */
  next(entry: SealedEntry): string | null {
    const expected = this.#sequence + 1;
    if (entry.sequence !== expected) {
      return entry.sequence > expected
        ? `entry ${expected} is missing: entry ${entry.sequence} is there instead`
        : `entry ${entry.sequence} is repeated instead of entry ${expected}`;
    }
    const right = entry.epoch === this.#epoch &&
      equalInConstantTime(entry.tag, chainTag(this.#macKey, this.#tag, entry));
    if (!right) return `entry ${expected} is not as it was written`;
    this.goOnAfter(entry);
    return null;
  }
}
