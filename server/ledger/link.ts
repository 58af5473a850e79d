/** The interface of `Ledger` to its engine, store and log, in a thread or in this process. */
import type { LoggedAt } from "../../lib/atm.ts";
import type { OnCopied } from "../../lib/private_file.ts";
import type { LoggedRow } from "../audit/entry.ts";
import type { ClockState } from "./clock.ts";
import type { CheckedBooks, OnProgress } from "./check.ts";
import type { Command, Reply } from "./command.ts";
import type { Account } from "./model.ts";
import type { ReadStore } from "./store.ts";

/** The result of a durable batch: a reply for each command, and every customer's account it changed. */
export interface BatchOutcome {
  replies: Reply[];
  /** Replies, by index, whose entry is an older one: its place must be looked up. */
  repeated: { index: number; row: LoggedRow }[];
  accounts: Account[];
  /** Whether the log's epoch has entries, and must end soon. */
  epochOpen: boolean;
  /** Why no money moves, by the clock: in words; absent while it moves. */
  clockDoubt?: string;
}

/** Unsolicited reports from the other side of a link. */
export interface LinkEvents {
  /** Called with each line for the operator's log. */
  onTrouble(line: string): void;
  /** Called with true when a commit is in doubt, and with false when its outcome is known. */
  onDoubt(inDoubt: boolean): void;
  /** Called with the fault for which nothing can be committed, in words; with null when it is over. */
  onFault(fault: string | null): void;
  /** Called when a file of the bank is no longer in its folder: no more commands are answered. */
  onMoved(path: string): void;
}

/** A call fails if the thread has ended, or with the error of the thread's work. */
export interface LedgerLink {
  /**
   * Runs one batch. The store's refusals are replies; a failure leaves the batch's outcome unknown.
   */
  run(commands: readonly Command[], endEpoch: boolean): Promise<BatchOutcome>;
  /** Returns the place of a row's entry, if it is among the customer's newest. */
  placeOf(row: LoggedRow): Promise<LoggedAt | undefined>;
  /** Reads outside batches, by the store's own names. */
  read(name: keyof ReadStore, args: readonly unknown[]): Promise<unknown>;
  /** Returns the clocks as they are now. */
  clockState(): Promise<ClockState>;
  /** Recomputes the books from their movements, while all else waits. */
  check(onProgress: OnProgress): Promise<CheckedBooks>;
  /** Copies the books to a file, while all else waits. */
  backUp(path: string, onCopied?: OnCopied): Promise<void>;
  /** Closes the store and the log, and ends the thread. */
  close(): Promise<void>;
}
