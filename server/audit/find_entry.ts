/** Finds an entry of the log by its place, as printed on a receipt, or by its movement's id. */
import type { ChainName, LogPlace, SealedEntry } from "./entry.ts";
import { placeOfText } from "./entry.ts";
import type { AuditKeyRing } from "./keys.ts";
import type { LogStore } from "./log_store.ts";
import { openedEntriesOf } from "./places.ts";

/** An entry and its chain. */
export interface FoundEntry {
  stored: SealedEntry;
  chain: ChainName;
}

/** The reads that finding an entry needs. */
export interface EntrySource extends Pick<LogStore, "chains" | "entriesAfter" | "entriesOf"> {
  /** Rows of movements after this one, in the order of ids and steps. */
  movementsAfter(
    id: string,
    step: number,
    limit: number,
  ): MovementRow[] | Promise<MovementRow[]>;
}

interface MovementRow {
  id: string;
  customer: string;
}

/**
 * Returns the entry at a place, or the newest one of a movement; null if there is no such entry.
 * @param reference "1.4711", or 32 hex digits
 */
export async function findByReference(
  source: EntrySource,
  keys: Pick<AuditKeyRing, "indexesOf" | "open">,
  reference: string,
): Promise<FoundEntry | null> {
  const place = placeOfText(reference) ?? await placeOfMovement(source, keys, reference);
  return place && await findByPlace(source, place);
}

/** Returns the entry at a place; null if none is there. */
export async function findByPlace(
  source: Pick<LogStore, "chains" | "entriesAfter">,
  place: LogPlace,
): Promise<FoundEntry | null> {
  const chain = (await source.chains()).find(({ number }) => number === place.chain);
  if (!chain) return null;
  const [stored] = await source.entriesAfter(place.chain, place.sequence - 1, 1);
  return stored?.sequence === place.sequence ? { stored, chain } : null;
}

async function placeOfMovement(
  source: EntrySource,
  keys: Pick<AuditKeyRing, "indexesOf" | "open">,
  reference: string,
): Promise<LogPlace | null> {
  if (!/^[0-9a-f]{32}$/.test(reference)) return null;
  const [row] = await source.movementsAfter(reference, 0, 1);
  if (row?.id !== reference) return null;
  const all = { customer: row.customer, before: null, entriesMax: Infinity };
  for await (const { opened } of openedEntriesOf(source, keys, all)) {
    const found = opened.find(({ entry }) => entry.movement === reference);
    if (found) return found.stored;
  }
  return null;
}
