/** What the checks of the books share. */
import type { RowDigest, SealedEntry } from "../audit/entry.ts";

/** Ends a check at the first thing that is wrong. */
export class Wrong extends Error {}

/** Opens the log, and computes digests. */
export interface CheckKeys {
  /** What the rows of an entry add to the sum of digests; null for an entry that does not open. */
  openWithDigests(
    entry: SealedEntry,
    chainId: Uint8Array,
  ): { digests: readonly RowDigest[] } | null;
  /** The digest of a row's canonical text. */
  digestOf(text: string): bigint;
}

/** Sums of digests are numbers of so many bits. */
const digestBits = 256;

export function addDigests(one: bigint, other: bigint): bigint {
  return BigInt.asUintN(digestBits, one + other);
}

export function subtractDigests(one: bigint, other: bigint): bigint {
  return BigInt.asUintN(digestBits, one - other);
}

/** How much was checked. */
export interface Counts {
  accounts: number;
  movements: number;
  entries: number;
}

/** Called with how many rows were read. */
export type OnRead = (rows: number) => void;
