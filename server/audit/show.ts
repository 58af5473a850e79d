/** Filters and formats the log for people and scripts. */
import type { AuditEntry } from "./entry.ts";
import { lineOf } from "./codec.ts";

/** A filter of the log; absent fields filter nothing. */
export interface ShowFilter {
  /** The subject: a username, `operator NAME`, `terminal NAME`, `bank`. */
  customer?: string;
  /** A substring of the action, case-insensitive. */
  action?: string;
  /** `ok`, `refused` for all others, or one outcome by name: `insufficient_funds`. */
  outcome?: string;
  /** RFC 3339, or a date: from inclusive, before exclusive. */
  from?: string;
  before?: string;
  /** The terminal's name. */
  terminal?: string;
}

/** The facts of an entry that a filter looks at. */
export type FilteredFacts =
  & Pick<AuditEntry, "who" | "action" | "timeMs" | "terminal">
  & { outcome: string };

export function isWanted(entry: FilteredFacts, filter: ShowFilter): boolean {
  const { customer, action, outcome, from, before, terminal } = filter;
  return (customer === undefined || entry.who === customer) &&
    (action === undefined || entry.action.toLowerCase().includes(action.toLowerCase())) &&
    (outcome === undefined || entry.outcome === outcome ||
      (outcome === "refused" && entry.outcome !== "ok")) &&
    (from === undefined || entry.timeMs >= Date.parse(from)) &&
    (before === undefined || entry.timeMs < Date.parse(before)) &&
    (terminal === undefined || entry.terminal === terminal);
}

/** Formats an entry for `audit show`: the line, or all facts as JSON. */
export function shownEntry(
  place: { chainId: string; sequence: number },
  entry: AuditEntry,
  json: boolean,
): string {
  if (!json) return lineOf(entry);
  const { timeMs, amount, balance, ...facts } = entry;
  return JSON.stringify({
    chain: place.chainId,
    sequence: place.sequence,
    time: new Date(timeMs).toISOString(),
    ...facts,
    amount: amount?.toString(),
    balance: balance?.toString(),
  });
}
