/** The ledger's commands and their replies: plain values, which can be sent to threads. */
import type { LoggedAt } from "../../lib/atm.ts";
import type { LoggedOutcome, Outcome } from "../../lib/errors.ts";
import { reasonLengthMax } from "../../lib/limits.ts";
import type { AmountFault } from "../../lib/money.ts";
import type { Role } from "../../lib/operator_commands.ts";
import type { EntryKind } from "../audit/entry.ts";
import type {
  Account,
  AccountIdentity,
  DayOut,
  Limits,
  Line,
  MovementId,
  Operator,
  Restoring,
  Staff,
  Terminal,
  TerminalId,
} from "./model.ts";

/**
 * A command that needs a visit: refused as `not_logged_in` unless the customer still has this
 * version.
 */
export interface OfVisit {
  passwordVersion: number;
}

/** The first phase of a customer's movement: a hold, or a permission to accept notes. */
export interface Authorise extends OfVisit {
  op: "authorise";
  kind: "withdrawal" | "deposit";
  movement: MovementId;
  terminal: TerminalId;
  customer: string;
  /** The account's number, as in all commands. */
  account: string;
  /** Minor units; zero if the amount was invalid. */
  amount: bigint;
  /** The fault of an invalid amount. */
  fault?: AmountFault;
  currency: string;
  /** The token that a withdrawal at a device with keys gets, if it is authorised now. */
  dispense?: { keyVersion: number; token: string };
}

/** A present status of a terminal's device, whose HMAC was checked. */
export interface DeviceStatus {
  /** As it was received. */
  text: string;
  /** The version of the device's keys. */
  keyVersion: number;
  nonce: string;
  /** The HMAC of the last dispense token; null if there was none. */
  id: string | null;
  /** Minor units, as all amounts. */
  dispensed: bigint;
  presented: bigint;
  /** The nonce that ended last, and what was presented under it; null if it is not attested. */
  cleared: { nonce: string; presented: bigint } | null;
}

/** Transfers money from a customer's account to any other one, in one step. */
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
  /** For both sides' logs. */
  message?: string;
}

/** Looks up the masked owner of an account, before a transfer. */
export interface LookUp extends OfVisit {
  op: "look_up";
  terminal: TerminalId;
  customer: string;
  account: string;
  /** The account from which the transfer would be. */
  from: string;
}

/** The second phase: the outcome at the terminal's devices. */
export type Settle =
  & (
    | { op: "complete"; movement: MovementId; terminal: TerminalId; amount: bigint }
    | { op: "reverse"; movement: MovementId; terminal: TerminalId }
    | { op: "void"; movement: MovementId; terminal: TerminalId }
  )
  /** Of a withdrawal with a token. */
  & { status?: DeviceStatus };

/** A withdrawal whose device has no proof of its outcome: only an operator settles it. */
export interface Doubt {
  op: "doubt";
  movement: MovementId;
  terminal: TerminalId;
  status?: DeviceStatus;
}

/** What a terminal's device attests after a restore, before it gets a token. */
export interface Attest {
  op: "attest";
  terminal: TerminalId;
  status?: DeviceStatus;
  /** The withdrawal of the device's last token, according to the terminal. */
  of?: MovementId;
  /** A random id, for what was paid on a token that the bank does not have. */
  movement: MovementId;
}

/** Notes loaded into a terminal's cassettes from the bank's vault. */
export interface LoadCash {
  op: "load_cash";
  movement: MovementId;
  terminal: TerminalId;
  amount: bigint;
  currency: string;
}

/** A terminal's movement since the backup from which the bank was restored. */
export interface Retell {
  op: "retell";
  movement: MovementId;
  terminal: TerminalId;
  kind: "withdrawal" | "deposit" | "load" | "count";
  /** The customer's account; empty if the terminal has no record of it. */
  account: string;
  /** The uid of that account; empty if the terminal has no record of it. */
  uid: string;
  /** The amount moved; zero for nothing, negative for a shortage; the amount authorised if open. */
  amount: bigint;
  currency: string;
  /** Whether the terminal does not have the outcome of this withdrawal or deposit yet. */
  open: boolean;
  /** The movement's dispense token, whose HMAC was checked. */
  token?: string;
  /** A token that this bank cannot check, since it lacks its keys: it proves nothing. */
  unchecked?: string;
  status?: DeviceStatus;
  /** The last bank's time that the terminal had received; null if it has no record of one. */
  timeMs: number | null;
}

