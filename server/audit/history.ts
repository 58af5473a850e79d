/** A customer's part of the log: decrypted, filtered and paged, newest first. */
import type { HistoryEntry, HistoryFilter } from "../../lib/atm.ts";
import { hex } from "../../lib/bytes.ts";
import { historyEntriesExaminedMax, historyPageEntriesMax } from "../../lib/limits.ts";
import {
  type AuditEntry,
  type LogPlace,
  placeOfText,
  placeText,
  type SealedEntry,
} from "./entry.ts";
import {
  type CustomersLog,
  openedEntriesOf,
  type OpenedEntry,
  type OpeningKeys,
} from "./places.ts";

/** The log, and the set of settled movements. */
export interface HistoryStore extends CustomersLog {
  /** Returns those of these movements that have been settled. */
  settledAmong(movements: readonly string[]): string[] | Promise<string[]>;
}

export interface HistoryQuery {
  /** The customer's username: other customers' entries are never read. */
  customer: string;
  filter: HistoryFilter;
  /** The cursor returned by the page before; absent for the newest. */
  cursor?: string;
  /** Whether entries include their sealed form. */
  sealed?: boolean;
}

/**
 * Returns one page. It has a cursor while there may be more, even if it is empty. The cursor names
 * a place, so that new entries do not shift pages.
 */
export async function historyPage(
  store: HistoryStore,
  keys: OpeningKeys,
  { customer, filter, cursor, sealed = false }: HistoryQuery,
): Promise<{ entries: HistoryEntry[]; cursor?: string }> {
  const entries: HistoryEntry[] = [];
  const before = cursor === undefined ? null : placeOfText(cursor);
  if (cursor !== undefined && before === null) return { entries };
  const asked = { customer, before, entriesMax: historyEntriesExaminedMax };
  let after: LogPlace | null = null;
  for await (const { opened, next } of openedEntriesOf(store, keys, asked)) {
    for (const { stored, entry } of await withoutSettledHolds(store, opened)) {
      if (!matches(entry, filter)) continue;
      entries.push(shown(stored, entry, sealed));
      if (entries.length === historyPageEntriesMax) return { entries, cursor: placeText(stored) };
    }
    after = next;
  }
  return after === null ? { entries } : { entries, cursor: placeText(after) };
}

/** Omits the authorisations of settled movements, whose settling has an entry, too. */
async function withoutSettledHolds(
  store: HistoryStore,
  opened: readonly OpenedEntry[],
): Promise<OpenedEntry[]> {
  const isHold = ({ step, outcome, movement }: AuditEntry) =>
    step === "authorise" && outcome === "ok" && movement !== undefined;
  const holds = opened.flatMap(({ entry }) => isHold(entry) ? [entry.movement!] : []);
  const settled = new Set(await store.settledAmong(holds));
  return opened.filter(({ entry }) => !(isHold(entry) && settled.has(entry.movement!)));
}

function matches(entry: AuditEntry, { kind, outcome, text, from, before }: HistoryFilter): boolean {
  return (!kind || entry.kind === kind || (kind === "money" && isMoney(entry))) &&
    (!outcome || (entry.outcome === "ok") === (outcome === "done")) &&
    (!text || entry.action.toLowerCase().includes(text.toLowerCase())) &&
    (!from || entry.timeMs >= Date.parse(from)) &&
    (!before || entry.timeMs < Date.parse(before));
}

function isMoney({ kind }: AuditEntry): boolean {
  return kind === "withdrawal" || kind === "deposit" || kind === "transfer";
}

function shown(stored: SealedEntry, entry: AuditEntry, sealed: boolean): HistoryEntry {
  return {
    place: placeText(stored),
    action: entry.action,
    kind: entry.kind,
    outcome: entry.outcome === "ok" ? "done" : "refused",
    time: new Date(entry.timeMs).toISOString(),
    terminal: entry.terminal,
    ...(entry.amount === undefined ? {} : { amount: entry.amount.toString() }),
    ...(sealed && { sealed: stored.sealed.toBase64(), tag: hex(stored.tag) }),
  };
}
