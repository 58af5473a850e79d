/** Which notes make an amount: pure, over counts per denomination. */
import { scarceNotesMax } from "../../lib/limits.ts";

/** Notes by value in minor units; a count of zero only where it is said. */
export type NoteCounts = ReadonlyMap<bigint, number>;

/** The value of all these notes. */
export function totalOf(notes: NoteCounts): bigint {
  return [...notes].reduce((sum, [value, count]) => sum + value * BigInt(count), 0n);
}

/** How many notes these are. */
export function noteCount(notes: NoteCounts): number {
  return [...notes.values()].reduce((sum, count) => sum + count, 0);
}

/** `notes` with `more` of each added, or taken away where it is below zero. */
export function plus(notes: NoteCounts, more: NoteCounts, sign: 1 | -1 = 1): NoteCounts {
  const sum = new Map(notes);
  for (const [value, count] of more) sum.set(value, (sum.get(value) ?? 0) + sign * count);
  return new Map([...sum].filter(([, count]) => count !== 0));
}

/**
 * A mix of the notes at hand that makes the amount, found whenever there is one of at most
 * `notesMax` notes; null otherwise. Of several, the one with the fewest notes.
 *
 * Counts how few notes of the larger values reach each amount, one denomination at a time; all
 * amounts are in steps of the notes' greatest common divisor, so the tables stay small.
 */
export function noteMix(
  available: NoteCounts,
  amount: bigint,
  notesMax: number,
): NoteCounts | null {
  const values = [...available.keys()].filter((value) => value > 0n).sort((a, b) => a < b ? 1 : -1);
  const step = values.reduce(gcd, 0n);
  if (amount <= 0n || step === 0n || amount % step !== 0n) return null;
  if (amount > values[0]! * BigInt(notesMax)) return null;
  const steps = Number(amount / step);
  // fewest[s]: the fewest notes that make s steps, Infinity where none do.
  let fewest = new Float64Array(steps + 1).fill(Infinity);
  fewest[0] = 0;
  const usedOf: Uint16Array[] = [];
  for (const value of values) {
    const size = Number(value / step);
    const countMax = Math.min(available.get(value)!, notesMax);
    const better = fewest.slice();
    const used = new Uint16Array(steps + 1);
    for (let sum = size; sum <= steps; sum++) {
      for (let count = 1; count <= countMax && count * size <= sum; count++) {
        const notes = fewest[sum - count * size]! + count;
        if (notes < better[sum]!) {
          better[sum] = notes;
          used[sum] = count;
        }
      }
    }
    fewest = better;
    usedOf.push(used);
  }
  if (fewest[steps]! > notesMax) return null;
  const mix = new Map<bigint, number>();
  let left = steps;
  for (let index = values.length - 1; index >= 0; index--) {
    const count = usedOf[index]![left]!;
    if (count > 0) mix.set(values[index]!, count);
    left -= count * Number(values[index]! / step);
  }
  return mix;
}

/**
 * The mix to hand out: of the cassettes with plenty alone where they make the amount, of all of them
 * where not; null where there is none.
 */
export function sparingMix(
  available: NoteCounts,
  amount: bigint,
  notesMax: number,
): NoteCounts | null {
  const plenty = new Map([...available].filter(([, count]) => count > scarceNotesMax));
  return noteMix(plenty, amount, notesMax) ?? noteMix(available, amount, notesMax);
}

/** Ways to pay an amount that a customer may choose among. */
const mixesMax = 3;

/**
 * Different mixes that make the amount: the one that is handed out unasked, then ones without its
 * largest notes, for who wants smaller ones.
 */
export function noteMixes(available: NoteCounts, amount: bigint, notesMax: number): NoteCounts[] {
  const mixes: NoteCounts[] = [];
  let left = available;
  while (mixes.length < mixesMax) {
    const mix = sparingMix(left, amount, notesMax);
    if (!mix) break;
    mixes.push(mix);
    const largest = [...mix.keys()].reduce((most, value) => value > most ? value : most, 0n);
    left = new Map([...left].filter(([value]) => value < largest));
  }
  return mixes;
}

/** Whether these notes make the amount, are at hand, and are no more than can be handed out at once. */
export function canGive(
  available: NoteCounts,
  notes: NoteCounts,
  amount: bigint,
  notesMax: number,
): boolean {
  return totalOf(notes) === amount && noteCount(notes) <= notesMax &&
    [...notes].every(([value, count]) => count > 0 && count <= (available.get(value) ?? 0));
}

/** The nearest amounts below and above that can be paid out, at most one of each. */
export function nearestAmounts(available: NoteCounts, amount: bigint, notesMax: number): bigint[] {
  const step = [...available.keys()].reduce(gcd, 0n);
  if (step === 0n) return [];
  const most = totalOf(available);
  const searched = 200n; // steps: beyond that, "nearest" helps nobody
  const find = (from: bigint, by: bigint) => {
    for (
      let tries = 0n, sum = from;
      tries < searched && sum > 0n && sum <= most;
      tries++, sum += by
    ) {
      if (noteMix(available, sum, notesMax)) return [sum];
    }
    return [];
  };
  const below = amount - (amount % step || step);
  const start = below > most ? most : below;
  return [
    ...find(start, -step),
    ...find(below + step === amount ? amount + step : below + step, step),
  ];
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