/** A transfer since the backup from which the bank was restored, which its terminal repeats. */
export interface RetellTransfer {
  op: "retell_transfer";
  movement: MovementId;
  terminal: TerminalId;
  account: string;
  uid: string;
  to: string;
  toUid: string;
  amount: bigint;
  currency: string;
  /** Whether the bank's own voucher shows that it booked exactly this. */
  vouched: boolean;
}

/** Marks the end of a terminal's retold movements. */
export interface Retold {
  op: "retold";
  terminal: TerminalId;
}

/** The difference found by a count of a terminal's cassettes. */
export interface CountCash extends Omit<LoadCash, "op"> {
  op: "count_cash";
  /** Minor units, negative for a shortage. */
  amount: bigint;
}

/**
 * The identity of a new account. It is part of the command, since the rules are pure. The account
 * gets the first free number; if all are taken, the command gets `try_later`, and is repeated with
 * others.
 */
export interface NewIdentity {
  uid: string;
  numbers: string[];
}

/** The approval of a proposal, which ends with the command that it runs. */
export interface Approval {
  proposal: string;
  /** Its last possible time is this long after it was proposed. */
  lapseMs: number;
}

/** The commands of the operators' own rows. */
export type ManageStaff =
  /** A new operator, or a new key and role of one. */
  | { op: "add_operator"; operator: string; name: string; role: Role; publicKey: string }
  | { op: "remove_operator"; operator: string; name: string }
  /** A command that waits for a second operator. */
  | { op: "propose"; operator: string; id: string; command: string; words: string }
  | { op: "reject_proposal"; operator: string; id: string; reason: string }
  /** `version`: of the next AUDIT_KEY, which no server has used. */
  | { op: "rotate_audit_key"; operator: string; version: number };

export type Administer =
  | ManageStaff
  /** `cardHash`: the keyed hash of its number. */
  | { op: "issue_card"; operator: string; username: string; cardHash: string }
  | { op: "revoke_card"; operator: string; username: string }
  | {
    op: "add_customer";
    operator: string;
    username: string;
    displayName?: string;
    /** Argon2id, in its encoded form. */
    passwordHash: string;
    /** The amount booked from the vault, if above zero. */
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
  /** A one-time password, which the customer changes at the first log-in. */
  | { op: "reset_password"; operator: string; username: string; passwordHash: string }
  | {
    op: "set_account_state";
    operator: string;
    account: string;
    state: "open" | "locked" | "closed";
    reason: string;
  }
  /** The bank's limits; omitted ones are unchanged. */
  | { op: "set_limits"; operator: string; limits: Partial<Limits> }
  /** The limits of an account or a terminal; null removes one, omitted ones are unchanged. */
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
  /** Settles an open movement on the terminal's behalf; an amount of 0 reverses it. */
  | {
    op: "settle_hold";
    operator: string;
    movement: MovementId;
    amount: bigint;
    reason: string;
  }
  /** Corrects a booked movement by another row of it; an amount of 0 undoes it. */
  | {
    op: "correct_movement";
    operator: string;
    movement: MovementId;
    /** What should have been booked. */
    amount: bigint;
    reason: string;
  }
  /**
   * Prepares a backup to replace the bank: keeps the present terminals, which all have to retell.
   */
  | {
    op: "restore";
    operator: string;
    terminals: readonly Terminal[];
    /** The present operators, if they are known; those of the backup otherwise. */
    staff?: Staff;
    restoring: Restoring;
    /** The entries that the backup lacks, in words. */
    missing: string;
  }
  /** Serves customers before all terminals have retold. */
  | {
    op: "end_restore";
    operator: string;
    reason: string;
    /** Those whose devices paid without a record, whose names are logged. */
    paid: readonly TerminalId[];
  }
  /** Confirms the clock after a jump. `jumpMs`: the only jump that it confirms. */
  | { op: "confirm_clock"; operator: string; jumpMs?: number }
  /** Sets the bank's time back to the store's clock, which is right. */
  | { op: "set_back_clock"; operator: string }
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
    /** One more than any earlier version. */
    keyVersion: number;
    sealedKey: Uint8Array;
    /** True if the present key must end at once. */
    now: boolean;
  }
  | { op: "revoke_terminal"; operator: string; terminal: TerminalId }
  /** Ends a terminal's connection and accepts no other, until it is resumed. */
  | { op: "suspend_terminal" | "resume_terminal"; operator: string; terminal: TerminalId }
  /** Books all notes of a revoked terminal, which no longer counts them, to the differences account. */
  | {
    op: "write_off_terminal";
    operator: string;
    terminal: TerminalId;
    movement: MovementId;
    reason: string;
  }
  /** A terminal's cash device gets its first keys, or others in place of them. */
  | {
    op: "enrol_device";
    operator: string;
    terminal: TerminalId;
    /** The device's. */
    name: string;
    keyVersion: number;
    sealedKeys: Uint8Array;
  }
  | {
    op: "rotate_device";
    operator: string;
    terminal: TerminalId;
    /** One more than any earlier version. */
    keyVersion: number;
    sealedKeys: Uint8Array;
  }
  | { op: "revoke_device"; operator: string; terminal: TerminalId }
  /** The same keys, sealed under another master key: all of them, or none. */
  | {
    op: "reseal_terminals";
    operator: string;
    keys: ResealedKey[];
  };

