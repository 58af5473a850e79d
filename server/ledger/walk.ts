/** Walks over rows a part at a time, in the order of their keys: what is copied or checked need not fit in memory. */
import { walkedRowsMax } from "../../lib/limits.ts";
import type { SealedEntry } from "../audit/entry.ts";
import type { Movement } from "./model.ts";
import type { ReadStore } from "./store.ts";

/** Rows in order, some at a time; no part is empty. */
export type Parts<T> = AsyncGenerator<T[], void, void>;

/** Every row of movements. */
export function movementParts(store: Pick<ReadStore, "movementsAfter">): Parts<Movement> {
  return partsAfter((last, limit) =>
    store.movementsAfter(last?.id ?? "00".repeat(16), last?.step ?? 0, limit)
  );
}

/** Every entry of a chain. */
export function entryParts(
  store: Pick<ReadStore, "entriesAfter">,
  chain: number,
): Parts<SealedEntry> {
  return partsAfter((last, limit) => store.entriesAfter(chain, last?.sequence ?? 0, limit));
}

/** The rows of parts, one by one. */
export async function* rowsOf<T>(parts: AsyncIterable<T[]>): AsyncGenerator<T, void, void> {
  for await (const rows of parts) yield* rows;
}

/** Rows that are in memory, as parts. */
export function* partsOf<T>(rows: readonly T[]): Generator<T[], void, void> {
  for (let at = 0; at < rows.length; at += walkedRowsMax) yield rows.slice(at, at + walkedRowsMax);
}

/** @param after reads the rows after this one, no more than `limit`; the first ones without a row */
async function* partsAfter<T>(
  after: (last: T | undefined, limit: number) => T[] | Promise<T[]>,
): Parts<T> {
  let rows = await after(undefined, walkedRowsMax);
  while (rows.length > 0) {
    yield rows;
    rows = await after(rows.at(-1), walkedRowsMax);
  }
}
