/** What the ledger is asked to do, and what it answers: plain values that cross threads. */
import type { AtmOutcome, Outcome } from "../../lib/errors.ts";

/** 32 hex digits, made and journaled by the terminal before it is sent. */
export type MovementId = string;
/** 32 hex digits, the id a terminal was enrolled with. */
export type TerminalId = string;

/** A customer's movement in its first phase: a hold, or leave to take notes. */
export interface Authorise {
  op: "authorise";
  kind: "withdrawal" | "deposit";
  movement: MovementId;
  terminal: TerminalId;
  customer: string;
  account: number;
  /** Minor units. */
  amount: bigint;
  currency: string;
}

/** The second phase: the terminal says what its devices did. */
export type Settle =
  | { op: "complete"; movement: MovementId; terminal: TerminalId; amount: bigint }
  | { op: "reverse"; movement: MovementId; terminal: TerminalId }
  | { op: "void"; movement: MovementId; terminal: TerminalId };

/** Notes put into a terminal's cassettes from the bank's vault. */
export interface LoadCash {
  op: "load_cash";
  movement: MovementId;
  terminal: TerminalId;
  amount: bigint;
  currency: string;
}

export type Administer =
  | {
    op: "add_customer";
    operator: string;
    username: string;
    /** Argon2id, in its encoded form. */
    passwordHash: string;
    /** Booked from the vault when above zero. */
    opening: bigint;
    movement: MovementId;
  }
  | {
    op: "enrol_terminal";
    operator: string;
    terminal: TerminalId;
    name: string;
    keyVersion: number;
    sealedKey: Uint8Array;
  }
  | {
    op: "rotate_terminal";
    operator: string;
    terminal: TerminalId;
    /** One more than any version before. */
    keyVersion: number;
    sealedKey: Uint8Array;
    /** True when the key before must end at once. */
    now: boolean;
  }
  | { op: "revoke_terminal"; operator: string; terminal: TerminalId }
  /** The same keys, sealed under another master key. */
  | {
    op: "reseal_terminals";
    operator: string;
    keys: { terminal: TerminalId; keyVersion: number; sealedKey: Uint8Array }[];
  };

/** A terminal has proved that it holds its next key: the one before ends. */
export interface ConfirmKey {
  op: "confirm_key";
  terminal: TerminalId;
  keyVersion: number;
}

/**
 * A log-in, counted before the password is looked at and settled after. `nameHash` is the keyed hash
 * of the username: it stands in the log and the counters for names that nobody has.
 */
export type LogIn =
  | { op: "begin_log_in"; username: string; nameHash: string; terminal: TerminalId }
  | { op: "end_log_in"; username: string; nameHash: string; terminal: TerminalId; passed: boolean };

/** Something that happened and changes nothing but the audit log. */
export interface Note {
  op: "note";
  who: string;
  action: string;
  kind: EntryKind;
  outcome: AtmOutcome;
  terminal?: TerminalId;
}

export type Command =
  & (Authorise | Settle | LoadCash | Administer | ConfirmKey | LogIn | Note)
  /** The version of the terminal's key that the command's channel rests on. */
  & { underKey?: number };

/** An account as it stands after a command. */
export interface AccountState {
  id: number;
  balance: bigint;
  held: bigint;
  version: number;
}

export interface Reply {
  outcome: Outcome;
  account?: AccountState;
  /** The bank's time of the command, milliseconds since 1970. */
  timeMs: number;
  /** What a settled movement booked. */
  booked?: bigint;
  retryAfterMs?: number;
  /** For `begin_log_in`: what the password is checked against; null for a name that nobody has. */
  passwordHash?: string | null;
}

/** What an entry is about, for filters. */
export type EntryKind = "withdrawal" | "deposit" | "log-in" | "other";

/** An audit entry before it is sealed: `who | action | time`, and facts beside it. */
export interface AuditEntry {
  /** The customer's username; `operator NAME`, `terminal NAME`, `bank`, or a keyed hash otherwise. */
  who: string;
  action: string;
  timeMs: number;
  kind: EntryKind;
  outcome: AtmOutcome;
  /** The terminal's name; empty for what happened at none. */
  terminal: string;
  movement?: MovementId;
  /** Which of a movement's two rows this is. */
  step?: "authorise" | "settle";
  amount?: bigint;
}