/** A sealed key of a terminal, or both keys of its device. */
export interface SealedKey {
  terminal: TerminalId;
  /** The device's name, for its keys. */
  device?: string;
  keyVersion: number;
  sealedKey: Uint8Array;
}

/** A key that is sealed again. */
export interface ResealedKey extends SealedKey {
  /** Its present sealing; with another one, nothing is changed. */
  was: Uint8Array;
}

/** A terminal has used its next key: its predecessor ends. */
export interface ConfirmKey {
  op: "confirm_key";
  terminal: TerminalId;
  keyVersion: number;
}

/**
 * A log-in, counted before the password is checked and settled after. `nameHash` is the keyed hash
 * of the username, used in the log and the counters for unknown names.
 */
export type LogIn =
  | { op: "begin_log_in"; username: string; nameHash: string; terminal: TerminalId }
  | {
    op: "end_log_in";
    username: string;
    nameHash: string;
    terminal: TerminalId;
    passed: boolean;
    /** The version against which the password was checked. */
    passwordVersion: number;
    /** The connection under which other servers see the visit. */
    connection?: string;
  };

/**
 * A log-in with a card, counted before the PIN is checked and settled after. `username` is that of
 * the card's customer; empty for a card that the bank does not have.
 */
export type CardLogIn =
  & { username: string; cardHash: string; terminal: TerminalId }
  & (
    | { op: "begin_card_log_in" }
    | {
      op: "end_card_log_in";
      passed: boolean;
      /** The version against which the PIN was checked. */
      passwordVersion: number;
      /** As of `LogIn`. */
      connection?: string;
    }
  );

/** A new PIN of the customer's card, in a visit that began with the password. */
export interface SetPin extends OfVisit {
  op: "set_pin";
  username: string;
  terminal: TerminalId;
  /** The fault of the PIN. */
  refused: "pin_weak" | null;
  /** Argon2id with the bank's pepper, in its encoded form; unused if it was refused. */
  pinHash: string;
}

/** A new password, counted and checked as a log-in is. `refused`: the fault of the new one. */
export type ChangePassword =
  & OfVisit
  & ({ op: "begin_password_change"; username: string; nameHash: string; terminal: TerminalId } | {
    op: "end_password_change";
    username: string;
    nameHash: string;
    terminal: TerminalId;
    passed: boolean;
    refused: "password_too_short" | "password_unchanged" | null;
    /** Argon2id, in its encoded form; unused if it was refused. */
    passwordHash: string;
  });

/** A terminal has authenticated on a connection of this server, which is its newest. */
export interface OpenLine extends Line {
  op: "open_line";
}

/** Commits a batch, which shows other servers that this one is alive. */
export interface Alive {
  op: "alive";
}

