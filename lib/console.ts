/**
 * The interface between the page of an operator's console and its process (`server/console`), which
 * alone has the operator's key. Everything is plain JSON. ui/console/README.md describes it.
 */
import type { Currency, MinorText } from "./money.ts";
import type { OperatorCommand, OperatorCommandName, Role } from "./operator_commands.ts";

/** What the page may ask of its process. */
export interface ConsoleCalls {
  /** Signs an operator's command, one of `consoleActs`, and gives it to the bank. */
  act(command: OperatorCommand): Promise<ActAnswer>;
  /** Reads a page of rows, by a signed command if the process has not got them. */
  read<Query extends ConsoleQuery>(query: Query): Promise<ReadAnswer<RowsOf<Query>>>;
  /** Reads it again, by a command only if it may have changed and the watch cannot show how. */
  refresh<Query extends ConsoleQuery>(query: Query): Promise<ReadAnswer<RowsOf<Query>>>;
  /** Locks the console. */
  lock(): Promise<void>;
  /** Reports that the operator uses the page. */
  touch(): Promise<void>;
  /** Starts to verify the log, if the console has its first key. A lock does not end it. */
  verify(): Promise<void>;
  /** Starts to check the books. A lock does not end it. */
  check(): Promise<void>;
  /** Starts to back up the books into the server's folder for backups. A lock does not end it. */
  backUp(): Promise<void>;
  /** Takes an act that has outlasted a lock or its page, and has ended, out of the view. */
  dismiss(id: number): Promise<void>;
}

/** The view of a console, which its process sends again whenever it changes. */
export type ConsoleView =
  /** Nothing of the bank is in the page until the passphrase is typed in the terminal. */
  | { state: "locked"; operator: string; why: LockReason }
  /** No server answers; `why` is a sentence. */
  | { state: "lost"; operator: string; why: string }
  /**
   * `verification` is of the log, null for a console without its first key; `booksCheck` is of the books,
   * and `backup` of their copy.
   * `outlasting`: acts that were under way when the console locked, or when their page ended.
   */
  | {
    state: "open";
    operator: string;
    news: BankNews;
    verification: LongCheck | null;
    booksCheck: LongCheck;
    backup: LongCheck;
    outlasting: readonly OutlastingAct[];
  };

/** An act that has outlasted a lock or its page. */
export interface OutlastingAct {
  id: number;
  /** The command in words. */
  words: string;
  sinceMs: number;
  /** Null while it is under way. */
  answer: ActAnswer | null;
}

/** How far a check is that the console's process has started. */
export type LongCheck =
  | { state: "idle" }
  /** How many entries or rows are checked, of about how many; or bytes while these are copied. */
  | { state: "running"; done: number; of: number; isCopying: boolean }
  /** `failed`: there was no check. `unsure`: it may be done. `words` has the result. */
  | { state: "good" | "bad" | "failed" | "unsure"; words: string; timeMs: number };

export type LockReason = "idle" | "asked";

/** The outcome of an act. */
export type ActAnswer =
  /** It is done; lines about it. */
  | { outcome: "done"; lines: string[] }
  /** A second operator has to approve it. */
  | { outcome: "proposed"; proposal: string; lines: string[] }
  /** It had no effect; a sentence. */
  | { outcome: "refused"; why: string }
  /** It may have had an effect; a sentence. */
  | { outcome: "unsure"; why: string };

/** A page of rows, or a sentence about why there is none. */
export type ReadAnswer<Rows> = { rows: Rows; of?: number; next?: string } | { failed: string };

/** The queries of the page's screens, each with its rows. */
export interface ConsoleQueries {
  /** Terminals, those that need attention first. `after`: how many rows to leave out. */
  terminals: { query: { find: string; after: number }; rows: TerminalNews[] };
  /**
   * Open movements, those in doubt first, then the oldest. `find`: a part of the customer's or the
   * terminal's name, or a movement. `after`: how many to leave out.
   */
  holds: { query: { find: string; after: number }; rows: HoldNews[] };
  /** What the last comparison of each terminal with the books found. `after`: how many to leave out. */
  differences: { query: { after: number }; rows: DifferenceNews[] };
  /** Entries about money that is in the differences account, newest first. `at`: as of `log`. */
  disputes: { query: { at: string }; rows: EntryNews[] };
  /** The limits of the bank, and those of single accounts and terminals. */
  limits: { query: Record<never, never>; rows: OwnedLimit[] };
  /** The operators. */
  operators: { query: Record<never, never>; rows: OperatorNews[] };
  /** A terminal's own entries in the log, newest first. `before`: a place, or "". */
  terminal: { query: { name: string; before: string }; rows: EntryNews[] };
  /**
   * The log, newest first. `who` is a customer, "operator NAME", "terminal NAME" or "bank"; `from` and
   * `before` are days or instants; `at`: where the page begins. Each may be "".
   */
  log: {
    query: {
      who: string;
      action: string;
      outcome: string;
      terminal: string;
      from: string;
      before: string;
      at: string;
    };
    rows: EntryNews[];
  };
  /** Customers. `after`: where the page begins, or "". */
  customers: { query: { find: string; after: string }; rows: CustomerNews[] };
  /** One customer. */
  customer: { query: { name: string }; rows: CustomerFacts[] };
  /** Bookings of a customer, or of one account unless it is "", newest first. */
  bookings: {
    query: { name: string; account: string; before: string };
    rows: BookingNews[];
  };
}

