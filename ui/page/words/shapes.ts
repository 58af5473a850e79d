/** The shapes of wordings that every language has alike. */
import type { AtmOutcome } from "../../../lib/errors.ts";

/** Why a request was refused: by the machine, by the bank, or for what was typed. */
export type Refused = Exclude<AtmOutcome, "ok"> | "account_not_a_number";

/**
 * Refusals with words: the present password or the PIN that was wrong, notes that were counted and not
 * booked, and all that have no words.
 */
export type Worded =
  | Refused
  | "wrong_present_password"
  | "wrong_pin"
  | "deposit_to_be_counted"
  | "not_booked";

/** A wording for each of a language's plural categories. */
export type Plural = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

/** A notice: what is the matter, what helps, and what the button says that leads on, if one does. */
export interface NoticeWords {
  heading: string;
  lede: string;
  /** In the lede's place for somebody who was logged in. */
  ledeVisit?: string;
  help?: string;
  next?: string;
}

/** A refusal: what happened, and what the button says where it leads to more than going on. */
export interface RefusalWords {
  heading: string;
  lede: string;
  next?: string;
}

/** What a customer can hardly meet: all have the words of `not_booked`. */
export type HardlyMet =
  | "amount_not_a_number"
  | "amount_not_whole"
  | "id_reused"
  | "unknown_movement"
  | "signing_stopped"
  | "voided"
  | "already_reversed"
  | "terminal_revoked"
  | "name_taken"
  | "name_reserved"
  | "over_balance_limit"
  | "account_not_empty"
  | "account_has_open_movements"
  | "rotation_under_way"
  | "key_superseded"
  | "device_enrolled"
  | "device_revoked"
  | "unproven"
  | "not_open"
  | "changed_nothing"
  | "too_many_proposals"
  | "not_ended"
  | "nothing_to_correct"
  | "is_a_count"
  | "too_many_corrections"
  | "not_revoked"
  | "no_notes"
  | "unknown_name"
  | "has_card"
  | "no_card"
  | "another_clock"
  | "clock_not_ahead";
