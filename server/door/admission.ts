/**
 * Limits before authentication: unauthenticated connections use a bounded number of sockets, and
 * connections from an address with too many recent failures are closed before a byte is read. When
 * all places are taken, the address that has the most loses one, so that a few addresses cannot
 * exclude all others.
 */
import {
  connectionsMax,
  failedHandshakesMax,
  failedHandshakesPerMinuteMax,
  failedSourcesMax,
  handshakesPendingMax,
  handshakesPendingPerAddressMax,
} from "../../lib/limits.ts";
import type { Clock } from "../../lib/world.ts";

export interface AdmissionLimits {
  readonly connections: number;
  readonly pending: number;
  readonly pendingPerSource: number;
  /** Failures of one source that are allowed at once, and per minute. */
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

/** How a connection's handshake ended. */
export type Leaving = "proved" | "failed" | "ended";

export class Admission {
  readonly #limits: AdmissionLimits;
  /** Pending handshakes of each source, oldest first. */
  readonly #pendingOf = new Map<string, Set<Admitted>>();
  /** Failures of each source that still count, and since when. */
  readonly #failures = new Map<string, { count: number; sinceMs: number }>();
  #pending = 0;
  #connections = 0;

  /** @param limits those that differ from `lib/limits`: for tests and measurements */
  constructor(
    private readonly clock: Pick<Clock, "monotonicMs">,
    limits: Partial<AdmissionLimits> = {},
  ) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** The numbers of pending handshakes and of all connections. */
  get counts(): { pending: number; connections: number } {
    return { pending: this.#pending, connections: this.#connections };
  }

  /**
   * Admits a connection; returns null when a limit is reached.
   * @param source null for a balancer, which many addresses share
   * @param evict closes the connection if its place is needed before its handshake ends
   */
  enter(source: string | null, evict: () => void): Admitted | null {
    const { connections, pending, pendingPerSource, failures } = this.#limits;
    if (this.#connections >= connections) return null;
    if (
      source !== null && ((this.#pendingOf.get(source)?.size ?? 0) >= pendingPerSource ||
        this.#unforgiven(source) + 1 > failures)
    ) return null;
    if (this.#pending >= pending && !this.makeRoom()) return null;
    this.#connections++;
    this.#pending++;
    const admitted = new Admitted(
      (how) => {
        this.#pending--;
        if (source === null) return;
        this.#settle(source, admitted);
        if (how === "failed") this.#fail(source);
      },
      () => this.#connections--,
      evict,
    );
    if (source !== null) {
      this.#pendingOf.set(source, (this.#pendingOf.get(source) ?? new Set()).add(admitted));
    }
    return admitted;
  }

  #settle(source: string, admitted: Admitted): void {
    const pending = this.#pendingOf.get(source)!;
    pending.delete(admitted);
    if (pending.size === 0) this.#pendingOf.delete(source);
  }

  /**
   * Evicts the oldest handshake of the source that has the most of them; of equals, of the source
   * that came first. Returns false if none exists.
   */
  makeRoom(): boolean {
    let most = new Set<Admitted>();
    for (const pending of this.#pendingOf.values()) if (pending.size > most.size) most = pending;
    const [oldest] = most;
    oldest?.evicted();
    return oldest !== undefined;
  }

  #unforgiven(source: string): number {
    const failures = this.#failures.get(source);
    if (!failures) return 0;
    const minutes = (this.clock.monotonicMs() - failures.sinceMs) / 60_000;
    return Math.max(0, failures.count - minutes * this.#limits.failuresPerMinute);
  }

  #fail(source: string): void {
    const count = this.#unforgiven(source) + 1;
    this.#failures.delete(source); // insertion order: the oldest source is deleted
    this.#failures.set(source, { count, sinceMs: this.clock.monotonicMs() });
    if (this.#failures.size > failedSourcesMax) {
      this.#failures.delete(this.#failures.keys().next().value!);
    }
  }
}

/** One admitted connection. */
class Admitted {
  #unproved = true;

  constructor(
    private readonly settle: (how: Leaving) => void,
    private readonly leave: () => void,
    private readonly evict: () => void,
  ) {}

  /** Records the end of the handshake; only the first call counts. */
  settled(how: Leaving): void {
    if (!this.#unproved) return;
    this.#unproved = false;
    this.settle(how);
  }

  /** Records that the connection was evicted. */
  evicted(): void {
    this.settled("ended");
    this.evict();
  }

  /** Records that the socket is closed. */
  onDisconnected(): void {
    this.settled("ended");
    this.leave();
  }
}
