/**
 * Queues the exchanges of handshakes, X25519 and KEM: one begins per turn of the event loop, and the
 * number of those that wait or run is bounded.
 * A flood of replayed hellos, the only way to make the bank compute without a key, leaves the turns
 * in between to authenticated terminals.
 */
import { ProtocolError } from "../../lib/errors.ts";
import { exchangesPendingMax } from "../../lib/limits.ts";
import type { Timers } from "../../lib/world.ts";

/** The queue is full: the client is not at fault, and may have a key. */
export class QueueFull extends ProtocolError {
  override name = "QueueFull";
}

export class Exchanges {
  readonly #waiting: (() => void)[] = [];
  #turning = false;
  /** Exchanges that wait or run. */
  #pending = 0;

  constructor(
    private readonly timers: Pick<Timers, "nextTurn">,
    private readonly pendingMax = exchangesPendingMax,
  ) {}

  /**
   * Runs an exchange when its turn comes.
   * @throws {QueueFull} if too many are pending
   */
  async run<T>(exchange: () => T | Promise<T>): Promise<T> {
    if (this.#pending >= this.pendingMax) throw new QueueFull("too many handshakes");
    this.#pending++;
    try {
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn.resolve);
      if (!this.#turning) this.#takeTurns();
      await turn.promise;
      return await exchange();
    } finally {
      this.#pending--;
    }
  }

  #takeTurns(): void {
    this.#turning = this.#waiting.length > 0;
    if (!this.#turning) return;
    this.#waiting.shift()!();
    this.timers.nextTurn(() => this.#takeTurns());
  }
}
