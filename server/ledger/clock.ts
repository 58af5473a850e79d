/**
 * The bank's time: the later of the last committed time and the store's clock, as long as that clock
 * can be accepted. The store's clock is the database's, or this server's for a bank in a file. It is
 * compared with the monotonic clock, so that a bank at rest over night is no jump, and a clock that was
 * set is one; this server's clock is compared with the database's.
 */
import { clockAwayMsMax, clockJumpMsMax, clockSettleMs } from "../../lib/limits.ts";
import type { Clock } from "../../lib/world.ts";
import type { ConfirmedClock, StoreTimes } from "./model.ts";

/** Both clocks of a server at one moment. */
export interface Instant {
  nowMs: number;
  monotonicMs: number;
}

/** Why no money moves: a clock that was set, or a server's that is not the database's. */
export interface ClockDoubt {
  kind: "jumped" | "away";
  /** How far, ahead or back. */
  ms: number;
}

export interface ClockReading {
  /** The bank's time; while the store's clock is in doubt, as if it had run on. */
  timeMs: number;
  /** The store's clock, and the monotonic one then. */
  nowMs: number;
  monotonicMs: number;
  /** The store's clock; while it is in doubt, as if it had run on. It may be behind the bank's time. */
  steadyMs: number;
  /** Null while money moves. */
  doubt: ClockDoubt | null;
}

export class BankClock {
  /** When the store's clock was last accepted. */
  #accepted: Instant;
  /** A small step of the clock, and since when it has been this far. */
  #step: { ms: number; sinceMs: number } | null = null;
  #confirmed: ConfirmedClock | null;

  /** @param times of the store, just read */
  constructor(private readonly clock: Clock, { lastMs, clockMs, confirmed }: StoreTimes) {
    this.#confirmed = confirmed;
    // While the books' time waits for a clock that was set back, the clock is right as it is.
    const knownMs = confirmed && lastMs <= confirmed.timeMs ? confirmed.confirmedMs : lastMs;
    const nowMs = clockMs ?? clock.nowMs();
    // How long a bank was shut is not known: only a clock behind the books is certainly wrong.
    this.#accepted = {
      nowMs: nowMs < knownMs - clockJumpMsMax ? knownMs : nowMs,
      monotonicMs: clock.monotonicMs(),
    };
  }

  instant(): Instant {
    return { nowMs: this.clock.nowMs(), monotonicMs: this.clock.monotonicMs() };
  }

  /**
   * @param times of the store
   * @param asked before they were read: the database's clock was read between then and now
   */
  read({ lastMs, clockMs, confirmed }: StoreTimes, asked: Instant): ClockReading {
    const here = this.instant();
    const nowMs = clockMs ?? here.nowMs;
    const read = { nowMs, monotonicMs: here.monotonicMs };
    if (!isSame(confirmed, this.#confirmed)) this.confirm(read, confirmed); // at another server
    const from = clockMs === null ? here : asked;
    const expected = (monotonicMs: number) =>
      this.#accepted.nowMs + monotonicMs - this.#accepted.monotonicMs;
    const jumpMs = outside(nowMs, expected(from.monotonicMs), expected(here.monotonicMs));
    if (!this.#accepts(jumpMs, clockMs === null ? clockAwayMsMax : clockJumpMsMax)) {
      const steadyMs = expected(here.monotonicMs);
      const doubt: ClockDoubt = { kind: "jumped", ms: jumpMs };
      return { ...read, timeMs: Math.max(lastMs, steadyMs), steadyMs, doubt };
    }
    this.#accepted = read;
    this.#step = null;
    const awayMs = clockMs === null ? 0 : -outside(clockMs, from.nowMs, here.nowMs);
    return {
      ...read,
      timeMs: Math.max(lastMs, nowMs),
      steadyMs: nowMs,
      doubt: Math.abs(awayMs) > clockAwayMsMax ? { kind: "away", ms: awayMs } : null,
    };
  }

  /** Returns whether the clock is accepted after a step of this length: a small one once it has lasted. */
  #accepts(jumpMs: number, acceptedMsMax: number): boolean {
    if (Math.abs(jumpMs) <= acceptedMsMax) return true;
    if (Math.abs(jumpMs) > clockJumpMsMax) {
      this.#step = null;
      return false;
    }
    const monotonicMs = this.clock.monotonicMs();
    if (this.#step === null || Math.abs(jumpMs - this.#step.ms) > clockAwayMsMax) {
      this.#step = { ms: jumpMs, sinceMs: monotonicMs };
    }
    return monotonicMs - this.#step.sinceMs >= clockSettleMs;
  }

  /** Accepts the store's clock as it was at this reading: an operator confirmed it. */
  confirm({ nowMs, monotonicMs }: Instant, confirmed: ConfirmedClock | null): void {
    this.#confirmed = confirmed;
    this.#accepted = { nowMs, monotonicMs };
    this.#step = null;
  }
}

const isSame = (a: ConfirmedClock | null, b: ConfirmedClock | null) =>
  a?.confirmedMs === b?.confirmedMs && a?.timeMs === b?.timeMs && a?.setBacks === b?.setBacks;

/** Returns how far a time is before the first of these, or after the second; 0 between them. */
function outside(timeMs: number, firstMs: number, lastMs: number): number {
  if (timeMs > Math.max(firstMs, lastMs)) return timeMs - Math.max(firstMs, lastMs);
  return Math.min(0, timeMs - Math.min(firstMs, lastMs));
}

/** Returns "the clock jumped ahead by 2 h 3 min", "the server's clock is behind the database's by 12 s" */
export function doubtInWords({ kind, ms }: ClockDoubt): string {
  if (kind === "jumped") return `the clock jumped ${ms > 0 ? "ahead" : "back"} by ${length(ms)}`;
  return `the server's clock is ${ms > 0 ? "ahead of" : "behind"} the database's by ${length(ms)}`;
}

/** The clocks of a server without a command. */
export interface ClockState {
  /** The bank's time, as a batch would have it. */
  timeMs: number;
  /** How far the store's clock has jumped, ahead or back. */
  jumpMs: number;
  /** Why no money moves, in words; null while it moves. */
  doubt: string | null;
}

export const clockStateOf = (
  { timeMs, nowMs, steadyMs, doubt }: ClockReading,
): ClockState => ({ timeMs, jumpMs: nowMs - steadyMs, doubt: doubt && doubtInWords(doubt) });

/** Returns a jump as text: "+2:03:59" for hours, minutes and seconds ahead, or "none". */
export function jumpInWords(jumpMs: number): string {
  const seconds = Math.round(Math.abs(jumpMs) / 1_000);
  if (seconds === 0) return "none";
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  const length = `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(rest)}`;
  return `${jumpMs > 0 ? "+" : "-"}${length}`;
}

/** Parses such a text; returns null for any other one. */
export function jumpOf(text: string): number | null {
  if (text === "none") return 0;
  const [, sign, hours, minutes, seconds] = /^([+-])(\d{1,9}):([0-5]\d):([0-5]\d)$/.exec(text) ??
    [];
  if (sign === undefined) return null;
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === "+" ? ms : -ms;
}

function length(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

/** Returns whether the bank's time, which never goes back alone, is ahead of the store's clock. */
export const isAhead = (lastMs: number, storeMs: number): boolean =>
  lastMs > storeMs + clockAwayMsMax;
