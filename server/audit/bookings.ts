/** The bookings of a customer's accounts, from the log: newest first, a page at a time. */
import type { AuditEntry, LogPlace, SealedEntry } from "./entry.ts";
import { type CustomersLog, openedEntriesOf, type OpeningKeys } from "./places.ts";

export interface BookingsQuery {
  customer: string;
  /** An account's number; absent for all. */
  account?: string;
  before: LogPlace | null;
  rowsMax: number;
  /** About how many entries are examined for rows, and for the balances before them. */
  examinedMax: number;
  balancesExaminedMax: number;
}

/** An entry that booked money. */
export interface Booking {
  stored: SealedEntry;
  entry: AuditEntry & { account: string; balance: bigint };
  /** Signed; null if the account's balance before it was not found. */
  change: bigint | null;
}

/**
 * Returns one page, and where the next one begins; null after the last. An entry has the balance
 * after it: what it changed is the difference to the account's booking before, which is looked for
 * beyond the page.
 */
export async function bookingsOf(
  log: CustomersLog,
  keys: OpeningKeys,
  { customer, account, before, rowsMax, examinedMax, balancesExaminedMax }: BookingsQuery,
): Promise<{ rows: Booking[]; next: LogPlace | null }> {
  const rows: Booking[] = [];
  const waiting = new Map<string, Booking>();
  let next: LogPlace | null = null;
  let examined = 0;
  const asked = { customer, before, entriesMax: balancesExaminedMax };
  for await (const { opened, next: after } of openedEntriesOf(log, keys, asked)) {
    for (const { stored, entry } of opened) {
      if (!isBooking(entry) || (account !== undefined && entry.account !== account)) continue;
      const later = waiting.get(entry.account);
      if (later) later.change = later.entry.balance - entry.balance;
      waiting.delete(entry.account);
      if (next !== null) continue;
      if (rows.length === rowsMax) {
        next = rows.at(-1)!.stored;
        continue;
      }
      const row: Booking = { stored, entry, change: null };
      rows.push(row);
      waiting.set(entry.account, row);
    }
    examined += opened.length;
    if (after === null) {
      for (const first of waiting.values()) first.change = first.entry.balance;
      break;
    }
    if (examined >= examinedMax) next ??= after;
    if (next !== null && waiting.size === 0) break;
  }
  return { rows, next };
}

function isBooking(entry: AuditEntry): entry is Booking["entry"] {
  return entry.balance !== undefined && entry.account !== undefined;
}
