/**
 * The X25519 exchanges of handshakes, one a turn of the event loop and no more than a few waiting: a
 * flood of replayed hellos, which are all that a stranger can make the bank compute for, leaves the
 * turns in between to terminals that have proved themselves.
 */
import { setImmediate } from "node:timers";
import { ProtocolError } from "../../lib/errors.ts";
import { exchangesPendingMax } from "../../lib/limits.ts";

export class Exchanges {
  readonly #waiting: (() => void)[] = [];
  #turning = false;

  constructor(private readonly pendingMax = exchangesPendingMax) {}

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
    setImmediate(() => this.#takeTurns());
  }
}
