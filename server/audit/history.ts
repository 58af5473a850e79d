/** A customer's part of the log: decrypted, filtered and paged, newest first. */
import type { HistoryEntry, HistoryFilter, Statement, Usual } from "../../lib/atm.ts";
import { hex } from "../../lib/bytes.ts";
import {
  historyEntriesExaminedMax,
  historyPageEntriesMax,
  statementEntriesMax,
  usualEntriesExaminedMax,
  usualRecipientsMax,
} from "../../lib/limits.ts";
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

function matches(
  entry: AuditEntry,
  { kind, outcome, text, from, before, account }: HistoryFilter,
): boolean {
  return (!account || entry.account === account) &&
    (!kind || entry.kind === kind || (kind === "money" && isMoney(entry))) &&
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
    ...(entry.balance === undefined ? {} : { balance: entry.balance.toString() }),
    ...(entry.movement && { movement: entry.movement }),
    ...(entry.message && { message: entry.message }),
    ...(sealed && { sealed: stored.sealed.toBase64() }),
    tag: hex(stored.tag),
  };
}

/** Returns the customer's last withdrawal and the last recipients, from the newest entries. */
export async function usualOf(
  store: CustomersLog,
  keys: OpeningKeys,
  customer: string,
): Promise<Usual> {
  const recipients = new Map<string, string>();
  let lastWithdrawal: bigint | undefined;
  const newest = { customer, before: null, entriesMax: usualEntriesExaminedMax };
  for await (const { opened } of openedEntriesOf(store, keys, newest)) {
    for (const { entry } of opened) {
      if (entry.balance === undefined) continue; // it booked nothing
      if (entry.kind === "withdrawal") lastWithdrawal ??= entry.amount;
      const [, account, name] = sentTo.exec(entry.action) ?? [];
      if (account && name && !recipients.has(account) && recipients.size < usualRecipientsMax) {
        recipients.set(account, name);
      }
    }
    if (lastWithdrawal !== undefined && recipients.size === usualRecipientsMax) break;
  }
  return {
    ...(lastWithdrawal !== undefined && { lastWithdrawal: lastWithdrawal.toString() }),
    recipients: [...recipients].map(([account, name]) => ({ account, name })),
  };
}

/** How the log says a transfer that was sent. */
const sentTo = /^transfer .* to account ([0-9]+) \((.+)\)$/;

/** What the statement of one account is about. */
export interface StatementQuery {
  customer: string;
  account: string;
  /** The beginning of the month. */
  fromMs: number;
}

/**
 * Returns an account's last bookings, and the sums of what came in and went out since `fromMs`; no
 * sums if they have more entries than are examined.
 */
export async function statementOf(
  store: CustomersLog,
  keys: OpeningKeys,
  { customer, account, fromMs }: StatementQuery,
): Promise<Statement> {
  const entries: HistoryEntry[] = [];
  let [moneyIn, moneyOut] = [0n, 0n];
  const newest = { customer, before: null, entriesMax: historyEntriesExaminedMax };
  for await (const { opened, next } of openedEntriesOf(store, keys, newest)) {
    for (const { stored, entry } of opened) {
      const recent = entry.timeMs >= fromMs;
      if (!recent && entries.length === statementEntriesMax) {
        return { entries, ...sums(moneyIn, moneyOut) };
      }
      if (entry.balance === undefined || entry.account !== account) continue;
      if (entries.length < statementEntriesMax) entries.push(shown(stored, entry, false));
      if (!recent) continue;
      if (takesMoney(entry)) moneyOut += entry.amount ?? 0n;
      else moneyIn += entry.amount ?? 0n;
    }
    if (next === null) return { entries, ...sums(moneyIn, moneyOut) };
  }
  return { entries };
}

const sums = (moneyIn: bigint, moneyOut: bigint) => ({
  moneyIn: moneyIn.toString(),
  moneyOut: moneyOut.toString(),
});

/** Returns whether a booking took money from the customer; only the sender's entry has a step. */
function takesMoney({ kind, step }: AuditEntry): boolean {
  return kind === "withdrawal" || (kind === "transfer" && step !== undefined);
}
