/**
 * Iterates over rows in parts, in the order of their keys, so that copies and checks need not fit
 * in memory.
 */
import { walkedRowsMax } from "../../lib/limits.ts";
import type { SealedEntry } from "../audit/entry.ts";
import type { Account, Customer, Movement } from "./model.ts";
import type { AccountDayEnd, Hold, ReadStore } from "./store.ts";

/** Rows in order, in parts; no part is empty. */
export type Parts<T> = AsyncGenerator<T[], void, void>;

/** Yields rows of movements, all or from this one on. */
export function movementParts(
  store: Pick<ReadStore, "movementsAfter">,
  from: Pick<Movement, "id" | "step"> = { id: "00".repeat(16), step: 1 },
): Parts<Movement> {
  return partsAfter((last, limit) =>
    last
      ? store.movementsAfter(last.id, last.step, limit)
      : store.movementsAfter(from.id, from.step - 1, limit)
  );
}

/** Yields every account. */
export function accountParts(store: Pick<ReadStore, "accountsAfter">): Parts<Account> {
  return partsAfter((last, limit) =>
    store.accountsAfter(last?.id ?? Number.MIN_SAFE_INTEGER, limit)
  );
}

/** Yields every customer, in the database's order of names. */
export function customerParts(store: Pick<ReadStore, "customersAfter">): Parts<Customer> {
  return partsAfter((last, limit) => store.customersAfter(last?.username ?? "", limit));
}

/** Yields every movement in the list of open ones. */
export function holdParts(store: Pick<ReadStore, "holdsAfter">): Parts<Hold> {
  return partsAfter((last, limit) => store.holdsAfter(last?.id ?? "00".repeat(16), limit));
}

/** Yields balances at the ends of days, from this account on. */
export function dayEndParts(
  store: Pick<ReadStore, "dayEndsAfter">,
  fromAccount = Number.MIN_SAFE_INTEGER,
): Parts<AccountDayEnd> {
  const before = { account: fromAccount - 1, day: Number.MAX_SAFE_INTEGER };
  return partsAfter((last, limit) => {
    const { account, day } = last ?? before;
    return store.dayEndsAfter(account, day, limit);
  });
}

/** Yields every entry of a chain. */
export function entryParts(
  store: Pick<ReadStore, "entriesAfter">,
  chain: number,
): Parts<SealedEntry> {
  return partsAfter((last, limit) => store.entriesAfter(chain, last?.sequence ?? 0, limit));
}

/** Yields the rows of parts, one by one. */
export async function* rowsOf<T>(parts: AsyncIterable<T[]>): AsyncGenerator<T, void, void> {
  for await (const rows of parts) yield* rows;
}

/** Yields rows that are in memory, as parts. */
export function* partsOf<T>(rows: readonly T[]): Generator<T[], void, void> {
  for (let at = 0; at < rows.length; at += walkedRowsMax) yield rows.slice(at, at + walkedRowsMax);
}

/**
 * Yields parts of a table.
 * @param after reads at most `limit` rows after this one; the first ones without a row
 */
async function* partsAfter<T>(
  after: (last: T | undefined, limit: number) => T[] | Promise<T[]>,
): Parts<T> {
  let rows = await after(undefined, walkedRowsMax);
  while (rows.length > 0) {
    yield rows;
    rows = await after(rows.at(-1), walkedRowsMax);
  }
}
