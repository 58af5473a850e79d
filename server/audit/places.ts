/** Finds a customer's entries in the log, and the place of one of them. */
import type { LoggedAt } from "../../lib/atm.ts";
import { historyChunkEntries, receiptEntriesExaminedMax } from "../../lib/limits.ts";
import {
  type AuditEntry,
  loggedAt,
  type LoggedRow,
  type LogPlace,
  type SealedEntry,
} from "./entry.ts";
import type { AuditKeyRing } from "./keys.ts";
import type { LogStore } from "./log_store.ts";

export type CustomersLog = Pick<LogStore, "chains" | "entriesOf">;
export type OpeningKeys = Pick<AuditKeyRing, "indexesOf" | "open">;

/** A decrypted entry, and its stored form. */
export interface OpenedEntry {
  stored: SealedEntry;
  entry: AuditEntry;
}

/** A chunk of a customer's entries, newest first. */
export interface OpenedChunk {
  opened: OpenedEntry[];
  /** The place before which the next chunk begins; null after the last one. */
  next: LogPlace | null;
}

/**
 * Yields a customer's entries before a place, a chunk at a time. Omits rows that do not open, or
 * turn out to belong to another customer or to no place in a chain.
 * @param entriesMax ends after about this many, opened or not
 */
export async function* openedEntriesOf(
  store: CustomersLog,
  keys: OpeningKeys,
  { customer, before, entriesMax }: {
    customer: string;
    before: LogPlace | null;
    entriesMax: number;
  },
): AsyncGenerator<OpenedChunk, void, void> {
  const indexes = keys.indexesOf(customer); // each version of the AUDIT_KEY has its own index
  let place = before;
  for (let examined = 0; examined < entriesMax; examined += historyChunkEntries) {
    const chunk = await store.entriesOf(indexes, place, historyChunkEntries);
    // Read after the entries: another server may have added a chain.
    const chainIds = new Map((await store.chains()).map(({ number, id }) => [number, id]));
    const opened = chunk.flatMap((stored) => {
      const chainId = chainIds.get(stored.chain);
      const entry = chainId && stored.sequence > 0 ? keys.open(stored, chainId) : null;
      // A row's index is not authenticated: only the sealed name is the writer's.
      return entry?.who === customer ? [{ stored, entry }] : [];
    });
    place = chunk.length < historyChunkEntries ? null : chunk.at(-1)!;
    yield { opened, next: place };
    if (place === null) return;
  }
}

/** Returns the place of a row's entry, if it is among the customer's newest. */
export async function findEntry(
  store: CustomersLog,
  keys: OpeningKeys,
  { customer, movement, step }: LoggedRow,
): Promise<LoggedAt | undefined> {
  const newest = { customer, before: null, entriesMax: receiptEntriesExaminedMax };
  for await (const { opened } of openedEntriesOf(store, keys, newest)) {
    const found = opened.find(({ entry }) => entry.movement === movement && entry.step === step);
    if (found) return loggedAt(found.stored);
  }
}
