/** The ledger's data: ids, rows, and the changes of a batch. Plain values. */
import { hex, utf8 } from "../../lib/bytes.ts";
import type { Outcome } from "../../lib/errors.ts";
import { hmac } from "../../lib/hmac.ts";
import type { Currency } from "../../lib/money.ts";
import type { Role } from "../../lib/operator_commands.ts";

/** 32 hex digits, made and journaled by the terminal before it is sent. */
export type MovementId = string;
/** 32 hex digits, the id a terminal was enrolled with. */
export type TerminalId = string;

export type AccountKind = "customer" | "terminal" | "vault" | "differences";

/**
 * An account. `balance` is credits minus debits: positive if the bank owes it to a customer,
 * negative for cash in a terminal or in the vault, so that all balances sum to zero.
 */
export interface Account {
  /** The database's key, in the order in which accounts were opened. It does not leave the bank. */
  id: number;
  /** As in `lib/account_number`; for the bank's own accounts a name, which no transfer can use. */
  number: string;
  /** 32 hex digits, never reused, not even by a restored bank. */
  uid: string;
  /** The customer's name for it, such as "savings"; may be empty. */
  name: string;
  balance: bigint;
  held: bigint;
  version: number;
  kind: AccountKind;
  /** A username, a terminal id, or empty for the bank's own. */
  owner: string;
  currency: string;
  state: "open" | "locked" | "closed";
  /** The bank's day, as `bankDayOf` counts it, to which `dayOut` and `dayIn` were charged. */
  day: number;
  /** Withdrawn and sent by a customer, or dispensed by a terminal, on that day. */
  dayOut: bigint;
  /** Accepted by a terminal on that day. */
  dayIn: bigint;
  /** This account's own limits, instead of the bank's; null for the bank's. */
  withdrawalMax: bigint | null;
  dayOutMax: bigint | null;
  dayInMax: bigint | null;
}

/** What an account handed out on the last day on which its money moved, and its own limit. */
export type DayOut = Pick<Account, "day" | "dayOut" | "dayOutMax">;

/** The identity of an account: random for a customer's. */
export type AccountIdentity = Pick<Account, "number" | "uid">;

/** The initial values of every account. */
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

/**
 * Returns the identity of a terminal's cash account. A terminal's id is random and is issued once.
 */
export function cashIdentity(terminal: TerminalId): AccountIdentity {
  return { number: `cash ${terminal}`, uid: terminal };
}

/** Returns the accounts of a new bank. */
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
  /** Per account and day, withdrawals and transfers. */
  accountDayOutMax: bigint | null;
  /** Notes that one terminal dispenses, and accepts, per day. */
  terminalDayOutMax: bigint | null;
  terminalDayInMax: bigint | null;
}

/** The state of a restored bank until its terminals have retold, and nothing of it is left to do. */
export interface Restoring {
  /** Milliseconds since 1970: the backup has everything older. */
  sinceMs: number;
  /** Terminals that have not retold yet. */
  waiting: readonly TerminalId[];
  /**
   * Terminals whose device has not attested its state since, and the bank's nonce for that: it gets
   * no token before.
   */
  unattested: readonly { terminal: TerminalId; nonce: string }[];
  /** Amounts that devices had paid out on tokens which the bank does not have, for its operators. */
  unknown: readonly { terminal: TerminalId; amount: bigint }[];
}

/** A person, or a timer, whose signed commands the bank runs. */
export interface Operator {
  name: string;
  role: Role;
  /** Ed25519, 64 hex digits. */
  publicKey: string;
  /** When this key was added, by the bank's time. */
  sinceMs: number;
}

/** A command that waits for the approval of a second operator. */
export interface Proposal {
  /** The hash that the approval signs: 64 hex digits. */
  id: string;
  /** The proposer's name. */
  operator: string;
  /** The command, as canonical JSON. */
  command: string;
  timeMs: number;
}

/** The bank's operators, and what one of them alone changes for all servers. */
export interface Staff {
  /** Whether some commands need two operators. It never becomes false again. */
  fourEyes: boolean;
  operators: readonly Operator[];
  proposals: readonly Proposal[];
  /** The version of the AUDIT_KEY that an operator rotated to; absent before the first rotation. */
  auditKeyVersion?: number;
}

