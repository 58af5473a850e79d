/** The ledger's commands and their replies: plain values, which cross threads. */
import type { LoggedAt } from "../../lib/atm.ts";
import type { LoggedOutcome, Outcome } from "../../lib/errors.ts";
import type { AmountFault } from "../../lib/money.ts";
import type { EntryKind } from "../audit/entry.ts";
import type {
  AccountState,
  Limits,
  Line,
  MovementId,
  Restoring,
  Terminal,
  TerminalId,
} from "./model.ts";

/** What needs a visit: refused as `not_logged_in` unless the customer still has this version. */
export interface OfVisit {
  passwordVersion: number;
}

/** A customer's movement in its first phase: a hold, or leave to take notes. */
export interface Authorise extends OfVisit {
  op: "authorise";
  kind: "withdrawal" | "deposit";
  movement: MovementId;
  terminal: TerminalId;
  customer: string;
  /** Its number, as everywhere in commands. */
  account: string;
  /** Minor units; zero where what came was no amount. */
  amount: bigint;
  /** Why what came was no amount. */
  fault?: AmountFault;
  currency: string;
}

/** Money from a customer's account to another's, or to another of their own: in one step. */
export interface Transfer extends OfVisit {
  op: "transfer";
  movement: MovementId;
  terminal: TerminalId;
  customer: string;
  account: string;
  to: string;
  /** As in `Authorise`. */
  amount: bigint;
  fault?: AmountFault;
  currency: string;
}

/** The owner of an account, masked, for a customer who is about to send money there. */
export interface LookUp extends OfVisit {
  op: "look_up";
  terminal: TerminalId;
  customer: string;
  account: string;
}

/** The second phase: what the terminal's devices did. */
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

/** What the terminal's devices did since the backup that the bank was restored from. */
export interface Retell {
  op: "retell";
  movement: MovementId;
  terminal: TerminalId;
  kind: "withdrawal" | "deposit" | "load" | "count";
  /** The customer's account; empty where the terminal has no record of it. */
  account: string;
  /** The uid that this account had for the terminal; empty where it has no record of it. */
  uid: string;
  /** What was moved; zero for nothing, below zero what a count found missing. */
  amount: bigint;
  currency: string;
  /** The bank's time that the terminal last received before; null where it has no record of one. */
  timeMs: number | null;
}

/** The terminal has no more to tell. */
export interface Retold {
  op: "retold";
  terminal: TerminalId;
}

/** What people found in a terminal's cassettes, over or missing. */
export interface CountCash extends Omit<LoadCash, "op"> {
  op: "count_cash";
  /** Minor units: over, or below zero missing. */
  amount: bigint;
}

/**
 * What an account that is to be opened is called. It comes with the command, since the rules are pure.
 * The account gets the first of the numbers that no account has; where each is taken, the command gets
 * `try_later`, and comes again with others.
 */
export interface NewIdentity {
  uid: string;
  numbers: string[];
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
  } & NewIdentity
  | {
    op: "open_account";
    operator: string;
    username: string;
    name: string;
    opening: bigint;
    movement: MovementId;
  } & NewIdentity
  | {
    op: "set_account_state";
    operator: string;
    account: string;
    state: "open" | "locked" | "closed";
    reason: string;
  }
  /** The bank's own limits; those left out stay. */
  | { op: "set_limits"; operator: string; limits: Partial<Limits> }
  /** An account's or a terminal's own; null where the bank's hold again, left out where it stays. */
  | {
    op: "set_own_limits";
    operator: string;
    /** An account's number, or a terminal's id. */
    account?: string;
    terminal?: TerminalId;
    withdrawalMax?: bigint | null;
    dayOutMax?: bigint | null;
    dayInMax?: bigint | null;
  }
  /** An operator ends an open movement in the terminal's place; an amount of 0 reverses it. */
  | {
    op: "settle_hold";
    operator: string;
    movement: MovementId;
    amount: bigint;
    reason: string;
  }
  /** A backup is to take the bank's place: the present terminals stay, and each is waited for. */
  | {
    op: "restore";
    operator: string;
    terminals: readonly Terminal[];
    restoring: Restoring;
    /** What the backup lacks, in words. */
    missing: string;
  }
  /** Serves customers though terminals have not told what they did since the backup. */
  | { op: "end_restore"; operator: string; reason: string }
  /** The clock has jumped, and is right. */
  | { op: "confirm_clock"; operator: string }
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
 * A log-in, counted before the password is checked and settled after. `nameHash` is the keyed hash of
 * the username: the log and the counters have it in place of names that nobody has.
 */
