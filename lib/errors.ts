/**
 * Everything that can be refused, by name. A refusal is a value, never an exception: it travels
 * from the rules through the protocol to the screen, and the audit log spells it in words.
 */

/** Why a command was not carried out. `ok` is not among them. */
export type Refusal =
  // who is asking
  | "wrong_credentials" // no such customer, or another password: one answer for both
  | "throttled" // too many failures: wait `retryAfterMs`
  | "not_logged_in"
  | "already_logged_in"
  | "terminal_revoked" // or its key has ended: never sent, the channel is closed instead
  | "password_too_short"
  | "password_unchanged" // the new one is the one before
  // what is asked
  | "amount_not_a_number"
  | "amount_not_whole" // a fraction of a minor unit
  | "amount_not_positive"
  | "amount_too_large"
  | "wrong_currency"
  | "unknown_account"
  | "account_locked"
  | "account_closed"
  | "over_withdrawal_limit"
  | "over_day_limit" // what one account gives in a day
  | "insufficient_funds"
  | "not_dispensable" // no multiple of the smallest note
  | "over_terminal_limit" // what one terminal hands out, or takes in, in a day
  | "unknown_recipient"
  | "same_account" // a transfer to where the money is
  | "recipient_unavailable" // locked, closed or full: which is not the sender's business
  | "over_balance_limit" // what one account may have
  // exactly-once
  | "id_reused" // this movement id was used before with other content
  | "unknown_movement"
  | "voided"
  | "already_completed"
  | "already_reversed"
  // operator
  | "name_taken"
  | "name_reserved" // the log uses it for itself
  | "account_not_empty" // it should be closed, and has money
  | "account_has_open_movements" // it should be closed, and a machine has notes for it
  | "unknown_name"
  | "rotation_under_way" // the next key still waits for its terminal
  | "key_superseded" // the terminal has another key of this version, or a newer one
  // transient: nothing was recorded, the same id may be tried again
  | "try_later";

/** What became of a command. */
export type Outcome = "ok" | Refusal;

/** What the machine itself refuses, before or after it has asked the bank. */
export type DeviceRefusal =
  | "not_dispensable" // no mix of the notes in the cassettes makes this amount
  | "no_notes_inserted"
  | "device_fault"
  | "notes_not_taken" // handed out and taken back: nothing was booked
  | "to_be_counted" // the devices lost count: people find out what was handed out or taken in
  | "not_saved" // a receipt or a history could not be written to a file
  | "bank_unreachable" // nothing was asked of the bank, or the bank confirmed that it is void
  | "in_doubt" // the bank has not confirmed what was booked: the journal settles it with the bank
  | "earlier_in_doubt"; // a movement of this visit is in doubt: no more money moves in it

/** What a customer's action at an ATM may come to. */
export type AtmOutcome = Outcome | DeviceRefusal;

/** What the log has as an outcome: beside all that, an operator's command that was wrong as it was given. */
export type LoggedOutcome = AtmOutcome | "bad_command";

/** The refusal in words, for the audit log and for operators: `insufficient_funds` is "insufficient funds". */
export function inWords(refusal: LoggedOutcome): string {
  return refusal.replaceAll("_", " ");
}

/**
 * Bad input from outside: a flag, a file, a folder, a taken port. Its message names the input and
 * the mend, and is all that a user is shown.
 */
export class UsageError extends Error {
  override name = "UsageError";
  /** @param exitCode 2 for a wrong command line, 1 for all else */
  constructor(message: string, readonly exitCode: 1 | 2 = 1) {
    super(message);
  }
}

/**
 * The peer broke the protocol. The connection ends without a reason given; `message` is for the
 * operator's log alone and never holds a secret.
 */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}