export const noStaff: Staff = { fourEyes: false, operators: [], proposals: [] };

export const noLimits: Limits = {
  withdrawalMax: null,
  accountDayOutMax: null,
  terminalDayOutMax: null,
  terminalDayInMax: null,
};

/**
 * A movement's row, never changed: one at its start, one when it is settled, one for the
 * terminal's report after an operator has settled it, or for its doubt before that, and one for each
 * correction.
 */
export interface Movement {
  id: MovementId;
  step: MovementStep;
  action: "authorise" | "complete" | "reverse" | "void" | "book" | "report" | "doubt" | "correct";
  /** `load`: notes that staff put into a terminal or found in a count. */
  kind: "withdrawal" | "deposit" | "transfer" | "load" | "opening" | "void";
  terminal: TerminalId;
  customer: string;
  /** The operator who settled it instead of the terminal; otherwise empty. */
  operator: string;
  debit: number | null;
  credit: number | null;
  /** The requested amount; in a report, the amount that the terminal's devices moved. */
  amount: bigint;
  /** The amount that this row moved from debit to credit. */
  booked: bigint;
  currency: string;
  outcome: Outcome;
  /** Balances after this row; null if it has no such account. */
  debitBalance: bigint | null;
  creditBalance: bigint | null;
  /** The bank's day to which the first row was charged. */
  day: number;
  timeMs: number;
  /** A transfer's message, as `messageHash` has it; otherwise empty. */
  messageHash: string;
  /**
   * Of a withdrawal at a device with keys: the dispense token in its first row, and the present
   * status that its outcome, or its doubt, rests on in a later one. Otherwise empty.
   */
  token: string;
}

/** Returns 32 hex digits, by which a repeated id is compared: only the log has the message. */
export function messageHash(movement: MovementId, message: string | undefined): string {
  return message ? hex(hmac(utf8(movement), utf8(message)).subarray(0, 16)) : "";
}

/**
 * 1 begins a movement, 2 settles it, 3 is the terminal's report after an operator did, or its doubt
 * before an operator does, and the others are corrections.
 */
export type MovementStep = 1 | 2 | 3 | CorrectionStep;
export type CorrectionStep = typeof correctionSteps[number];
export const correctionSteps = [4, 5, 6, 7, 8, 9] as const;

export interface Customer {
  username: string;
  /** What screens call the customer, if it is not the username. */
  displayName?: string;
  passwordHash: string;
  /**
   * Counts passwords, PINs, locks and revoked cards: a visit is bound to the version of its log-in.
   */
  passwordVersion: number;
  card?: Card;
  /** The end of a one-time password, which operators have set; null if the customer chose it. */
  oneTime: OneTime | null;
  /** Where the customer logged in, the latest first. */
  knownTerminals: readonly KnownTerminal[];
}

/** A card that has been issued and not revoked. */
export interface Card {
  /** The keyed hash of its number: 64 hex digits. */
  hash: string;
  /** When it was issued, by the bank's time. */
  sinceMs: number;
  /** Argon2id with the bank's pepper, in its encoded form; null until the customer sets a PIN. */
  pinHash: string | null;
}

export interface OneTime {
  /** The bank's time. */
  untilMs: number;
  /** How often the bank's time had been set back: it ends if that happens once more. */
  setBacks: number;
}

export interface KnownTerminal {
  terminal: TerminalId;
  /** The last log-in there. */
  lastMs: number;
}

/** A terminal in the bank's books. */
export interface TerminalBooks {
  /** The newest movement that it began. */
  movement: MovementId;
  /** Minor units: the notes that it has. */
  cash: bigint;
}

export interface Terminal {
  id: TerminalId;
  name: string;
  keyVersion: number;
  sealedKey: Uint8Array;
  /** A suspended terminal may become active again, a revoked one never. */
  state: "active" | "suspended" | "revoked";
  /** The next key, from its creation until the terminal has used it. */
  next: { version: number; sealedKey: Uint8Array; sinceMs: number } | null;
  /** Its cash device with keys; absent for a terminal that never had one. */
  device?: Device;
}

