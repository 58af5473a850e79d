/**
 * Every refusal, by name. A refusal is a value, never an exception: the rules return it, the
 * protocol carries it to the screen, and the audit log writes it in words.
 */

/** Why a command was not carried out. `ok` is not among them. */
export type Refusal =
  // identity
  | "wrong_credentials" // unknown name or wrong password: one answer for both
  | "throttled" // too many failures: retry after `retryAfterMs`
  | "not_logged_in"
  | "already_logged_in"
  | "terminal_revoked" // or its key has ended: never sent, the channel is closed instead
  | "password_too_short"
  | "password_unchanged" // the new password equals the present one
  | "card_blocked" // too many wrong PINs in a row: a log-in with the password unblocks it
  | "pin_not_set" // the customer has not set a PIN for this card
  | "pin_weak" // a PIN that thieves try first, or of another form
  | "password_needed" // only in a visit that began with the password
  // request
  | "amount_not_a_number"
  | "amount_not_whole" // a fraction of a minor unit
  | "amount_not_positive"
  | "amount_too_large"
  | "wrong_currency"
  | "unknown_account"
  | "account_locked"
  | "account_closed"
  | "over_withdrawal_limit"
  | "over_day_limit" // per account and day
  | "insufficient_funds"
  | "not_dispensable" // not a multiple of the smallest note
  | "over_terminal_limit" // dispensed or accepted per terminal and day
  | "withdrawals_stopped" // the terminal's device gets no token until staff have seen to it
  | "unknown_recipient"
  | "same_account" // recipient and sender are the same account
  | "recipient_unavailable" // locked, closed or full: the sender does not see which
  | "over_balance_limit" // maximum balance of an account
  // idempotency
  | "id_reused" // this movement id was used before with other content
  | "unknown_movement"
  | "voided"
  | "already_completed"
  | "already_reversed"
  // operator
  | "name_taken"
  | "name_reserved" // reserved for the log's own entries
  | "account_not_empty" // cannot be closed: its balance is not zero
  | "account_has_open_movements" // cannot be closed: a terminal has an open movement of it
  | "unknown_name"
  | "has_card" // the customer has one
  | "no_card" // the customer has none
  | "another_clock" // the clock jumped by another length than the proposed one
  | "clock_not_ahead" // the bank's time is not ahead of the clock, and was not set back
  | "rotation_under_way" // the terminal has not used its next key yet
  | "not_open" // the proposal has lapsed, has run or was rejected
  | "changed_nothing" // the bank has already what the proposal would change
  | "too_many_proposals"
  | "not_ended" // the movement is open, or was refused: it has booked nothing to correct
  | "nothing_to_correct" // the movement has booked this amount
  | "is_a_count" // of a terminal's notes: another count corrects it
  | "too_many_corrections"
  | "not_revoked" // the terminal counts its own notes
  | "no_notes" // the terminal has none in the books
  | "key_superseded" // the terminal already has another key of this version, or a newer one
  | "device_enrolled" // the terminal has a device with keys
  | "device_revoked"
  | "unproven" // no present status of the device shows that the hold's token is dead
  // receipts
  | "signing_stopped" // a witness has a checkpoint that contradicts the server's chain
  // transient: nothing was recorded, the same id may be tried again
  | "try_later"
  | "money_stopped"; // a clock of the bank is in doubt: no money moves until it is right

/** The outcome of a command. */
export type Outcome = "ok" | Refusal;

/** Refusals by the ATM itself, before or after its request to the bank. */
export type DeviceRefusal =
  | "not_dispensable" // no mix of the notes in the cassettes makes this amount
  | "no_notes_inserted"
  | "device_fault"
  | "card_not_taken" // it was retained before any note moved: nothing was booked
  | "notes_not_taken" // presented and retracted: nothing was booked
  | "to_be_counted" // the devices lost count: staff count what was dispensed or accepted
  | "bank_unreachable" // nothing was requested, or the bank confirmed that it is void
  | "in_doubt" // the bank has not confirmed the outcome: the journal settles it later
  | "earlier_in_doubt"; // a movement of this visit is in doubt: it moves no more money

/** The outcome of a customer's action at an ATM. */
export type AtmOutcome = Outcome | DeviceRefusal;

/** An outcome in the log: any of the above, or an operator's ill-formed command. */
export type LoggedOutcome = AtmOutcome | "bad_command";

/**
 * Returns the refusal in words, for the audit log and for operators: `insufficient_funds` is
 * "insufficient funds".
 */
export function inWords(refusal: LoggedOutcome): string {
  return refusal.replaceAll("_", " ");
}

/**
 * Bad input from outside: a flag, a file, a folder, a port in use. The message names the input and
 * the remedy; the user sees nothing else.
 */
export class UsageError extends Error {
  override name = "UsageError";
  /** @param exitCode 2 for a wrong command line, otherwise 1 */
  constructor(message: string, readonly exitCode: 1 | 2 = 1) {
    super(message);
  }
}

/**
 * The peer violated the protocol. The connection is closed without a reason; `message` goes to the
 * operator's log only and never contains a secret.
 */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}
