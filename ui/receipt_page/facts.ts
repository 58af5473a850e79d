/** The results of checking a receipt or a proof, as data; `verify_receipt` describes them. */

/** An entry as a receipt or a proof describes it; `w` and `salt` open its commitment. */
export interface Entry {
  origin: string;
  /** From 0. */
  index: number;
  /** `ACTION | TIME` */
  text: string;
  w: string;
  salt: string;
}

export interface Cosigned {
  witness: string;
  timeSeconds: number;
}

/** A quorum of the policy: a group, a single witness, or `none`. */
export interface Quorum {
  name: string;
  needed: number;
  members: readonly string[];
}

/** One result of a check. */
export type Fact =
  | { proved: "signed"; entry: Entry; terminal: string; reference: string }
  | { proved: "logged"; entry: Entry; size: number; cosigned: Cosigned[]; quorum: Quorum }
  | { proved: "same_entry" }
  | { proved: "later_log"; origin: string; later: string; size: number }
  | { unproved: "lost" | "no_proof"; entry: Entry }
  | { unproved: "no_witnesses" | "owner" }
  | { refused: RefusalName; detail: string };

export type RefusalName =
  | "policy" // detail: the wrong line and why
  | "unknown_text" // neither a receipt nor a proof
  | "too_much"
  | "damaged" // detail: which text, here and below
  | "unknown_log" // the policy has no key of this origin
  | "not_signed"
  | "bad_signature"
  | "no_quorum" // detail: the witnesses counted, and the policy's quorum
  | "not_included"
  | "other_log"
  | "other_entry"
  | "other_index"
  | "contradiction"; // the bank signed a receipt for a place at which its log has another entry

export class Refusal extends Error {
  constructor(readonly refused: RefusalName, readonly detail = "") {
    super(refused);
  }
}