/** A cash device that dispenses on the bank's tokens alone. A terminal has one at a time. */
export interface Device extends SealedDeviceKeys {
  name: string;
  /** The next device of a revoked one's terminal is another, with another name. */
  state: "active" | "revoked";
  /** Since when, by the bank's time, the terminal's dispenser has needed tokens: of its first device. */
  sinceMs: number;
  /** The keys before these, until the device has used the present ones. */
  previous: SealedDeviceKeys | null;
}

/** Both keys of a device, sealed as one. */
export interface SealedDeviceKeys {
  keyVersion: number;
  sealedKeys: Uint8Array;
}

/** The newest connection of a terminal, and its logged-in customer. */
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

/** A connection as seen by other servers. */
export interface SeenLine extends Line {
  terminalName: string;
  /** The logged-in customer; empty for nobody. */
  username: string;
  /** The version of that customer's password; 0 for nobody. */
  passwordVersion: number;
  /** The server's last batch, which changes whenever the server commits. */
  lastBatch: string;
}

/** Failed log-ins of one source. */
export interface Failures {
  source: string;
  count: number;
  /** By the store's clock: the bank's time may be far ahead of it. */
  lastMs: number;
}

/** The settings of a new bank. */
export interface Settings {
  bankId: string;
  bankName: string;
  currency: Currency;
  timeZone: string;
  /** Minor units; dispensed amounts are a multiple of it. */
  smallestNote: bigint;
}

/** Loaded or changed rows. */
export interface Rows {
  /**
   * In changes: the state after the movements, from whose rows the database computes their money.
   */
  accounts: Account[];
  movements: Movement[];
  customers: Customer[];
  terminals: Terminal[];
  failures: Failures[];
}

/** A reading of the clock that an operator confirmed, though the books had a later time. */
export interface ConfirmedClock {
  confirmedMs: number;
  /** The bank's time then. */
  timeMs: number;
  /** How many times the bank's time was set back until then. */
  setBacks: number;
}

/** The times that a store has. */
export interface StoreTimes {
  /** The bank's time of the newest batch of any server; 0 for a new bank. */
  lastMs: number;
  /** The database's own clock; null where it has none but this server's. */
  clockMs: number | null;
  /** The clock as an operator last confirmed it, at any server. */
  confirmed: ConfirmedClock | null;
}

export interface Loaded extends Rows, StoreTimes {
  settings: Settings;
  limits: Limits;
  /** Null unless the bank was restored. */
  restoring: Restoring | null;
  staff: Staff;
  /** The id of the next new account. */
  accountIdNext: number;
}

/**
 * A batch's changes, committed atomically. The database derives balances, holds and open movements
 * from the movements' rows.
 */
export interface Changes extends Rows {
  /** Connections that are their terminals' newest, replacing earlier ones. */
  lines: Line[];
  /** Changes of connections that are still the newest. */
  lineVisits: LineVisit[];
  /** The bank's limits, if they changed. */
  limits: Limits | null;
  /** The state of a restored bank, if it changed. */
  restoring: Restoring | null;
  /** The operators and their proposals, if they changed. */
  staff: Staff | null;
  /** An operator's confirmation of the clock, if there was one; `setsBack` if this batch's time is earlier. */
  clock: ConfirmedClock & { setsBack: boolean } | null;
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
  staff: null,
  clock: null,
};

/** Returns the newest of these movements that each terminal began, in the order of terminals. */
export function lastOfTerminals(rows: readonly Movement[]): [TerminalId, MovementId][] {
  const begun = rows.filter(({ step, terminal }) => step === 1 && terminal !== "");
  const last = new Map(begun.map(({ terminal, id }) => [terminal, id]));
  return [...last].sort(([a], [b]) => a < b ? -1 : 1);
}

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

/** The source under which the uses of a customer's card are counted since the last that succeeded. */
export const cardSource = (customer: string) => `card ${customer}`;

/** The source under which a terminal's loads and counts of cash are counted. */
export const cashSource = (terminal: TerminalId) => `cash ${terminal}`;

/** The source under which a customer's looks at other people's accounts are counted. */
export const recipientSource = (customer: string) => `recipient ${customer}`;
