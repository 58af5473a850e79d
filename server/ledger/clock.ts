/**
 * The bank's time: the later of the last committed time and the system's clock, as long as that
 * clock can be trusted. The clock is compared with the monotonic one, so that a bank at rest
 * overnight is not a jump, and a changed clock is one.
 */
import { clockJumpMsMax } from "../../lib/limits.ts";
import type { Clock } from "../../lib/world.ts";
import type { ConfirmedClock } from "./model.ts";

export interface ClockReading {
  /** The bank's time; while the clock is in doubt, continued by the monotonic clock. */
  timeMs: number;
  /** The system's clock. */
  nowMs: number;
  /** The jump of the clock, ahead or back, if it is too large; otherwise null. */
  jumpMs: number | null;
}

export class BankClock {
  /** The last trusted reading of both clocks. */
  #trusted: { nowMs: number; monotonicMs: number };

  /**
   * @param lastMs the last committed time; 0 for a new bank
   * @param confirmed an operator's last confirmation
   */
  constructor(
    private readonly clock: Clock,
    lastMs: number,
    confirmed: ConfirmedClock | null = null,
  ) {
    // While the books' time waits for a clock that was set back, the clock is right.
    const knownMs = confirmed && lastMs <= confirmed.timeMs ? confirmed.confirmedMs : lastMs;
    const [nowMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()];
    // The length of a downtime is unknown: only a clock behind the books is certainly wrong.
    this.#trusted = { nowMs: nowMs < knownMs - clockJumpMsMax ? knownMs : nowMs, monotonicMs };
  }

  /**
   * Reads the clock.
   * @param lastMs the last committed time
   */
  read(lastMs: number): ClockReading {
    const nowMs = this.clock.nowMs();
    const monotonicMs = this.clock.monotonicMs();
    const expectedMs = this.#trusted.nowMs + (monotonicMs - this.#trusted.monotonicMs);
    const jumpMs = nowMs - expectedMs;
    if (Math.abs(jumpMs) > clockJumpMsMax) {
      return { timeMs: Math.max(lastMs, expectedMs), nowMs, jumpMs };
    }
    this.#trusted = { nowMs, monotonicMs };
    return { timeMs: Math.max(lastMs, nowMs), nowMs, jumpMs: null };
  }

  /** Trusts the present clock. */
  confirm(): void {
    this.#trusted = { nowMs: this.clock.nowMs(), monotonicMs: this.clock.monotonicMs() };
  }
}

/** Returns "ahead by 2 h 3 min", "back by 6 min". */
export function jumpInWords(jumpMs: number): string {
  const minutes = Math.floor(Math.abs(jumpMs) / 60_000);
  const hours = Math.floor(minutes / 60);
  const length = hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
  return `${jumpMs > 0 ? "ahead" : "back"} by ${length}`;
}
