/**
 * The gate for a window that two threads use: the worker may touch the window only inside the gate,
 * and never after the window's thread has shut it. This prevents a call being answered while the
 * window's memory is freed.
 */
import { gateLookMs } from "../../lib/limits.ts";

const free = 0;
const held = 1;
const shut = 2;

export class Gate {
  readonly #state: Int32Array;

  /** @param memory shared by both threads; new memory is an open gate */
  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.#state = new Int32Array(memory);
  }

  /** Runs `work` inside the gate; returns false without running it if the gate is shut. */
  pass(work: () => void): boolean {
    if (!this.#take(held)) return false;
    try {
      work();
    } finally {
      Atomics.store(this.#state, 0, free);
      Atomics.notify(this.#state, 0);
    }
    return true;
  }

  /** Shuts the gate permanently, once it is unused. */
  shut(): void {
    this.#take(shut);
  }

  /** Moves the gate from free to this state; returns false if it is shut. */
  #take(state: number): boolean {
    for (;;) {
      const was = Atomics.compareExchange(this.#state, 0, free, state);
      if (was === free) return true;
      if (was === shut) return false;
      Atomics.wait(this.#state, 0, held, gateLookMs);
    }
  }
}
