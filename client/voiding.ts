/**
 * Voiding: ends a movement whose request got no certain answer, while its customer waits. Only the
 * bank's answer to the void counts, not a missing answer or "try later".
 */
import { settlePauseMsMin } from "../lib/limits.ts";
import type { Answer } from "../lib/protocol/message.ts";
import { pause } from "../lib/world.ts";
import { noAnswer } from "./ask.ts";
import type { BankClient } from "./bank_client.ts";
import type { AtmDependencies } from "./dependencies.ts";
import { settle } from "./settle.ts";

export class Voiding {
  readonly #closing = new AbortController();
  #onConnected: (bank: BankClient) => void = () => {};

  constructor(
    private readonly dependencies: Pick<AtmDependencies, "world" | "journal" | "devices" | "log">,
  ) {}

  /** Passes a new connection to the movement that is being voided, before any other use. */
  connected(bank: BankClient): void {
    this.#onConnected(bank);
  }

  close(): void {
    this.#closing.abort();
  }

  /**
   * Voids a movement over the newest connection, repeatedly with growing pauses.
   * @param untilMs by the monotonic clock
   * @returns the bank's answer; null if it is late: the journal then has the movement open, and
   * settling repeats the void
   */
  async void(bank: BankClient, movement: string, untilMs: number): Promise<Answer | null> {
    const { world, journal, devices, log } = this.dependencies;
    const found = () => journal.open().find((entry) => entry.movement === movement);
    const entry = found()!;
    const isOpen = () => found() !== undefined;
    let newest = bank;
    let pausing = new AbortController();
    this.#onConnected = (bank) => {
      newest = bank;
      pausing.abort();
    };
    const late = new AbortController();
    const cancel = world.after(Math.max(0, untilMs - world.monotonicMs()), () => late.abort());
    const over = AbortSignal.any([late.signal, this.#closing.signal]);
    try {
      for (let pauseMs = settlePauseMsMin; !over.aborted; pauseMs *= 2) {
        const settling = { journal, devices, log, ask: newest.ask.bind(newest) };
        const answer = await Promise.race([settle(settling, entry).catch(noAnswer), aborted(over)]);
        if (answer !== null && !isOpen()) return answer;
        pausing = new AbortController();
        await pause(world, pauseMs, AbortSignal.any([over, pausing.signal]));
      }
      return null;
    } finally {
      cancel();
      this.#onConnected = () => {};
    }
  }
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
}
