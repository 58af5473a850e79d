/**
 * Reads the log for customers in parts: the thread's other work is done between two parts. Beyond the
 * newest entries they take turns at a limited rate, so that however many customers search, a share of
 * the time is left.
 */
import { historyRestMs } from "../../lib/limits.ts";
import { pause, type World } from "../../lib/world.ts";
import type { HistoryStore } from "./history.ts";

export class LogTurns implements HistoryStore {
  /** Resolves at the turn of the last part that waits. */
  #last: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: HistoryStore,
    private readonly world: Pick<World, "after" | "nextTurn">,
  ) {}

  settledAmong(...movements: Parameters<HistoryStore["settledAmong"]>) {
    return this.store.settledAmong(...movements);
  }

  chains() {
    return this.store.chains();
  }

  async entriesOf(...part: Parameters<HistoryStore["entriesOf"]>) {
    const [, before] = part;
    if (before !== null) {
      await (this.#last = this.#last.then(() => pause(this.world, historyRestMs)));
    }
    await new Promise<void>((resolve) => this.world.nextTurn(resolve));
    return await this.store.entriesOf(...part);
  }
}
