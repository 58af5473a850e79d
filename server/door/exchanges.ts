/**
 * The X25519 exchanges of handshakes, one a turn of the event loop, and only so many waiting. A flood
 * of replayed hellos, the one thing with which a stranger makes the bank compute, leaves the turns in
 * between to terminals that have proved themselves.
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
   * Waits for its turn, then computes.
   * @throws {ProtocolError} when too many wait already
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
