/** The operations of a database with a log; each user picks those that it needs. */
import type { ChainName, LogPlace, SealedEntry } from "./entry.ts";

type Result<T> = T | Promise<T>;

export interface LogStore {
  /** Returns every chain of the log, by number: each writer has a separate one. */
  chains(): Result<ChainName[]>;
  /**
   * Returns the number of the chain with this id, which is added if it is new; everything read
   * afterwards is durable.
   */
  openChain(id: Uint8Array): Result<number>;
  /** Returns the last entries of a chain, newest first. */
  lastEntries(chain: number, limit: number): Result<SealedEntry[]>;
  /** Returns entries of a chain after this place, oldest first. */
  entriesAfter(chain: number, sequence: number, limit: number): Result<SealedEntry[]>;
  /**
   * Returns entries with any of these indexes before this place, newest first; from the newest if
   * there is no place.
   */
  entriesOf(
    who: readonly Uint8Array[],
    before: LogPlace | null,
    limit: number,
  ): Result<SealedEntry[]>;
}
