/** The calls by which `Ledger` reaches its engine, store and log, in a thread or in this process. */
import type { LoggedAt } from "../../lib/atm.ts";
import type { LoggedRow } from "../audit/entry.ts";
import type { CheckedBooks, OnProgress } from "./check.ts";
import type { Command, Reply } from "./command.ts";
import type { AccountState } from "./model.ts";
import type { ReadStore } from "./store.ts";

/** The result of a batch that is on disk: a reply for each command, and every account it changed. */
export interface BatchOutcome {
  replies: Reply[];
  /** Replies, by their index, whose entry is an older one: its place is to be looked up. */
  repeated: { index: number; row: LoggedRow }[];
  accounts: AccountState[];
  /** Whether the log's epoch has entries, and must end before long. */
  epochOpen: boolean;
}

/** What the other side of a link reports unasked. */
export interface LinkEvents {
  /** Called with each line for the operator's log. */
  onTrouble(line: string): void;
  /** Called with true when a commit is in doubt, and with false when its outcome is known. */
  onDoubt(inDoubt: boolean): void;
}

/** A call fails when the thread has ended, or as the thread's work fails. */
export interface LedgerLink {
  /** Runs one batch. What the store refuses is a reply; a failure leaves the batch's fate unknown. */
  run(commands: readonly Command[], endEpoch: boolean): Promise<BatchOutcome>;
  /** The place of a row's entry, if that is among the customer's newest. */
  placeOf(row: LoggedRow): Promise<LoggedAt | undefined>;
  /** Reads outside batches, by the store's own names. */
  read(name: keyof ReadStore, args: readonly unknown[]): Promise<unknown>;
  /** Works the books out from their movements, while all else waits. */
  check(onProgress: OnProgress): Promise<CheckedBooks>;
  /** Copies the books into a file of this path, while all else waits. */
  backUp(path: string): Promise<void>;
  /** Closes the store and the log, and ends the thread. */
  close(): Promise<void>;
}