export type ConsoleQuery = {
  [Of in keyof ConsoleQueries]: { of: Of } & ConsoleQueries[Of]["query"];
}[keyof ConsoleQueries];

export type RowsOf<Query extends ConsoleQuery> = ConsoleQueries[Query["of"]]["rows"];

/**
 * The acts of the page: commands without a file, which the process signs for it. None gives anybody a
 * key: a page that is not honest has no more once the console is locked.
 */
export const consoleActs = [
  "suspend_terminal",
  "resume_terminal",
  "revoke_terminal",
  "write_off_terminal",
  "rotate_terminal",
  "rotate_key",
  "revoke_device",
  "revoke_card",
  "open_account",
  "set_customer_state",
  "set_account_state",
  "reset_password",
  "set_limits",
  "settle_hold",
  "correct_movement",
  "confirm_clock",
  "set_back_clock",
  "end_restore",
  "rotate_audit_key",
  "take_checkpoint",
  "read_receipt",
  "remove_operator",
  "approve",
  "reject",
] as const satisfies readonly OperatorCommandName[];

/** A named value, without characters that do not show. */
export interface ProposalFact {
  name: string;
  value: string;
  /** The customer whose page has more about it. */
  customer?: string;
}

/** A command that waits for a second operator. */
export interface ProposalNews {
  id: string;
  operator: string;
  command: OperatorCommandName;
  /** The command's fields, amounts first. */
  fields: ProposalFact[];
  /** What the bank has at present of the things that the command changes. */
  facts: ProposalFact[];
  sinceMs: number;
  untilMs: number;
}

/** What is wrong, and what to do. */
export interface ProblemNews {
  what: string;
  mend: string;
  /** The terminal that has it; absent for the bank's own. */
  terminal?: string;
}

/** A terminal, as its operators watch it. */
export interface TerminalNews {
  name: string;
  state: "active" | "suspended" | "revoked";
  contact: "connected" | "lost" | "elsewhere" | "unseen";
  /** Its last message to this server; null for none since the server's start. */
  lastMs: number | null;
  keyVersion: number;
  /** Since when its next key waits; null if none does. */
  nextKeyMs: number | null;
  /** Its notes; null before its first report. `unfilled`: staff put none in, customers may have. */
  cassettes: { value: MinorText; count: number; unfilled?: boolean }[] | null;
  /** What the books have in it if it is revoked; null for another. */
  notes: MinorText | null;
  /** The cash device that obeys the bank's tokens alone; null for none, and for a revoked one. */
  device: string | null;
  /** Whether it waits for its next device: it dispenses nothing without one. */
  isDeviceRevoked: boolean;
  problems: ProblemNews[];
  /** The last comparison with the books; null for none. */
  reconciledMs: number | null;
  /** What it found, in words. */
  differences: readonly string[];
}

/** A difference between a terminal and the books. */
export interface DifferenceNews {
  terminal: string;
  reconciledMs: number;
  /** In words. */
  difference: string;
  /** The movement that differs; empty for the notes. */
  movement: string;
  /** Whether it is open. */
  isOpen: boolean;
}

/** A limit of the bank, of an account or of a terminal. */
export interface OwnedLimit {
  whose: string;
  limit: string;
  /** Decimal; null for none. */
  amount: string | null;
}

/** An operator. */
export interface OperatorNews {
  operator: string;
  role: Role;
  publicKey: string;
  /** An instant. */
  since: string;
}

/** A customer among those that were found. */
export interface CustomerNews {
  customer: string;
  /** What screens call the customer; may be empty. */
  shown: string;
  /** The accounts' numbers, in the order in which they were opened. */
  accounts: string[];
  balance: MinorText;
  /** The state of all accounts, or "mixed". */
  state: AccountNews["state"] | "mixed";
  /** The card; null for none. */
  card: CardNews | null;
}

/** A customer with the accounts. */
export interface CustomerFacts {
  customer: string;
  shown: string;
  /** The last log-in; null for none. */
  lastMs: number | null;
  lastTerminal: string;
  /** Until when a one-time password is valid; null for none. */
  oneTimeMs: number | null;
  /** The card; null for none. */
  card: CardNews | null;
  accounts: AccountNews[];
}

/** A customer's card. */
export interface CardNews {
  sinceMs: number;
  hasPin: boolean;
  /** Whether it waits for a log-in with the password, after too many wrong PINs. */
  isBlocked: boolean;
}

export interface AccountNews {
  number: string;
  name: string;
  balance: MinorText;
  held: MinorText;
  state: "open" | "locked" | "closed";
  /** The account's limits, or the bank's; null for none. */
  withdrawalMax: LimitNews;
  dayOutMax: LimitNews;
}

