/** The operations that the ledger needs of a database: load what a batch touches, and commit what it changed. */
import type { ChainName, LogPlace, SealedEntry } from "../audit/entry.ts";
import type {
  Account,
  Changes,
  Customer,
  Failures,
  Limits,
  Loaded,
  Movement,
  MovementId,
  Restoring,
  SeenLine,
  Settings,
  Staff,
  StoreTimes,
  Terminal,
  TerminalBooks,
  TerminalId,
} from "./model.ts";
import { UsageError } from "../../lib/errors.ts";
import type { OnCopied } from "../../lib/private_file.ts";
import type { Touch } from "./touch.ts";

type Result<T> = T | Promise<T>;

/** A file that is not a usable database of a bank. */
export class UnusableFile extends UsageError {
  override name = "UnusableFile";

  /** @param fault the cause alone, without the file's path and the remedy */
  constructor(message: string, readonly fault: string) {
    super(message);
  }
}

/** Another process uses a database's file. */
export class FileInUse extends UsageError {
  override name = "FileInUse";
}

/** A database cannot be opened, by its permissions, open files or disk; it may be good. */
export class CannotOpen extends UsageError {
  override name = "CannotOpen";
}

/** A database cannot be opened because its disk is full; it may be good. */
export class DiskFull extends UsageError {
  override name = "DiskFull";
}

/** A batch is not committed: it had no effect, and never will. */
export class Refused extends Error {
  override name = "Refused";
}

/**
 * Refused because of a conflict, or because the database was unavailable before the commit: a retry
 * of the same batch may succeed.
 */
export class TryAgain extends Refused {
  override name = "TryAgain";
}

/**
 * It is unknown whether a batch is committed. It may appear later, even if it cannot be read now:
 * only `outcomeOf` determines the outcome.
 */
export class InDoubt extends Error {
  override name = "InDoubt";

  /**
   * @param batchId the 16 random bytes that the batch wrote into its chain's row, if it is
   * committed
   */
  constructor(readonly batchId: Uint8Array, cause: Error) {
    super(`a commit is in doubt: ${cause.message}`, { cause });
  }
}

/** The final outcome of a batch in doubt: an uncommitted batch never will be. */
export type CommitOutcome = "committed" | "not_committed";

/** The operations of a batch. */
export interface BatchStore {
  /**
   * Loads what a batch touches; no other server changes that before the batch's commit. Another load
   * gives up a batch that was not committed. A load that fails has changed nothing.
   * @throws {TryAgain}
   */
  load(touch: Touch): Result<Loaded>;
  /**
   * Commits a batch of this store's chain: durable, all of it, once this returns. The same transaction
   * writes the batch's id, 16 random bytes, into the chain's row, and only where that has the id that
   * the batch found there.
   * @throws {Refused} when it is proved that nothing happened, and that nothing of it can appear later
   * @throws {InDoubt} in every other case
   */
  commit(changes: Changes, entries: readonly SealedEntry[]): Result<void>;
  /**
   * Finds out whether a batch is committed, and answers only behind one more commit of the same chain
   * that is durable without a doubt. Tries until that succeeds, however long the database is away.
   * While a batch is in doubt the store loads and commits no other, and reads may fail.
   * @throws when the store is closed meanwhile: the outcome is still unknown
   */
  outcomeOf(batchId: Uint8Array): Promise<CommitOutcome>;
}

