/**
 * Queues the X25519 exchanges of handshakes: one per turn of the event loop, with a bounded queue.
 * A flood of replayed hellos, the only way to make the bank compute without a key, leaves the turns
 * in between to authenticated terminals.
 */
import { ProtocolError } from "../../lib/errors.ts";
import { exchangesPendingMax } from "../../lib/limits.ts";
import type { Timers } from "../../lib/world.ts";

export class Exchanges {
  readonly #waiting: (() => void)[] = [];
  #turning = false;

  constructor(
    private readonly timers: Pick<Timers, "nextTurn">,
    private readonly pendingMax = exchangesPendingMax,
  ) {}

  /**
   * Runs an exchange when its turn comes.
   * @throws {ProtocolError} if the queue is full
   */
  async run<T>(exchange: () => T): Promise<T> {
    if (this.#waiting.length >= this.pendingMax) throw new ProtocolError("too many handshakes");
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    if (!this.#turning) this.#takeTurns();
    await turn.promise;
    return exchange();
  }

  #takeTurns(): void {
    this.#turning = this.#waiting.length > 0;
    if (!this.#turning) return;
    this.#waiting.shift()!();
    this.timers.nextTurn(() => this.#takeTurns());
  }
}