export type LogIn =
  | { op: "begin_log_in"; username: string; nameHash: string; terminal: TerminalId }
  | {
    op: "end_log_in";
    username: string;
    nameHash: string;
    terminal: TerminalId;
    passed: boolean;
    /** The version that the password was checked against. */
    passwordVersion: number;
    /** Where other servers see the visit. */
    connection?: string;
  };

/** A new password, counted and checked as a log-in is. `refused`: what is wrong with the new one. */
export type ChangePassword =
  & OfVisit
  & ({ op: "begin_password_change"; username: string; nameHash: string; terminal: TerminalId } | {
    op: "end_password_change";
    username: string;
    nameHash: string;
    terminal: TerminalId;
    passed: boolean;
    refused: "password_too_short" | "password_unchanged" | null;
    /** Argon2id, in its encoded form; of no use when it was refused. */
    passwordHash: string;
  });

/** A terminal has proved itself on a connection of this server: it is its newest. */
export interface OpenLine extends Line {
  op: "open_line";
}

/** A server is alive: other servers see its batches. */
export interface Alive {
  op: "alive";
}

/**
 * Something that happened and changes nothing but the audit log. With a version it is what the visit of
 * the customer `who` asked for.
 */
export interface LogCommand extends Partial<OfVisit> {
  op: "log";
  who: string;
  action: string;
  kind: EntryKind;
  outcome: LoggedOutcome;
  terminal?: TerminalId;
  /** The connection whose visit ends with this. */
  leaves?: string;
}

/** The visit that a command needs; null for none. */
export function visitOf(command: Command): { customer: string; passwordVersion: number } | null {
  switch (command.op) {
    case "authorise":
    case "transfer":
    case "look_up":
      return command;
    case "begin_password_change":
    case "end_password_change":
      return { customer: command.username, passwordVersion: command.passwordVersion };
    case "log": {
      const { who: customer, passwordVersion } = command;
      return passwordVersion === undefined ? null : { customer, passwordVersion };
    }
    default:
      return null;
  }
}

/** An entry that is about no movement; unless `more` says otherwise, of something that went well. */
export function logCommand(
  who: string,
  action: string,
  more: Partial<Pick<LogCommand, "kind" | "outcome" | "terminal" | "leaves">> = {},
): LogCommand {
  return { op: "log", who, action, kind: "other", outcome: "ok", ...more };
}

export type Command =
  & (
    | Authorise
    | Settle
    | Transfer
    | LookUp
    | LoadCash
    | Retell
    | Retold
    | CountCash
    | Administer
    | ConfirmKey
    | LogIn
    | ChangePassword
    | LogCommand
    | OpenLine
    | Alive
  )
  /** The version of the terminal's key that the command's channel rests on. */
  & { underKey?: number };

export interface Reply {
  outcome: Outcome;
  account?: AccountState;
  /** For a log-in: all of the customer's accounts, the one that is shown first leading. */
  accounts?: AccountState[];
  /** For a look-up: the name, masked. */
  recipient?: string;
  /** The bank's time of the command, milliseconds since 1970. */
  timeMs: number;
  /** What a settled movement booked; in the answer to a repeated authorisation too. */
  booked?: bigint;
  retryAfterMs?: number;
  /** The place of its entry in the log, for a movement's own commands. */
  logged?: LoggedAt;
  /** For `begin_log_in` and `begin_password_change`: what the password is checked against; null for a name that nobody has. */
  passwordHash?: string | null;
  /** The version of that password, 0 for none; for `end_password_change` that of the new one. */
  passwordVersion?: number;
}
