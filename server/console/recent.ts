/**
 * The log's newest entries, as the watch sends them: a list that has been read once follows them
 * without another command, which would have an entry in the log itself.
 */
import type {
  ConsoleQuery,
  CustomerNews,
  EntryNews,
  FreshEntry,
  ReadAnswer,
} from "../../lib/console.ts";
import { consoleFollowedRowsMax, consoleRecentMax } from "../../lib/limits.ts";
import { isWanted } from "../audit/show.ts";
import { disputed } from "../operator/search_log.ts";
import { filterOf } from "./reads.ts";

export class Recent {
  #entries: FreshEntry[] = [];
  #total = 0;

  /** How many entries have come. */
  get total(): number {
    return this.#total;
  }

  /** @param missed whether some before them were left out */
  add(entries: readonly FreshEntry[], missed: boolean): void {
    if (missed) {
      this.#entries = [];
      this.#total += 1;
    }
    this.#total += entries.length;
    this.#entries = [...this.#entries, ...entries].slice(-consoleRecentMax);
  }

  /** Returns the entries since there were so many, oldest first; null if some are gone. */
  since(total: number): FreshEntry[] | null {
    const count = this.#total - total;
    if (count > this.#entries.length) return null;
    return count === 0 ? [] : this.#entries.slice(-count);
  }
}

/** Returns the present answer of a query that was read before; null if it must be read again. */
export function followed(
  query: ConsoleQuery,
  before: ReadAnswer<unknown[]>,
  fresh: readonly FreshEntry[] | null,
): ReadAnswer<unknown[]> | null {
  if (fresh === null || "failed" in before) return null;
  switch (query.of) {
    case "terminal":
      if (query.before !== "") return before;
      return merged(before, fresh.filter(({ who }) => who === `terminal ${query.name}`));
    case "log":
      if (query.at !== "") return before;
      return merged(before, fresh.filter((entry) => isWanted(entry, filterOf(query))));
    case "disputes":
      if (query.at !== "") return before;
      return merged(before, fresh.filter((entry) => isWanted(entry, disputed)));
    case "customer":
    case "bookings":
      return fresh.some(({ who, isChange }) => isChange || who === query.name) ? null : before;
    case "customers": {
      const shown = new Set((before.rows as CustomerNews[]).map(({ customer }) => customer));
      return fresh.some(({ who, isChange }) => isChange || shown.has(who)) ? null : before;
    }
    case "terminals":
    case "holds":
    case "differences":
      return null;
    case "limits":
    case "operators":
      return fresh.some(({ isChange }) => isChange) ? null : before;
  }
}

/** Puts new entries before the rows; returns null if the page has become too long. */
function merged(
  before: { rows: unknown[]; next?: string },
  fresh: readonly FreshEntry[],
): { rows: unknown[]; next?: string } | null {
  const rows = before.rows as EntryNews[];
  const known = new Set(rows.map(({ place }) => place));
  const added = fresh.filter(({ place }) => !known.has(place)).toReversed();
  if (added.length + rows.length > consoleFollowedRowsMax) return null;
  return { ...before, rows: [...added, ...rows] };
}
