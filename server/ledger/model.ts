/** What the ledger keeps: ids, rows, and what a batch loads and changes of them. Plain values. */
import { hex, utf8 } from "../../lib/bytes.ts";
import type { Outcome } from "../../lib/errors.ts";
import { hmac } from "../../lib/hmac.ts";
import type { Currency } from "../../lib/money.ts";

/** 32 hex digits, made and journaled by the terminal before it is sent. */
export type MovementId = string;
/** 32 hex digits, the id a terminal was enrolled with. */
export type TerminalId = string;

/** An account as it is after a command. */
export interface AccountState {
  /** The database's own key, in the order in which accounts were opened. It does not leave the bank. */
  id: number;
  /** As in `lib/account_number`; of the bank's own accounts a name, which no transfer reaches. */
  number: string;
  /** 32 hex digits, which no other account has or had, in a bank that was restored either. */
  uid: string;
  /** What its customer calls it, such as "savings"; may be empty. */
  name: string;
  balance: bigint;
  held: bigint;
  version: number;
}

export type AccountKind = "customer" | "terminal" | "vault" | "differences";

/**
 * An account. `balance` is credits less debits: above zero when the bank owes it to a customer,
 * below zero for cash in a terminal or in the vault, so that all balances sum to zero.
 */
export interface Account extends AccountState {
  kind: AccountKind;
  /** A username, a terminal id, or empty for the bank's own. */
  owner: string;
  currency: string;
  state: "open" | "locked" | "closed";
  /** The bank's calendar day that `dayOut` and `dayIn` were charged to. */
  day: number;
  /** Taken out and sent by a customer, or handed out by a terminal, on that day. */
  dayOut: bigint;
  /** Taken in by a terminal on that day. */
  dayIn: bigint;
  /** Limits of this account's own, before the bank's; null where the bank's hold. */
  withdrawalMax: bigint | null;
  dayOutMax: bigint | null;
  dayInMax: bigint | null;
}

/** What an account is called: random for a customer's. */
export type AccountIdentity = Pick<Account, "number" | "uid">;

/** What every account begins with. */
export const newAccount = {
  balance: 0n,
  held: 0n,
  version: 0,
  state: "open",
  day: 0,
  dayOut: 0n,
  dayIn: 0n,
  withdrawalMax: null,
  dayOutMax: null,
  dayInMax: null,
} as const satisfies Partial<Account>;

/** The identity of a terminal's cash account. A terminal's id is random and is given out once. */
export function cashIdentity(terminal: TerminalId): AccountIdentity {
  return { number: `cash ${terminal}`, uid: terminal };
}

/** The accounts that a bank begins with. */
export function firstAccounts({ bankId, currency }: Settings): Account[] {
  return (["vault", "differences"] as const).map((kind, index) => ({
    ...newAccount,
    id: index + 1,
    number: kind,
    uid: hex(hmac(utf8(bankId), utf8(kind)).subarray(0, 16)),
    kind,
    owner: "",
    name: "",
    currency: currency.code,
  }));
}

/** The bank's limits, in minor units; null for none. */
export interface Limits {
  /** One withdrawal. */
  withdrawalMax: bigint | null;
  /** What one account gives in a day, in withdrawals and transfers. */
  accountDayOutMax: bigint | null;
  /** The notes that one terminal hands out, and takes in, in a day. */
  terminalDayOutMax: bigint | null;
  terminalDayInMax: bigint | null;
}

/** A bank that was restored from a backup, until its terminals have retold what they did since. */
export interface Restoring {
  /** Milliseconds since 1970: what is older the backup has. */
  sinceMs: number;
  /** Terminals that have not done so yet. */
  waiting: readonly TerminalId[];
}

export const noLimits: Limits = {
  withdrawalMax: null,
  accountDayOutMax: null,
  terminalDayOutMax: null,
  terminalDayInMax: null,
};

/**
 * A movement's row, never changed: one when it begins, one when it is settled, and one for the
 * terminal's report after an operator has settled it.
 */
export interface Movement {
  id: MovementId;
  step: MovementStep;
  action: "authorise" | "complete" | "reverse" | "void" | "book" | "report";
  /** `load`: notes in a terminal that no customer moved, put in or found over or missing. */
  kind: "withdrawal" | "deposit" | "transfer" | "load" | "opening" | "void";
  terminal: TerminalId;
  customer: string;
  /** The operator who settled it instead of the terminal; otherwise empty. */
  operator: string;
  debit: number | null;
  credit: number | null;
  /** What was asked for; in a report, what the terminal's devices moved. */
  amount: bigint;
  /** What this row moved from debit to credit. */
  booked: bigint;
  currency: string;
  outcome: Outcome;
  /** Balances after this row; null where it has no such account. */
  debitBalance: bigint | null;
  creditBalance: bigint | null;
  /** The bank's calendar day: what the first row charged, it charged to this one. */
  day: number;
  timeMs: number;
}

