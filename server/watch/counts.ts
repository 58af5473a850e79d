/** Counters: by label, by recent key, and distributions over buckets. */
import type { Clock } from "../../lib/world.ts";

/** Counts by a few labels, whose values are from fixed lists. */
export class Counts<Label extends string> {
  readonly #counts = new Map<string, { labels: Record<Label, string>; count: number }>();

  add(labels: Record<Label, string>): void {
    const key = Object.values(labels).join("\n");
    const counted = this.#counts.get(key);
    if (counted) counted.count++;
    else this.#counts.set(key, { labels, count: 1 });
  }

  *[Symbol.iterator](): Generator<[labels: Record<Label, string>, count: number]> {
    for (const { labels, count } of this.#counts.values()) yield [labels, count];
  }

  /** Returns the sum of the counts with these labels. */
  sum(wanted: (labels: Record<Label, string>) => boolean = () => true): number {
    return [...this].reduce((sum, [labels, count]) => wanted(labels) ? sum + count : sum, 0);
  }
}

/** Counts by key within the last one to two periods, for a limited number of keys. */
export class RecentCounts {
  #previous = new Map<string, number>();
  #present = new Map<string, number>();
  #sinceMs: number;

  constructor(
    private readonly clock: Pick<Clock, "monotonicMs">,
    private readonly periodMs: number,
    private readonly keysMax: number,
  ) {
    this.#sinceMs = clock.monotonicMs();
  }

  add(key: string): void {
    this.#forget();
    if (this.#present.size >= this.keysMax && !this.#present.has(key)) return;
    this.#present.set(key, (this.#present.get(key) ?? 0) + 1);
  }

  /** The number of keys. */
  get keys(): number {
    this.#forget();
    return new Set([...this.#previous.keys(), ...this.#present.keys()]).size;
  }

  /** The largest count of one key. */
  get largest(): number {
    this.#forget();
    let largest = 0;
    for (const key of [...this.#previous.keys(), ...this.#present.keys()]) {
      const count = (this.#previous.get(key) ?? 0) + (this.#present.get(key) ?? 0);
      largest = Math.max(largest, count);
    }
    return largest;
  }

  get sum(): number {
    this.#forget();
    return [...this.#previous.values(), ...this.#present.values()].reduce((a, b) => a + b, 0);
  }

  #forget(): void {
    const periods = Math.floor((this.clock.monotonicMs() - this.#sinceMs) / this.periodMs);
    if (periods <= 0) return;
    this.#sinceMs += periods * this.periodMs;
    this.#previous = periods === 1 ? this.#present : new Map();
    this.#present = new Map();
  }
}

/** A distribution over buckets: how many values were at most each bound, and their sum. */
export class Histogram {
  readonly counts: number[];
  sum = 0;
  count = 0;

  /** @param bounds ascending */
  constructor(readonly bounds: readonly number[]) {
    this.counts = bounds.map(() => 0);
  }

  add(value: number): void {
    this.sum += value;
    this.count++;
    for (const [index, bound] of this.bounds.entries()) if (value <= bound) this.counts[index]!++;
  }
}
