/** Sums over many simulations, in lines. */
import { commandOf } from "./config.ts";
import type { Result } from "./simulation.ts";
import { shrink } from "./simulations.ts";

export class Tally {
  readonly #sums = new Map<string, number>();
  readonly failed: Result[] = [];
  seeds = 0;
  days = 0;

  get visits(): number {
    return this.#sums.get("visits") ?? 0;
  }

  add(result: Result): void {
    this.seeds++;
    this.days += result.config.days;
    for (const [what, times] of result.counts) this.#add(what, times);
    if (result.config.sqlite) this.#add("seeds with the bank in SQLite", 1);
    if (result.counts.has("operator: restore")) this.#add("seeds with a restore", 1);
    if (result.findings.length > 0) this.failed.push(result);
  }

  #add(what: string, times: number): void {
    this.#sums.set(what, (this.#sums.get(what) ?? 0) + times);
  }

  /** Returns each thing that happened, and how often. */
  lines(): string[] {
    return [...this.#sums].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([what, times]) => `${String(times).padStart(8)} ${what}`);
  }
}

/** Returns a result in lines. */
export function linesOf({ config, hash, findings, counts, events }: Result): string[] {
  const store = config.sqlite ? ", SQLite" : "";
  return [
    `seed ${config.seed}: ${config.atms} ATMs, ${config.servers} servers${store}, ` +
    `${config.days} days, ${counts.get("visits") ?? 0} visits, ${events} events, history ${hash}`,
    ...findings.map(({ judge, what }) => `  FOUND by the judge of ${judge}: ${what}`),
  ];
}

/**
 * Returns the command that repeats the smallest simulation near this one that still finds
 * something.
 */
export async function againLine({ config }: Result): Promise<string> {
  return `  again: ${commandOf(await shrink(config))}`;
}