export type MovementStep = 1 | 2 | 3;

export interface Customer {
  username: string;
  passwordHash: string;
  /** Counts passwords and locks: a visit rests on the version that its log-in was checked against. */
  passwordVersion: number;
  /** Where the customer logged in, the latest first. */
  knownTerminals: readonly KnownTerminal[];
}

export interface KnownTerminal {
  terminal: TerminalId;
  /** The last log-in there. */
  lastMs: number;
}

export interface Terminal {
  id: TerminalId;
  name: string;
  keyVersion: number;
  sealedKey: Uint8Array;
  state: "active" | "revoked";
  /** The key that follows, from its making until the terminal has come with it. */
  next: { version: number; sealedKey: Uint8Array; sinceMs: number } | null;
}

/** The newest connection of a terminal, and who is logged in on it. */
export interface Line {
  terminal: TerminalId;
  /** 32 hex digits, made by the server for this connection. */
  connection: string;
  /** The id of its server's chain, as hex digits. */
  server: string;
}

/** A log-in on a connection, or its end: an empty username. */
export interface LineVisit {
  terminal: TerminalId;
  connection: string;
  username: string;
}

/** A line as other servers see it. */
export interface SeenLine extends Line {
  terminalName: string;
  /** Who is logged in; empty for nobody. */
  username: string;
  /** The version of that customer's password; 0 for nobody. */
  passwordVersion: number;
  /** The server's last batch: it is another one whenever the server has done something. */
  lastBatch: string;
}

/** Failed log-ins of one source. */
export interface Failures {
  source: string;
  count: number;
  lastMs: number;
}

/** What the bank was set up with. */
export interface Settings {
  bankId: string;
  bankName: string;
  currency: Currency;
  timeZone: string;
  /** Minor units; what is handed out is a multiple of it. */
  smallestNote: bigint;
}

/** Everything loaded, or changed. */
export interface Rows {
  /** In changes: as they are after the movements, from whose rows the database books their money. */
  accounts: Account[];
  movements: Movement[];
  customers: Customer[];
  terminals: Terminal[];
  failures: Failures[];
}

export interface Loaded extends Rows {
  settings: Settings;
  limits: Limits;
  /** Null when all is as ever. */
  restoring: Restoring | null;
  /** The next account to be opened gets this id. */
  accountIdNext: number;
  /** The time of the newest batch of any server; 0 where there is no other than this one. */
  lastMs: number;
}

/** A reading of the clock that an operator confirmed, though the books had a later time. */
export interface ConfirmedClock {
  confirmedMs: number;
  /** The bank's time then. */
  timeMs: number;
}

/**
 * What a batch changed, to be committed whole or not at all. Movements bring with them what follows
 * from their rows: balances, what is held, and which movements are open.
 */
export interface Changes extends Rows {
  /** Connections that are their terminals' newest, in place of any before. */
  lines: Line[];
  /** What becomes of connections that are still the newest. */
  lineVisits: LineVisit[];
  /** The bank's limits, where they changed. */
  limits: Limits | null;
  /** What is still waited for after a restore, where that changed. */
  restoring: Restoring | null;
  /** What an operator confirmed of the clock, where one did. */
  clock: ConfirmedClock | null;
  /** The batch's time. */
  timeMs: number;
}

/** A batch that changes nothing. */
export const noChanges: Omit<Changes, "timeMs"> = {
  accounts: [],
  movements: [],
  customers: [],
  terminals: [],
  failures: [],
  lines: [],
  lineVisits: [],
  limits: null,
  restoring: null,
  clock: null,
};

/**
 * The source under which a customer's failures at all terminals but the known ones are counted: by hash,
 * since people type passwords as names.
 */
export const customerSource = (nameHash: string) => `customer ${nameHash}`;
/** The source under which a customer's failures at one terminal are counted. */
export const customerAtSource = (nameHash: string, terminal: TerminalId) =>
  `customer ${nameHash} ${terminal}`;
/** The source under which a terminal's failures are counted. */
export const terminalSource = (terminal: TerminalId) => `terminal ${terminal}`;

/** The source under which a customer's looks at other people's accounts are counted. */
export const recipientSource = (customer: string) => `recipient ${customer}`;
