/**
 * Strangers: connections that failed to prove themselves. They are counted per address and minute,
 * and logged in a bounded number of entries, so that a flood of them cannot flood the log.
 */
import { logCommand } from "../ledger/command.ts";
import type { Ledger } from "../ledger/ledger.ts";

const addressesMax = 16;
const minuteMs = 60_000;

export class Strangers {
  #counts = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ledger: Ledger) {}

  /** Counts one failure; the minute's entry follows by itself. */
  count(address: string): void {
    const known = this.#counts.has(address) || this.#counts.size < addressesMax;
    const source = known ? address : "other addresses";
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + 1);
    this.#timer ??= setTimeout(() => this.flush(), minuteMs);
  }

  /** Writes what was counted. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    await Promise.all([...counts].map(([source, count]) => {
      const what = `${count} ${count === 1 ? "connection" : "connections"}`;
      const action = `refuse ${what} from ${source} - not a terminal of this bank`;
      return this.ledger.submit(logCommand("bank", action, { outcome: "wrong_credentials" }));
    }));
  }
}
