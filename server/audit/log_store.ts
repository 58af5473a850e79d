/** The operations of a database that has a log; each user of them picks what it needs. */
import type { ChainName, LogPlace, SealedEntry } from "./entry.ts";

type Result<T> = T | Promise<T>;

export interface LogStore {
  /** Every chain of the log, by number: each writer has its own. */
  chains(): Result<ChainName[]>;
  /** The number of the chain with this id, which is added when it is new; what can be read then is durable. */
  openChain(id: Uint8Array): Result<number>;
  /** The last entries of a chain, newest first. */
  lastEntries(chain: number, limit: number): Result<SealedEntry[]>;
  /** Entries of a chain after this place, oldest first. */
  entriesAfter(chain: number, sequence: number, limit: number): Result<SealedEntry[]>;
  /** Entries of any of these indexes before this place, newest first; from the newest without a place. */
  entriesOf(
    who: readonly Uint8Array[],
    before: LogPlace | null,
    limit: number,
  ): Result<SealedEntry[]>;
}
