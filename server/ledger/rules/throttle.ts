/**
 * Delays for a source of failed log-ins: growing, expiring with time, and never a lock. Each
 * attempt is counted before its password is checked, so that parallel attempts gain nothing.
 */
import {
  cashLoadForgetMs,
  cashLoadsFree,
  customerFailureForgetMs,
  customerFailuresFree,
  everywhereFailuresFree,
  recipientLookForgetMs,
  recipientLooksFree,
  terminalFailureForgetMs,
  terminalFailuresFree,
  throttleMsMax,
  throttleMsMin,
} from "../../../lib/limits.ts";
import type { Failures } from "../model.ts";

/** The limits for one kind of source. */
export interface Patience {
  /** Failures without a delay. */
  readonly freeCount: number;
  /** One failure expires after this long without another. */
  readonly forgetMs: number;
  /** The delay after the free ones; it doubles with each failure. */
  readonly waitMsMin: number;
}

/** A customer at one terminal: a stranger there can delay the customer by a minute at most. */
export const customerPatience: Patience = {
  freeCount: customerFailuresFree,
  forgetMs: customerFailureForgetMs,
  waitMsMin: throttleMsMin,
};
/** A customer at all unfamiliar terminals: one attempt per minute in total. */
export const everywherePatience: Patience = {
  freeCount: everywhereFailuresFree,
  forgetMs: customerFailureForgetMs,
  waitMsMin: throttleMsMax,
};
/** A terminal, across all names: guessing one password for many names is slow as well. */
export const terminalPatience: Patience = {
  freeCount: terminalFailuresFree,
  forgetMs: terminalFailureForgetMs,
  waitMsMin: throttleMsMin,
};
/** A customer's look-ups of other people's accounts: each counts, whether found or not. */
export const recipientPatience: Patience = {
  freeCount: recipientLooksFree,
  forgetMs: recipientLookForgetMs,
  waitMsMin: throttleMsMin,
};

/** A terminal's loads and counts of its cassettes. */
export const cashPatience: Pick<Patience, "freeCount" | "forgetMs"> = {
  freeCount: cashLoadsFree,
  forgetMs: cashLoadForgetMs,
};

/** Returns the failures that still count at `nowMs`. */
export function remembered(
  failures: Failures,
  patience: Pick<Patience, "forgetMs">,
  nowMs: number,
): number {
  const forgotten = Math.floor(Math.max(0, nowMs - failures.lastMs) / patience.forgetMs);
  return Math.max(0, failures.count - forgotten);
}

/**
 * Returns the milliseconds until this source may try again: 0 for now; 1 s, 2 s, 4 s … after most
 * free ones.
 */
export function waitMs(failures: Failures, patience: Patience, nowMs: number): number {
  const beyond = remembered(failures, patience, nowMs) - patience.freeCount;
  if (beyond < 0) return 0;
  const delayMs = Math.min(throttleMsMax, patience.waitMsMin * 2 ** Math.min(beyond, 20));
  return Math.max(0, Math.min(failures.lastMs, nowMs) + delayMs - nowMs);
}

/** Returns the failures after one more. */
export function oneMore(
  failures: Failures,
  patience: Pick<Patience, "forgetMs">,
  nowMs: number,
): Failures {
  return { ...failures, count: remembered(failures, patience, nowMs) + 1, lastMs: nowMs };
}
