/** The AUDIT_KEY: its versions, the keys derived from each, and the indexes for finding entries. */
import { type Bytes, hex, utf8 } from "../../lib/bytes.ts";
import { hmac, MacKey } from "../../lib/hmac.ts";
import { namesIndexedMax } from "../../lib/limits.ts";
import { hkdfExpand } from "../../lib/protocol/key_schedule.ts";
import { ivBytes, Sealer, type SealKeys } from "../../lib/seal.ts";
import {
  aadOf,
  entryOf,
  type EntryWithDigests,
  entryWithDigestsOf,
  openingOfPlaintext,
  plainOf,
  saltsBytes,
} from "./codec.ts";
import type { Opening } from "../transparency/receipt.ts";
import type { AuditEntry, EntryWithRows, SealedEntry } from "./entry.ts";
import { changeDigest, digestOf } from "./row_digests.ts";

/** The keys derived from one AUDIT_KEY. */
export interface AuditKeys {
  readonly version: number;
  readonly seal: SealKeys;
  readonly index: Bytes;
  /** Keys the digests of rows: always the oldest version's, since the digests are summed. */
  readonly rows: Bytes;
}

/**
 * Derives the keys of one AUDIT_KEY.
 * @param auditKey 32 random bytes
 */
export function auditKeysOf(auditKey: Uint8Array, version: number): AuditKeys {
  const derive = (label: string, length: number) =>
    hkdfExpand(auditKey, utf8(`strongroom/1 audit ${label}`), length);
  return {
    version,
    seal: { enc: derive("enc", 16), mac: derive("mac", 32) },
    index: derive("index", 32),
    rows: derive("rows", 32),
  };
}

/** Every version of the AUDIT_KEY: the newest seals, the others still open earlier entries. */
export class AuditKeyRing {
  readonly #versions: readonly AuditKeys[];
  readonly #sealers: ReadonlyMap<number, Sealer>;
  readonly #rows: MacKey;

  /** @param versions at least one, in any order */
  constructor(versions: readonly AuditKeys[]) {
    this.#versions = versions.toSorted((a, b) => b.version - a.version);
    this.#sealers = new Map(versions.map(({ version, seal }) => [version, new Sealer(seal)]));
    this.#rows = new MacKey(this.#versions.at(-1)!.rows);
  }

  get newest(): AuditKeys {
    return this.#versions[0]!;
  }

  /** Newest first: plain values, which can be sent to threads. */
  get versions(): readonly AuditKeys[] {
    return this.#versions;
  }

  /** Returns a ring with one more version. */
  with(keys: AuditKeys): AuditKeyRing {
    return new AuditKeyRing([...this.#versions, keys]);
  }

  /** Returns the indexes of one customer's entries, the newest version's first. */
  indexesOf(who: string): Bytes[] {
    return this.#versions.map((keys) => indexOf(keys, who));
  }

  /** Opens the entry of a place; returns null if none of these keys sealed it for that place. */
  open(stored: StoredEntry, chainId: Uint8Array): AuditEntry | null {
    const plaintext = this.#plaintextOf(stored, chainId);
    return plaintext && entryOf(plaintext, stored.commitment);
  }

  /** Opens an entry, and returns it with the opening of its commitment. */
  openForStranger(
    stored: StoredEntry,
    chainId: Uint8Array,
  ): { entry: AuditEntry; opening: Opening } | null {
    const plaintext = this.#plaintextOf(stored, chainId);
    return plaintext && openingOfPlaintext(plaintext, stored.commitment);
  }

  /** Opens an entry with its rows' changes to the sum of digests. */
  openWithDigests(stored: StoredEntry, chainId: Uint8Array): EntryWithDigests | null {
    const plaintext = this.#plaintextOf(stored, chainId);
    return plaintext && entryWithDigestsOf(plaintext, stored.commitment);
  }

  #plaintextOf({ keyVersion, sequence, sealed }: StoredEntry, chainId: Uint8Array): Bytes | null {
    const aad = aadOf({ chainId, sequence, keyVersion });
    return this.#sealers.get(keyVersion)?.open(aad, sealed) ?? null;
  }

  /** Returns the digest of a row's canonical text. */
  digestOf(text: string): bigint {
    return digestOf(this.#rows, text);
  }

  /**
   * Seals entries under the newest version for the chain's places from `sequence` on; returns each with
   * its commitment.
   */
  sealAll(
    entries: readonly EntryWithRows[],
    { chainId, sequence }: { chainId: Uint8Array; sequence: number },
    randomBytes: (length: number) => Uint8Array,
  ): { sealed: Bytes; commitment: Bytes }[] {
    const keyVersion = this.newest.version;
    const salts = randomBytes(entries.length * saltsBytes);
    const plain = entries.map((entry, index) => {
      const digests = (entry.rows ?? []).map((change) => changeDigest(this.#rows, change));
      const own = salts.subarray(index * saltsBytes, (index + 1) * saltsBytes);
      return plainOf(entry, digests, own, { chainId, sequence: sequence + index, keyVersion });
    });
    const random = randomBytes((plain.length + 1) * ivBytes);
    return this.#sealers.get(keyVersion)!.sealAll(plain, random).map((sealed, index) => ({
      sealed,
      commitment: plain[index]!.commitment,
    }));
  }
}

type StoredEntry = Pick<SealedEntry, "keyVersion" | "sequence" | "commitment" | "sealed">;

/**
 * Returns the 16-byte index of one customer's entries, which locates them without decrypting
 * others.
 */
export function indexOf(keys: AuditKeys, who: string): Bytes {
  return hmac(keys.index, utf8(who)).slice(0, 16);
}

/** Caches `indexOf` for a writer, whose entries repeat few names. */
export class Indexes {
  readonly #known = new Map<string, Bytes>();

  constructor(private readonly keys: AuditKeys) {}

  of(who: string): Bytes {
    let index = this.#known.get(who);
    if (!index) {
      if (this.#known.size === namesIndexedMax) this.#known.clear();
      index = indexOf(this.keys, who);
      this.#known.set(who, index);
    }
    return index;
  }
}

/** Returns the keyed hash of a name, for counters and for unknown names in the log. */
export function nameHashOf(keys: AuditKeys, name: string): string {
  return hex(hmac(keys.index, utf8(`name ${name}`)).slice(0, 16));
}
