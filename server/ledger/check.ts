/**
 * Checks the books: each row matches the log's digest, and the money follows from the movements.
 * Uses constant memory; returns the first fault.
 */
import { accountsCheckedMax } from "../../lib/limits.ts";
import { checkMoney } from "./check_money.ts";
import { checkRows } from "./check_rows.ts";
import { type CheckKeys, type Counts, Wrong } from "./checking.ts";
import type { ReadStore } from "./store.ts";

export interface CheckedBooks extends Counts {
  /** The first fault; null if none exists. */
  problem: string | null;
}

/** Called with the rows checked, and the estimated total. */
export type OnProgress = (done: number, of: number) => void;

/** Checks a database: its file, its rows against its log, and its money. */
export async function checkStore(
  store: ReadStore,
  keys: CheckKeys,
  onProgress: OnProgress,
): Promise<CheckedBooks> {
  const counts = { accounts: 0, movements: 0, entries: 0 };
  try {
    const damage = await store.damage();
    if (damage !== null) throw new Wrong(`the database is damaged: ${damage}`);
    const stray = await store.strayEntries();
    if (stray !== null) throw new Wrong(stray);
    const entries = await entryCount(store);
    let done = 0;
    // The log has an entry of each row of a movement; the movements are read at least twice.
    const of = () =>
      entries + (counts.movements || entries) * (2 + counts.accounts / accountsCheckedMax);
    const onRead = (rows: number) => onProgress(done += rows, of());
    await checkRows(store, keys, counts, onRead);
    await checkMoney(store, keys, counts, onRead);
    return { problem: null, ...counts };
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.message, ...counts };
    if (!(error instanceof SyntaxError)) throw error;
    return { problem: `a row cannot be read: ${error.message}`, ...counts };
  }
}

async function entryCount(store: ReadStore): Promise<number> {
  let count = 0;
  for (const { number } of await store.chains()) {
    for (const { sequence } of await store.lastEntries(number, 1)) count += sequence;
  }
  return count;
}
