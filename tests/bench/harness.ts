/**
 * What every bench shares: the median of several rounds, printed as it comes, and as JSON for
 * machines. A bench never passes or fails: how fast is for people to judge.
 */

/** One figure. `ratio` is `value` by the value of the figure that `to` names, where it has one. */
export interface Figure {
  id: string;
  value: number;
  unit: string;
  ratio: number | null;
  to: string | null;
}

export interface BenchOptions {
  /** Few rounds of little work: to see that it runs, not how fast. */
  quick: boolean;
  /** Tables of ten million rows, where else there are one or two: takes half an hour. */
  large?: boolean;
  print: (line: string) => void;
}

export class Bench {
  readonly figures: Figure[] = [];

  constructor(private readonly options: BenchOptions) {}

  /** Returns how much work a round should do, or how much there should be before it. */
  size(full: number, quick: number, large = full): number {
    if (this.options.quick) return quick;
    return this.options.large ? large : full;
  }

  /**
   * Runs rounds, the first one to warm up, and keeps the median of what the others gave.
   * @param round gives one figure, in `unit`
   * @param to the id of an earlier figure that this one is to be seen against
   */
  async median(
    { id, unit, to = null }: { id: string; unit: string; to?: string | null },
    round: () => number | Promise<number>,
  ): Promise<void> {
    const rounds: number[] = [];
    const count = this.size(5, 1);
    if (!this.options.quick) await round();
    while (rounds.length < count) rounds.push(await round());
    this.each({ id, unit, to }, rounds);
  }

  /** Keeps the median of what rounds have given already. */
  each(
    { id, unit, to = null }: { id: string; unit: string; to?: string | null },
    rounds: readonly number[],
  ): void {
    const value = median(rounds);
    const base = to === null ? undefined : this.figures.find((figure) => figure.id === to);
    const ratio = base ? value / base.value : null;
    this.figures.push({ id, value, unit, ratio, to: base ? to : null });
    const spread = `${shown(Math.min(...rounds))} to ${shown(Math.max(...rounds))}`;
    const comparison = ratio === null ? "" : `, ${ratio.toFixed(2)} x ${to}`;
    this.options.print(
      `${id.padEnd(24)} ${shown(value).padStart(10)} ${unit} (${spread})${comparison}`,
    );
  }
}

/** Returns the middle one; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Things a second, of a count of things done by `work`. */
export async function perSecond(count: number, work: () => unknown): Promise<number> {
  const sinceMs = performance.now();
  await work();
  return count / ((performance.now() - sinceMs) / 1_000);
}

const shown = (value: number) =>
  value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 2 : 0 });
