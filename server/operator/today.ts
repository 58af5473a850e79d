/**
 * The movements of the bank's day, from the log: sums, and the newest ones. The log has them at every
 * server and after a restart. It is read back to the day's beginning within a bound, then followed.
 */
import { dayOf } from "../../lib/calendar.ts";
import type { BankNews, MovementNews, PeriodNews } from "../../lib/console.ts";
import {
  logChunkEntries,
  newsEntriesExaminedMax,
  newsEntriesMax,
  newsMovementsMax,
  newsPeriodMs,
} from "../../lib/limits.ts";
import { type AuditEntry, isInClear, placeText, type SealedEntry } from "../audit/entry.ts";
import { headsOf } from "../audit/heads.ts";
import type { AuditKeyRing } from "../audit/keys.ts";
import type { OpenedEntry } from "../audit/places.ts";
import type { ReadableLog } from "./read_log.ts";

/** The sums of a period, in code's own types. */
interface Sums {
  out: bigint;
  in: bigint;
  done: number;
  refused: number;
}

export class Today {
  /** The place up to which each chain has been read. */
  readonly #done = new Map<number, number>();
  /** The chains that were not read from their first entry, until an entry shows from which day. */
  readonly #edges = new Set<number>();
  readonly #periods = new Map<number, Sums>();
  readonly #outcomes = new Map<string, number>();
  #movements: MovementNews[] = [];
  #day: number;
  #isCut = false;
  #entries = 0;
  /** Those that came since they were taken, the newest. */
  #fresh: OpenedEntry[] = [];
  #hasMissed = false;

  constructor(
    private readonly log: ReadableLog,
    private readonly keys: () => AuditKeyRing,
    private readonly timeZone: string,
    nowMs: number,
  ) {
    this.#day = dayOf(nowMs, timeZone);
  }

  /** The entries of all chains so far. */
  get entries(): number {
    return this.#entries;
  }

  /** Returns the entries since the last call, oldest first, and whether some before them are left out. */
  takeFresh(): { fresh: OpenedEntry[]; hasMissed: boolean } {
    const taken = { fresh: this.#fresh.slice(-newsEntriesMax), hasMissed: this.#hasMissed };
    taken.hasMissed ||= taken.fresh.length < this.#fresh.length;
    this.#fresh = [];
    this.#hasMissed = false;
    return taken;
  }

  /** Reads what is new in the log; returns whether anything was. */
  async read(nowMs: number): Promise<boolean> {
    const day = dayOf(nowMs, this.timeZone);
    let isNew = day !== this.#day;
    if (isNew) this.#begin(day);
    for (const { number, id, sequence } of await headsOf(this.log)) {
      for (
        let after = this.#done.get(number) ?? this.#startOf(number, sequence);
        after < sequence;
      ) {
        const entries = await this.log.entriesAfter(number, after, logChunkEntries);
        if (entries.length === 0) break; // a gap, which `verify` finds
        for (const entry of entries) this.#take(entry, id);
        after = entries.at(-1)!.sequence;
        this.#entries += after - (this.#done.get(number) ?? 0);
        this.#done.set(number, after);
        isNew = true;
      }
    }
    return isNew;
  }

  /** Returns the day's sums and the newest movements, newest first. */
  news(nowMs: number): Pick<BankNews, "today" | "movements"> {
    const sums = [...this.#periods].sort(([one], [other]) => one - other);
    const total = sums.reduce(
      (sum, [, each]) => ({
        out: sum.out + each.out,
        in: sum.in + each.in,
        done: sum.done + each.done,
        refused: sum.refused + each.refused,
      }),
      { out: 0n, in: 0n, done: 0, refused: 0 },
    );
    const periods = sums.map(([startMs, each]): PeriodNews => ({ startMs, ...inMinor(each) }));
    return {
      today: {
        sinceMs: periods[0]?.startMs ?? periodOf(nowMs),
        isCut: this.#isCut,
        periods,
        ...inMinor(total),
        outcomes: [...this.#outcomes].map(([outcome, count]) => ({ outcome, count }))
          .sort((one, other) => other.count - one.count),
      },
      movements: this.#movements.toReversed(),
    };
  }

  #begin(day: number): void {
    this.#day = day;
    this.#isCut = false;
    this.#periods.clear();
    this.#outcomes.clear();
  }

  /** Returns the place after which a chain with this last entry is read for the first time. */
  #startOf(chain: number, sequence: number): number {
    const start = Math.max(0, sequence - newsEntriesExaminedMax);
    if (start > 0) this.#edges.add(chain);
    return start;
  }

  #take(stored: SealedEntry, chainId: Uint8Array): void {
    if (isInClear(stored)) return;
    const entry = this.keys().open(stored, chainId);
    if (entry === null) return; // `verify` finds it
    this.#fresh.push({ stored, entry });
    if (this.#fresh.length === 4 * newsEntriesMax) {
      this.#fresh = this.#fresh.slice(-newsEntriesMax);
      this.#hasMissed = true;
    }
    const isToday = dayOf(entry.timeMs, this.timeZone) === this.#day;
    if (this.#edges.delete(stored.chain) && isToday) this.#isCut = true;
    const { kind, step } = entry;
    if (step === undefined || kind === "other" || kind === "log-in") return;
    if (isToday) this.#sum(entry);
    this.#movements.push({
      place: placeText(stored),
      timeMs: entry.timeMs,
      who: entry.who,
      action: entry.action,
      kind,
      step,
      outcome: entry.outcome,
      terminal: entry.terminal,
      movement: entry.movement ?? "",
      amount: String(entry.amount ?? 0n),
    });
    if (this.#movements.length === 2 * newsMovementsMax) {
      this.#movements = this.#movements.slice(-newsMovementsMax);
    }
  }

  /**
   * Adds an entry to its period. Only an entry that booked money has a balance, and only a terminal
   * takes or pays cash: an opening has none.
   */
  #sum({ kind, step, outcome, timeMs, amount = 0n, balance, terminal }: AuditEntry): void {
    if (terminal === "") return;
    const startMs = periodOf(timeMs);
    const sums = this.#periods.get(startMs) ?? { out: 0n, in: 0n, done: 0, refused: 0 };
    this.#periods.set(startMs, sums);
    if (outcome !== "ok") sums.refused++;
    else if (step !== "authorise" && balance !== undefined) {
      sums.done++;
      if (kind === "withdrawal") sums.out += amount;
      if (kind === "deposit") sums.in += amount;
    }
    if (step === "authorise" && outcome === "ok") return; // its settling counts
    const word = outcome === "ok" && balance === undefined ? "reversed" : outcome;
    this.#outcomes.set(word, (this.#outcomes.get(word) ?? 0) + 1);
  }
}

const inMinor = ({ out, in: taken, done, refused }: Sums) => ({
  out: String(out),
  in: String(taken),
  done,
  refused,
});

/** Returns when the period of a time begins. */
const periodOf = (timeMs: number) => Math.floor(timeMs / newsPeriodMs) * newsPeriodMs;
