/**
 * The gate before a window that two threads use: the worker may touch the window only inside, and once
 * the window's own thread has shut it, never again. Without it the worker could answer a call in the
 * moment in which the window's memory is freed.
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

  /** Does `work` inside the gate; false, without doing it, where the gate is shut. */
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

  /** Shuts the gate for good, once nobody is inside. */
  shut(): void {
    this.#take(shut);
  }

  /** Puts the gate from free into this state; false where it is shut. */
  #take(state: number): boolean {
    for (;;) {
      const was = Atomics.compareExchange(this.#state, 0, free, state);
      if (was === free) return true;
      if (was === shut) return false;
      Atomics.wait(this.#state, 0, held, gateLookMs);
    }
  }
}
