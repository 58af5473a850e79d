/**
 * Who may begin a handshake: strangers cost a bounded number of sockets, and whoever has failed too
 * often of late is turned away before a byte is read.
 */
import {
  connectionsMax,
  failedHandshakesMax,
  failedHandshakesPerMinuteMax,
  failedSourcesMax,
  handshakesPendingMax,
  handshakesPendingPerAddressMax,
} from "../lib/limits.ts";

export interface AdmissionLimits {
  readonly connections: number;
  readonly pending: number;
  readonly pendingPerSource: number;
  /** Failures of one source that are forgiven at once, and each minute. */
  readonly failures: number;
  readonly failuresPerMinute: number;
}

const defaultLimits: AdmissionLimits = {
  connections: connectionsMax,
  pending: handshakesPendingMax,
  pendingPerSource: handshakesPendingPerAddressMax,
  failures: failedHandshakesMax,
  failuresPerMinute: failedHandshakesPerMinuteMax,
};

/** How an unproved connection stopped being one. */
export type Leaving = "proved" | "failed" | "ended";

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #pendingOf = new Map<string, number>();
  /** What is not yet forgiven of each source, and since when. */
  readonly #failures = new Map<string, { count: number; sinceMs: number }>();
  #pending = 0;
  #connections = 0;

  /** @param limits those that differ from `lib/limits`: for tests and measurements */
  constructor(private readonly nowMs: () => number, limits: Partial<AdmissionLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Handshakes under way, and connections in all. */
  get counts(): { pending: number; connections: number } {
    return { pending: this.#pending, connections: this.#connections };
  }

  /**
   * Lets a connection in, or not.
   * @param source null for a balancer, which speaks for many
   */
  enter(source: string | null): Admitted | null {
    const { connections, pending, pendingPerSource, failures } = this.#limits;
    if (
      this.#connections >= connections || this.#pending >= pending ||
      (source !== null &&
        ((this.#pendingOf.get(source) ?? 0) >= pendingPerSource ||
          this.#unforgiven(source) + 1 > failures))
    ) return null;
    this.#connections++;
    this.#count(source, 1);
    return new Admitted(
      (how) => {
        this.#count(source, -1);
        if (how === "failed" && source !== null) this.#fail(source);
      },
      () => this.#connections--,
    );
  }

  #count(source: string | null, by: 1 | -1): void {
    this.#pending += by;
    if (source === null) return;
    const count = (this.#pendingOf.get(source) ?? 0) + by;
    if (count > 0) this.#pendingOf.set(source, count);
    else this.#pendingOf.delete(source);
  }

  #unforgiven(source: string): number {
    const failures = this.#failures.get(source);
    if (!failures) return 0;
    const minutes = (this.nowMs() - failures.sinceMs) / 60_000;
    return Math.max(0, failures.count - minutes * this.#limits.failuresPerMinute);
  }

  #fail(source: string): void {
    const count = this.#unforgiven(source) + 1;
    this.#failures.delete(source); // the latest are last, and the first go when there are too many
    this.#failures.set(source, { count, sinceMs: this.nowMs() });
    if (this.#failures.size > failedSourcesMax) {
      this.#failures.delete(this.#failures.keys().next().value!);
    }
  }
}

/** One connection that was let in. */
class Admitted {
  #unproved = true;

  constructor(
    private readonly settle: (how: Leaving) => void,
    private readonly leave: () => void,
  ) {}

  /** The handshake is over, in whatever way; the first word counts. */
  settled(how: Leaving): void {
    if (!this.#unproved) return;
    this.#unproved = false;
    this.settle(how);
  }

  /** The socket is closed. */
  gone(): void {
    this.settled("ended");
    this.leave();
  }
}
