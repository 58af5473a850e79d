/**
 * Failed handshakes: counted per address and minute, and logged in a bounded number of entries, so
 * that a flood of them cannot flood the log.
 */
import { strangerAddressesMax, strangersMs } from "../../lib/limits.ts";
import type { Timers } from "../../lib/world.ts";
import { logCommand } from "../ledger/command.ts";
import type { Ledger } from "../ledger/ledger.ts";

export class Strangers {
  #counts = new Map<string, number>();
  #cancelTimer: (() => void) | null = null;

  constructor(
    private readonly ledger: Pick<Ledger, "submit">,
    private readonly timers: Pick<Timers, "after">,
  ) {}

  /** Counts one failure; it is logged within the minute. */
  count(address: string): void {
    const known = this.#counts.has(address) || this.#counts.size < strangerAddressesMax;
    const source = known ? address : "other addresses";
    this.#counts.set(source, (this.#counts.get(source) ?? 0) + 1);
    this.#cancelTimer ??= this.timers.after(strangersMs, () => {
      this.flush().catch(() => {}); // the ledger has reported it
    });
  }

  /** Logs the counts. */
  async flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const counts = this.#counts;
    this.#counts = new Map();
    await Promise.all([...counts].map(([source, count]) => {
      const what = `${count} ${count === 1 ? "connection" : "connections"}`;
      const action = `refuse ${what} from ${source} - not a terminal of this bank`;
      return this.ledger.submit(logCommand("bank", action, { outcome: "wrong_credentials" }));
    }));
  }
}
