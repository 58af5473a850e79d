/**
 * The bank's time: the later of the last committed time and the system's clock, as long as that clock
 * can be believed. It is compared with the monotonic clock, so that a bank at rest over night is no
 * jump, and a clock that was set is one.
 */
import { clockJumpMsMax } from "../../lib/limits.ts";
import type { Clock } from "../../lib/world.ts";
import type { ConfirmedClock } from "./model.ts";

export interface ClockReading {
  /** The bank's time; while the clock is in doubt, as if it had run on. */
  timeMs: number;
  /** The system's clock. */
  nowMs: number;
  /** How far it has jumped, ahead or back, where that is too far to believe; otherwise null. */
  jumpMs: number | null;
}

export class BankClock {
  /** When the clock was last believed, by both clocks. */
  #believed: { nowMs: number; monotonicMs: number };

  /**
   * @param lastMs the last committed time; 0 for a new bank
   * @param confirmed what an operator last confirmed
   */
  constructor(
    private readonly clock: Clock,
    lastMs: number,
    confirmed: ConfirmedClock | null = null,
  ) {
    // While the books' time waits for a clock that was set back, the clock is right as it is.
    const knownMs = confirmed && lastMs <= confirmed.timeMs ? confirmed.confirmedMs : lastMs;
    const [nowMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()];
    // How long a bank was shut is not known: only a clock behind the books is certainly wrong.
    this.#believed = { nowMs: nowMs < knownMs - clockJumpMsMax ? knownMs : nowMs, monotonicMs };
  }

  /** @param lastMs the last committed time */
  read(lastMs: number): ClockReading {
    const nowMs = this.clock.nowMs();
    const monotonicMs = this.clock.monotonicMs();
    const expectedMs = this.#believed.nowMs + (monotonicMs - this.#believed.monotonicMs);
    const jumpMs = nowMs - expectedMs;
    if (Math.abs(jumpMs) > clockJumpMsMax) {
      return { timeMs: Math.max(lastMs, expectedMs), nowMs, jumpMs };
    }
    this.#believed = { nowMs, monotonicMs };
    return { timeMs: Math.max(lastMs, nowMs), nowMs, jumpMs: null };
  }

  /** Believes the clock as it is from now on. */
  confirm(): void {
    this.#believed = { nowMs: this.clock.nowMs(), monotonicMs: this.clock.monotonicMs() };
  }
}

/** "ahead by 2 h 3 min", "back by 6 min" */
export function jumpInWords(jumpMs: number): string {
  const minutes = Math.floor(Math.abs(jumpMs) / 60_000);
  const hours = Math.floor(minutes / 60);
  const length = hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
  return `${jumpMs > 0 ? "ahead" : "back"} by ${length}`;
}