/** Reads outside batches. */
export interface ReadStore {
  settings(): Result<Settings>;
  limits(): Result<Limits>;
  /** Returns the state of a restored bank; null when no terminal is waited for. */
  restoring(): Result<Restoring | null>;
  staff(): Result<Staff>;
  times(): Result<StoreTimes>;
  /**
   * Claims changes of the keys that all servers share; returns false while another server has the
   * claim, which also ends with its connection.
   */
  claimKeys(): Result<boolean>;
  releaseKeys(): Result<void>;
  terminals(): Result<Terminal[]>;
  /** Returns a terminal's place in the books; null before its first movement. */
  booksOf(terminal: TerminalId): Result<TerminalBooks | null>;
  /** Returns a text that changes whenever a terminal is enrolled, revoked or given a key. */
  terminalsSum(): Result<string>;
  customer(username: string): Result<Customer | undefined>;
  /** Returns the customer whose card has this hash. */
  customerWithCard(hash: string): Result<Customer | undefined>;
  customers(): Result<Customer[]>;
  /** Returns every counter of failures. */
  failures(): Result<Failures[]>;
  /**
   * Returns the lines of these terminals, and those on which these customers are logged in, at any
   * server. None where there is one server alone.
   */
  linesOf(terminals: readonly TerminalId[], usernames: readonly string[]): Result<SeenLine[]>;
  account(id: number): Result<Account | undefined>;
  accountsAmong(ids: readonly number[]): Result<Account[]>;
  accounts(): Result<Account[]>;
  /** Accounts of these owners, of every kind, in the order of ids. */
  accountsOf(owners: readonly string[]): Result<Account[]>;
  /** Accounts whose number begins with these digits, after this number, in the order of numbers. */
  accountsNumbered(digits: string, after: string, limit: number): Result<Account[]>;
  /** Accounts that have own limits, in the order of ids. */
  limitedAccounts(): Result<Account[]>;
  /** Accounts after this id, in the order of ids. */
  accountsAfter(id: number, limit: number): Result<Account[]>;
  /** Customers after this name, in the database's order of names. */
  customersAfter(username: string, limit: number): Result<Customer[]>;
  /** Customers whose username begins so, after this username, in the order of their bytes. */
  customersNamed(start: string, after: string, limit: number): Result<Customer[]>;
  /**
   * Customers whose display name begins so, whatever the case, after the customer of this username, in
   * the order of display names.
   */
  customersShown(start: string, after: string, limit: number): Result<Customer[]>;
  /**
   * Returns the balances of a customer's account at the end of the days on which its money moved:
   * the last of them up to `fromDay`, and all after it, oldest first.
   */
  dayBalances(account: number, fromDay: number): Result<DayEnd[]>;
  /** Returns balances at the ends of days, after this account's of this day, in their order. */
  dayEndsAfter(account: number, day: number, limit: number): Result<AccountDayEnd[]>;
  /** Movements that are authorised and not settled, oldest first. */
  holds(): Result<Movement[]>;
  /** Returns those of them that are in doubt: only an operator settles them. */
  doubts(): Result<MovementId[]>;
  /** Rows of movements after this one, in the order of ids and steps. */
  movementsAfter(id: MovementId, step: number, limit: number): Result<Movement[]>;
  /**
   * Returns the movements listed as open after this one, in the order of ids, also those that do
   * not exist.
   */
  holdsAfter(id: MovementId, limit: number): Result<Hold[]>;
  /** Returns the first fault that the database finds in its file; null for none. */
  damage(): Result<string | null>;
  /**
   * Returns the fault of rows of the log that reading its chains in order does not reach: rows of
   * no chain, at no place of their chain, or at a place that another has; null for none.
   */
  strayEntries(): Result<string | null>;
  /** Returns those of these movements that have been settled. */
  settledAmong(movements: readonly MovementId[]): Result<MovementId[]>;
  /** Returns every chain of the log, by number: each writer has its own. */
  chains(): Result<ChainName[]>;
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

/** A day of the bank, and an account's balance at its end. */
export interface DayEnd {
  /** Days since 1 January 1970. */
  day: number;
  balance: bigint;
}

export interface AccountDayEnd extends DayEnd {
  account: number;
}

/** A movement in the list of open ones, and its time. */
export interface Hold {
  id: MovementId;
  timeMs: number;
}

/** A bank opened read-only. */
export interface StoreReader extends ReadStore {
  close(): Result<void>;
}

/** A bank's file that is opened to be read alone. */
export interface FileReader extends StoreReader {
  /** The first page that cannot be read; null for none. */
  unreadable(): string | null;
}

export interface Store extends BatchStore, ReadStore {
  /**
   * Returns the number of the chain with this id, which is added if it is new. Batches extend the
   * chain that was opened last; there must be one. Everything read afterwards is durable.
   */
  openChain(id: Uint8Array): Result<number>;
  /** Reads everything at one moment. */
  snapshot<T>(read: (store: ReadStore) => Promise<T>): Promise<T>;
  /**
   * Copies the whole bank at one moment to a file.
   * @throws {UsageError} if the database has its own tools for that
   */
  backUp(path: string, onCopied?: OnCopied): Promise<void>;
  close(): Result<void>;
}
