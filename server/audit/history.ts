/** A customer's own part of the log: opened, filtered and cut into pages, newest first. */
import type { HistoryEntry, HistoryFilter } from "../../lib/atm.ts";
import { historyEntriesExaminedMax, historyPageEntriesMax } from "../../lib/limits.ts";
import type { AuditEntry } from "../ledger/command.ts";
import type { ReadStore } from "../ledger/store.ts";
import type { SealedEntry } from "./chain.ts";

const chunkEntries = 64;

/** How a stored entry becomes a readable one; null for one that does not open. */
export type Opener = (entry: SealedEntry) => AuditEntry | null;

export interface HistoryQuery {
  /** The customer's keyed index. */
  who: Uint8Array;
  filter: HistoryFilter;
  /** Where the page before ended; absent for the newest. */
  cursor?: string;
}

/** One page. A cursor comes back while there may be more, even when this page found nothing. */
export async function historyPage(
  store: Pick<ReadStore, "entriesOf" | "settledAmong">,
  openEntry: Opener,
  { who, filter, cursor }: HistoryQuery,
): Promise<{ entries: HistoryEntry[]; cursor?: string }> {
  const entries: HistoryEntry[] = [];
  let before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
  if (!Number.isSafeInteger(before)) return { entries };
  for (let examined = 0; examined < historyEntriesExaminedMax; examined += chunkEntries) {
    const chunk = await store.entriesOf(who, before, chunkEntries);
    const readable = await withoutFinishedHolds(store, chunk, openEntry);
    for (const { sequence, entry } of readable) {
      before = sequence;
      if (!matches(entry, filter)) continue;
      entries.push(shown(sequence, entry));
      if (entries.length === historyPageEntriesMax) return { entries, cursor: String(before) };
    }
    if (chunk.length < chunkEntries) return { entries };
    before = chunk.at(-1)!.sequence;
  }
  return { entries, cursor: String(before) };
}

/** An authorisation says nothing more once its movement is settled: the settling has its own entry. */
async function withoutFinishedHolds(
  store: Pick<ReadStore, "settledAmong">,
  chunk: SealedEntry[],
  openEntry: Opener,
): Promise<{ sequence: number; entry: AuditEntry }[]> {
  const readable = chunk.flatMap((sealed) => {
    const entry = openEntry(sealed);
    return entry ? [{ sequence: sealed.sequence, entry }] : [];
  });
  const holds = readable.flatMap(({ entry: { step, outcome, movement } }) =>
    step === "authorise" && outcome === "ok" && movement ? [movement] : []
  );
  const settled = new Set(await store.settledAmong(holds));
  return readable.filter(({ entry: { step, outcome, movement } }) =>
    !(step === "authorise" && outcome === "ok" && settled.has(movement!))
  );
}

function matches(entry: AuditEntry, { kind, outcome, text, from, before }: HistoryFilter): boolean {
  return (!kind || entry.kind === kind) &&
    (!outcome || (entry.outcome === "ok") === (outcome === "done")) &&
    (!text || entry.action.toLowerCase().includes(text.toLowerCase())) &&
    (!from || entry.timeMs >= Date.parse(from)) &&
    (!before || entry.timeMs < Date.parse(before));
}

function shown(sequence: number, entry: AuditEntry): HistoryEntry {
  return {
    place: String(sequence),
    action: entry.action,
    kind: entry.kind,
    outcome: entry.outcome === "ok" ? "done" : "refused",
    time: new Date(entry.timeMs).toISOString(),
    terminal: entry.terminal,
    ...(entry.amount === undefined ? {} : { amount: entry.amount.toString() }),
  };
}