/**
 * Writes only an entry of the log. With a version, it is a request of the visit of the customer
 * `who`.
 */
export interface LogCommand extends Partial<OfVisit> {
  op: "log";
  who: string;
  action: string;
  kind: EntryKind;
  outcome: LoggedOutcome;
  terminal?: TerminalId;
  /** The connection whose visit this ends. */
  leaves?: string;
}

/** Returns the visit that a command needs; null if it needs none. */
export function visitOf(command: Command): { customer: string; passwordVersion: number } | null {
  switch (command.op) {
    case "authorise":
    case "transfer":
    case "look_up":
      return command;
    case "begin_password_change":
    case "end_password_change":
    case "set_pin":
      return { customer: command.username, passwordVersion: command.passwordVersion };
    case "log": {
      const { who: customer, passwordVersion } = command;
      return passwordVersion === undefined ? null : { customer, passwordVersion };
    }
    default:
      return null;
  }
}

/** Returns an entry about no movement; with the outcome `ok` unless `more` has another. */
export function logCommand(
  who: string,
  action: string,
  more: Partial<Pick<LogCommand, "kind" | "outcome" | "terminal" | "leaves">> = {},
): LogCommand {
  return { op: "log", who, action, kind: "other", outcome: "ok", ...more };
}

/** Returns the entry of an operator's act that has ended. @param why it failed; null if it did not */
export function endEntry(operator: string, act: string, why: string | null): LogCommand {
  const reason = why?.replace(/\p{Cc}/gu, " ").slice(0, reasonLengthMax);
  const outcome = why === null ? "ok" : "bad_command";
  return logCommand(`operator ${operator}`, `${act}${reason ? ` (${reason})` : ""}`, { outcome });
}

export type Command =
  & (
    | Authorise
    | Settle
    | Doubt
    | Attest
    | Transfer
    | LookUp
    | LoadCash
    | Retell
    | RetellTransfer
    | Retold
    | CountCash
    | Administer
    | ConfirmKey
    | LogIn
    | ChangePassword
    | CardLogIn
    | SetPin
    | LogCommand
    | OpenLine
    | Alive
  )
  /** The version of the terminal's key of the command's channel. */
  & {
    underKey?: number;
    /** For an operator's command: the signed request, for the log. */
    signed?: string;
    /** The operator whose key and role were checked: the command has no effect after a change. */
    signer?: Pick<Operator, "name" | "role" | "publicKey">;
    approval?: Approval;
  };

/** What a booked transfer moved. */
export interface Transferred {
  movement: MovementId;
  account: AccountIdentity;
  to: AccountIdentity;
  amount: bigint;
  currency: string;
}

export interface Reply {
  outcome: Outcome;
  account?: Account;
  /** For a log-in: all of the customer's accounts, the default one first. */
  accounts?: Account[];
  /** For a log-in: the customer's display name, if there is one. */
  displayName?: string;
  /** For a log-in with a password: the customer's card. */
  card?: "with_pin" | "without_pin";
  /** For a log-in with a one-time password: its visit can only change the password. */
  oneTime?: boolean;
  /** For a log-in and a terminal's movements: what its cash account handed out today. */
  cash?: DayOut;
  /** For a log-in: the bank's day. */
  day?: number;
  /** For a look-up: the name, masked. */
  recipient?: string;
  /** The bank's time of the command, milliseconds since 1970. */
  timeMs: number;
  /** The amount that a settled movement booked; also in the answer to a repeated authorisation. */
  booked?: bigint;
  retryAfterMs?: number;
  /** For a withdrawal at a device with keys: its dispense token, and the nonce of its status. */
  token?: string;
  statusNonce?: string;
  /** For a transfer that the bank has booked: both accounts, for its voucher. */
  transferred?: Transferred;
  /** The place of its entry in the log, for a movement's own commands and for operators'. */
  logged?: LoggedAt;
  /**
   * For `begin_log_in`, `begin_card_log_in` and `begin_password_change`: the hash to check against;
   * null for an unknown name or card.
   */
  passwordHash?: string | null;
  /**
   * The version of that password, 0 for none; for `end_password_change` and `set_pin` the new one.
   */
  passwordVersion?: number;
}
