/** Writes to the operator's log what becomes wrong: all that `bank status` and the alerts name. */
import { problemsLoggedMs } from "../../lib/limits.ts";
import { pause } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import { bankStateOf } from "./bank_state.ts";
import { failuresOf, problemsOf } from "./problems.ts";

/** Looks for problems until it is closed. Each is logged once, and again when it comes back or changes. */
export class ProblemLog {
  readonly #stopping = new AbortController();
  readonly #regular: Promise<void>;
  #known: ReadonlySet<string> = new Set();

  constructor(private readonly bank: Bank, private readonly everyMs = problemsLoggedMs) {
    this.#regular = this.#lookRegularly();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#regular;
  }

  async #lookRegularly(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await pause(this.bank.world, this.everyMs, signal);
      if (signal.aborted) return;
      await this.#look().catch(() => {}); // a database that does not answer has its own line
    }
  }

  async #look(): Promise<void> {
    const { monitor, settings } = this.bank;
    const state = await bankStateOf(this.bank);
    const wrong = problemsOf(state, failuresOf(monitor), settings.currency)
      .filter(({ isNextStep = false }) => !isNextStep);
    for (const { what, mend } of wrong) {
      if (!this.#known.has(what)) monitor.warn("problem", `${what}. Do: ${mend}`, { what, mend });
    }
    this.#known = new Set(wrong.map(({ what }) => what));
  }
}
