/** Shared by the checks of the books. */
import type { AuditEntry, RowDigest, SealedEntry } from "../audit/entry.ts";

/** Ends a check at the first fault. */
export class Wrong extends Error {}

/** An opened entry. */
export interface OpenedWithDigests {
  entry: Pick<AuditEntry, "timeMs">;
  digests: readonly RowDigest[];
}

/** Opens the log, and computes digests. */
export interface CheckKeys {
  /**
   * Opens an entry with the changes of its rows to the sum of digests; returns null if it does not
   * open.
   */
  openWithDigests(
    entry: SealedEntry,
    chainId: Uint8Array,
  ): OpenedWithDigests | null;
  /** Returns the digest of a row's canonical text. */
  digestOf(text: string): bigint;
}

/** The size of a sum of digests. */
const digestBits = 256;

export function addDigests(one: bigint, other: bigint): bigint {
  return BigInt.asUintN(digestBits, one + other);
}

export function subtractDigests(one: bigint, other: bigint): bigint {
  return BigInt.asUintN(digestBits, one - other);
}

/** The numbers of checked rows. */
export interface Counts {
  accounts: number;
  movements: number;
  entries: number;
}

/** Called with the number of rows read. */
export type OnRead = (rows: number) => void;
