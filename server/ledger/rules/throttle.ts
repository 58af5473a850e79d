/**
 * How long a source of failed log-ins must wait: a growing delay, forgotten with time, and never a
 * lock. Each attempt is counted before its password is checked, so that many at once gain nothing.
 */
import {
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

/** How patient the bank is with one kind of source. */
export interface Patience {
  /** Failures that cost nothing yet. */
  readonly freeCount: number;
  /** One failure is forgotten after this long without another. */
  readonly forgetMs: number;
  /** The wait after the free ones; it doubles with each failure. */
  readonly waitMsMin: number;
}

/** A customer at one terminal: a stranger there can slow the customer down by a minute at most. */
export const customerPatience: Patience = {
  freeCount: customerFailuresFree,
  forgetMs: customerFailureForgetMs,
  waitMsMin: throttleMsMin,
};
/** A customer at all terminals that are not known: over any number of them, one try a minute. */
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
/** A customer's looks at other people's accounts: each counts, whatever it finds. */
export const recipientPatience: Patience = {
  freeCount: recipientLooksFree,
  forgetMs: recipientLookForgetMs,
  waitMsMin: throttleMsMin,
};

/** The failures that still count at `nowMs`. */
export function remembered(failures: Failures, patience: Patience, nowMs: number): number {
  const forgotten = Math.floor(Math.max(0, nowMs - failures.lastMs) / patience.forgetMs);
  return Math.max(0, failures.count - forgotten);
}

/** Milliseconds until this source may try again: 0 for now; 1 s, 2 s, 4 s … after most free ones. */
export function waitMs(failures: Failures, patience: Patience, nowMs: number): number {
  const beyond = remembered(failures, patience, nowMs) - patience.freeCount;
  if (beyond < 0) return 0;
  const delayMs = Math.min(throttleMsMax, patience.waitMsMin * 2 ** Math.min(beyond, 20));
  return Math.max(0, failures.lastMs + delayMs - nowMs);
}

/** The failures after one more. */
export function oneMore(failures: Failures, patience: Patience, nowMs: number): Failures {
  return { ...failures, count: remembered(failures, patience, nowMs) + 1, lastMs: nowMs };
}
