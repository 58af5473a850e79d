/** A customer's own part of the log: opened, filtered and cut into pages, newest first. */
import type { HistoryEntry, HistoryFilter, LoggedAt } from "../../lib/atm.ts";
import { hex } from "../../lib/bytes.ts";
import {
  historyEntriesExaminedMax,
  historyPageEntriesMax,
  receiptEntriesExaminedMax,
} from "../../lib/limits.ts";
import {
  type AuditEntry,
  loggedAt,
  type LogPlace,
  placeOfText,
  placeText,
  type SealedEntry,
} from "./entry.ts";
import type { ReadStore } from "../ledger/store.ts";
import type { AuditKeyRing } from "./keys.ts";

const chunkEntries = 64;

type LogStore = Pick<ReadStore, "chains" | "entriesOf" | "settledAmong">;
type LogKeys = Pick<AuditKeyRing, "indexesOf" | "open">;

export interface HistoryQuery {
  /** The customer's username: nobody else's entries are looked at. */
  customer: string;
  filter: HistoryFilter;
  /** Where the page before ended; absent for the newest. */
  cursor?: string;
  /** Whether entries come with their sealed form, too. */
  sealed?: boolean;
}

/** An entry that the customer may read, beside what is stored of it. */
interface Readable {
  stored: SealedEntry;
  entry: AuditEntry;
}

/**
 * One page. A cursor comes back while there may be more, even when this page found nothing. It names
 * a place, so that entries which arrive meanwhile move nothing.
 */
export async function historyPage(
  store: LogStore,
  keys: LogKeys,
  { customer, filter, cursor, sealed = false }: HistoryQuery,
): Promise<{ entries: HistoryEntry[]; cursor?: string }> {
  const entries: HistoryEntry[] = [];
  const indexes = keys.indexesOf(customer); // each version of the AUDIT_KEY has its own
  let before = cursor === undefined ? null : placeOfText(cursor);
  if (cursor !== undefined && before === null) return { entries };
  for (let examined = 0; examined < historyEntriesExaminedMax; examined += chunkEntries) {
    const chunk = await store.entriesOf(indexes, before, chunkEntries);
    for (const { stored, entry } of await readableOf(store, keys, chunk)) {
      before = stored;
      if (!matches(entry, filter)) continue;
      entries.push(shown(stored, entry, sealed));
      if (entries.length === historyPageEntriesMax) return { entries, cursor: placeText(stored) };
    }
    if (chunk.length < chunkEntries) return { entries };
    before = chunk.at(-1)!;
  }
  return { entries, cursor: placeText(before!) };
}

/** Where the log speaks of one row of a customer's movement, if that is among their newest entries. */
export async function findEntry(
  store: Pick<LogStore, "chains" | "entriesOf">,
  keys: LogKeys,
  { customer, movement, step }: Pick<AuditEntry, "movement" | "step"> & { customer: string },
): Promise<LoggedAt | undefined> {
  const chainIds = new Map((await store.chains()).map(({ number, id }) => [number, id]));
  const indexes = keys.indexesOf(customer);
  let before: LogPlace | null = null;
  for (let examined = 0; examined < receiptEntriesExaminedMax; examined += chunkEntries) {
    const chunk: SealedEntry[] = await store.entriesOf(indexes, before, chunkEntries);
    for (const stored of chunk) {
      const entry = keys.open(stored, chainIds.get(stored.chain)!);
      if (entry?.movement === movement && entry?.step === step) return loggedAt(stored);
    }
    if (chunk.length < chunkEntries) return undefined;
    before = chunk.at(-1)!;
  }
}

/** An authorisation says nothing more once its movement is settled: the settling has its own entry. */
async function readableOf(
  store: LogStore,
  keys: LogKeys,
  chunk: readonly SealedEntry[],
): Promise<Readable[]> {
  const chainIds = new Map((await store.chains()).map(({ number, id }) => [number, id]));
  const readable = chunk.flatMap((stored) => {
    const entry = keys.open(stored, chainIds.get(stored.chain)!);
    return entry ? [{ stored, entry }] : [];
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