/** A limit: an amount or none, and whether it is the account's own. */
export interface LimitNews {
  amount: MinorText | null;
  isOwn: boolean;
}

/** A booking of a customer's account, as the log has it. */
export interface BookingNews {
  place: string;
  timeMs: number;
  action: string;
  account: string;
  /** Signed; null if the balance before it was not found. */
  amount: MinorText | null;
  balance: MinorText;
  terminal: string;
  /** Empty for none. */
  movement: string;
}

/** An entry of the log. */
export interface EntryNews {
  /** "1.4711". */
  place: string;
  timeMs: number;
  who: string;
  action: string;
  outcome: string;
  terminal: string;
  /** Empty for none. */
  movement: string;
}

/** An entry that the watch has found. */
export interface FreshEntry extends EntryNews {
  /** Whether it is an operator's, and changed the books. */
  isChange: boolean;
}

/** A movement's entry in the log. */
export interface MovementNews {
  /** The entry's place: "1.4711". */
  place: string;
  timeMs: number;
  who: string;
  action: string;
  kind: "withdrawal" | "deposit" | "transfer";
  step: "authorise" | "settle" | "report" | "book";
  outcome: string;
  terminal: string;
  movement: string;
  amount: MinorText;
}

/** A movement that is authorised and not settled. */
export interface HoldNews {
  movement: string;
  kind: string;
  amount: MinorText;
  customer: string;
  /** The terminal's name. */
  terminal: string;
  timeMs: number;
  /** Whether staff must count the notes; otherwise its terminal settles it. */
  inDoubt: boolean;
}

/** Sums of a period of `newsPeriodMs`. */
export interface PeriodNews {
  startMs: number;
  /** Cash paid out and taken in, in minor units. */
  out: MinorText;
  in: MinorText;
  /** Finished movements, and refused ones. */
  done: number;
  refused: number;
}

/** A witness of the log. */
export interface WitnessNews {
  name: string;
  /** Whether it has cosigned the last checkpoint. */
  hasCosigned: boolean;
  /** What it answered instead; empty for nothing. */
  why: string;
}

/** The present state of a bank, for those who operate it. */
export interface BankNews {
  /** The bank's time when this was gathered. */
  nowMs: number;
  bank: { name: string; currency: Currency; timeZone: string };
  operator: { role: Role; fourEyes: boolean };
  server: {
    startedMs: number;
    isShared: boolean;
    connections: number;
    movementsPerSecond: number;
    freeBytes: number | null;
    clockDoubt: string | null;
    /** Where the bank's time stays until the clock is there; null unless it is ahead of the clock. */
    aheadMs: number | null;
    /**
     * What a restored bank's operators have to see to before its restore ends: the terminals that it
     * waits for, in words or "", and whether devices paid without a record; null for nothing.
     */
    restore: { waitingFor: string; isPaidUnknown: boolean } | null;
  };
  log: {
    entries: number;
    checkpointMs: number | null;
    /** How many entries the last checkpoint covers; null before the first. */
    checkpointSize: number | null;
    /** Whether it has the cosignatures of enough witnesses; null without witnesses. */
    isCosigned: boolean | null;
    witnesses: WitnessNews[];
    /** Whether a contradiction has stopped all signing. */
    isStopped: boolean;
    verifiedMs: number | null;
    backupMs: number | null;
    keyVersion: number;
  };
  /** What needs an operator, in the order of urgency, at most `newsProblemsMax` of `problemCount`. */
  problems: ProblemNews[];
  problemCount: number;
  next: ProblemNews[];
  terminals: { total: number; connected: number; attention: number; suspended: number };
  /** Movements that are authorised and not settled, and those of them that wait for an operator. */
  holds: { count: number; waiting: number; oldestMs: number | null };
  proposals: ProposalNews[];
  /** The movements of the bank's day, as far as the log was read back. */
  today: {
    sinceMs: number;
    /** Whether the day's earlier movements are missing. */
    isCut: boolean;
    periods: PeriodNews[];
    out: MinorText;
    in: MinorText;
    done: number;
    refused: number;
    outcomes: { outcome: string; count: number }[];
  };
  /** The newest movements, newest first. */
  movements: MovementNews[];
  /** A number for each topic that grows with its changes: a screen then reads its rows again. */
  versions: { terminals: number; holds: number; log: number };
}

/** A piece of `watch_bank`: the news if they changed, and the terminals that did. */
export interface WatchedBank {
  news?: BankNews;
  /** All terminals with the first piece, changed ones with later ones. */
  terminals?: TerminalNews[];
  /** Open movements that are new or newly in doubt, at most `newsHoldsMax`, and the ids of settled ones. */
  holds?: HoldNews[];
  settled?: string[];
  /** New entries of the log, oldest first, as far as the operator's role may see them. */
  entries?: FreshEntry[];
  /** Whether entries before these were left out. */
  missed?: boolean;
}
