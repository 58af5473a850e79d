/**
 * What customers want done with money, and the outcome as far as they can determine: what the screens
 * said, and what is in their hands. The judges hold the books against this.
 */

/** What a screen said of an attempt. */
export type Claim =
  /** A receipt: it is done, with this amount. */
  | { said: "done"; again: false; amount: bigint; reference: string }
  /** Nothing was booked, sent or charged. */
  | { said: "not done"; again: boolean; words: string }
  /** It will be settled, by whatever means; or the screen went dark. */
  | { said: "unknown"; again: boolean; words: string };

export interface Attempt {
  readonly terminal: string;
  readonly fromMs: number;
  untilMs: number | null;
  claim: Claim;
  /** Minor units that came out of the machine into the customer's hands, less what went in. */
  handed: bigint;
  /** What the screen showed of the account afterwards. */
  booked: bigint | null;
}

export interface Intent {
  readonly customer: string;
  readonly kind: "withdrawal" | "deposit" | "transfer";
  readonly account: string;
  /** Of a transfer. */
  readonly to: string;
  /** Of a transfer: among all of a run's, so that the books can be searched for it. */
  amount: bigint;
  readonly attempts: Attempt[];
}

/** A balance that a customer saw, between two moments. */
export interface Look {
  readonly account: string;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly booked: bigint;
}
