/** `search_log`: the log newest first, a page at a time, as a console shows it. */
import { UsageError } from "../../lib/errors.ts";
import type { EntryNews } from "../../lib/console.ts";
import {
  consoleRowsMax,
  disputeEntriesMax,
  logChunkEntries,
  searchEntriesMax,
} from "../../lib/limits.ts";
import {
  type AuditEntry,
  isInClear,
  type LogPlace,
  placeOfText,
  placeText,
  type SealedEntry,
} from "../audit/entry.ts";
import { headsOf } from "../audit/heads.ts";
import type { AuditKeyRing } from "../audit/keys.ts";
import { openedEntriesOf, type OpenedEntry } from "../audit/places.ts";
import { isWanted, type ShowFilter } from "../audit/show.ts";
import type { Bank } from "../bank.ts";
import type { Answers, Handlers } from "./request.ts";
import { requireInstants } from "./words.ts";

/** Opened entries, newest first, and where each place leaves the search. */
type Found = AsyncGenerator<OpenedEntry | null, void, void>;

export const searchCommands: Handlers<"search_log" | "list_disputes"> = {
  search_log(bank, { command: _, operator: __, approved: ___, at, ...filter }) {
    return pageOf(bank, filter, at);
  },

  list_disputes: (bank, { at }) => pageOf(bank, disputed, at, disputeEntriesMax),
};

/** Entries about money that is in the differences account. */
export const disputed: ShowFilter = { action: "differences account" };

/** Yields a page of entries, and where the next page begins. */
async function* pageOf(
  bank: Bank,
  filter: ShowFilter,
  at: string | undefined,
  examinedMax = searchEntriesMax,
): Answers {
  requireInstants(filter);
  const ends = at === undefined ? null : endsOf(at);
  const reader = filter.customer === undefined
    ? new EveryChain(bank, ends)
    : new OneCustomer(bank, filter.customer, ends);
  let [rows, examined] = [0, 0];
  for await (const opened of reader.entries()) {
    examined++;
    if (opened && isWanted(opened.entry, filter)) {
      yield { line: JSON.stringify(entryNews(opened.stored, opened.entry)) };
      rows++;
    }
    if (rows < consoleRowsMax && examined < examinedMax) continue;
    break;
  }
  const next = reader.left.map(placeText).join();
  if (next !== "") yield { next };
}

/** Returns an entry as a console shows it. */
export function entryNews(stored: LogPlace, entry: AuditEntry): EntryNews {
  const { timeMs, who, action, outcome, terminal, movement = "" } = entry;
  return { place: placeText(stored), timeMs, who, action, outcome, terminal, movement };
}

/**
 * Parses where a page begins: for each chain with entries left, the place before which they are.
 * @throws {UsageError} with exit code 2 if it is anything else
 */
function endsOf(text: string): LogPlace[] {
  return text.split(",").map((each) => {
    const place = placeOfText(each);
    if (place !== null) return place;
    throw new UsageError(`'${text}' is not where a page of the log begins`, 2);
  });
}

/** The entries of one customer, by their index. */
class OneCustomer {
  #left: LogPlace | null = null;

  constructor(
    private readonly bank: Bank,
    private readonly customer: string,
    private readonly ends: readonly LogPlace[] | null,
  ) {}

  get left(): LogPlace[] {
    return this.#left === null ? [] : [this.#left];
  }

  async *entries(): Found {
    const { ledger: { read }, auditKeys } = this.bank;
    const { customer } = this;
    const asked = { customer, before: this.ends?.[0] ?? null, entriesMax: searchEntriesMax };
    for await (const { opened, next } of openedEntriesOf(read, auditKeys, asked)) {
      for (const each of opened) {
        this.#left = each.stored;
        yield each;
      }
      this.#left = next;
    }
  }
}

/** The entries of all chains, merged by their time. */
class EveryChain {
  /** Of each chain: the place before which its entries are left. */
  readonly #ends = new Map<number, number>();

  constructor(private readonly bank: Bank, private readonly from: readonly LogPlace[] | null) {}

  get left(): LogPlace[] {
    return [...this.#ends].filter(([, sequence]) => sequence > 1)
      .map(([chain, sequence]) => ({ chain, sequence }));
  }

  /** Yields null for an entry that is in clear, or does not open: `verify` finds it. */
  async *entries(): Found {
    const { ledger: { read } } = this.bank;
    const chains = [];
    for (const { number, id, sequence } of await headsOf(read)) {
      const end = this.from === null
        ? sequence + 1
        : this.from.find(({ chain }) => chain === number)?.sequence ?? 1;
      this.#ends.set(number, end);
      chains.push(new ChainBackwards(read, this.bank.auditKeys, { number, id }, end));
    }
    for (;;) {
      let newest: ChainBackwards | null = null;
      for (const chain of chains) {
        if (!await chain.fill()) continue;
        if (newest === null || chain.timeMs > newest.timeMs) newest = chain;
      }
      if (newest === null) return;
      const { sequence, opened } = newest.take();
      this.#ends.set(newest.chain.number, sequence);
      yield opened;
    }
  }
}

/** One chain, read backwards in chunks. */
class ChainBackwards {
  #chunk: SealedEntry[] = [];
  #first: OpenedEntry | null = null;

  constructor(
    private readonly log: Pick<Bank["ledger"]["read"], "entriesAfter">,
    private readonly keys: AuditKeyRing,
    readonly chain: { number: number; id: Uint8Array },
    private end: number,
  ) {}

  /** Reads the next entry; returns whether there is one. */
  async fill(): Promise<boolean> {
    if (this.#chunk.length === 0) {
      const after = Math.max(0, this.end - 1 - logChunkEntries);
      const limit = this.end - 1 - after;
      if (limit === 0) return false;
      this.#chunk = await this.log.entriesAfter(this.chain.number, after, limit);
      this.end = after + 1;
      if (this.#chunk.length === 0) return false; // a gap, which `verify` finds
    }
    const stored = this.#chunk.at(-1)!;
    if (this.#first?.stored === stored) return true;
    const entry = isInClear(stored) ? null : this.keys.open(stored, this.chain.id);
    this.#first = entry && { stored, entry };
    return true;
  }

  /** The time of the next entry; one without a time comes at once. */
  get timeMs(): number {
    return this.#first?.entry.timeMs ?? Infinity;
  }

  take(): { sequence: number; opened: OpenedEntry | null } {
    const { sequence } = this.#chunk.pop()!;
    const opened = this.#first;
    this.#first = null;
    return { sequence, opened };
  }
}
