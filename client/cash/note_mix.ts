/** Finds notes that make an amount. Pure, over counts per denomination. */
import { nearestStepsMax, noteMixesMax, scarceNotesMax } from "../../lib/limits.ts";

/** Counts of notes by their value in minor units. Above zero unless stated otherwise. */
export type NoteCounts = ReadonlyMap<bigint, number>;

/** Returns the value of all these notes. */
export function totalOf(notes: NoteCounts): bigint {
  return [...notes].reduce((sum, [value, count]) => sum + value * BigInt(count), 0n);
}

/** Returns the number of all these notes. */
export function noteCount(notes: NoteCounts): number {
  return [...notes.values()].reduce((sum, count) => sum + count, 0);
}

/** Adds `more` to `notes`, or subtracts it with a `sign` of -1. */
export function plus(notes: NoteCounts, more: NoteCounts, sign: 1 | -1 = 1): NoteCounts {
  const sum = new Map(notes);
  for (const [value, count] of more) sum.set(value, (sum.get(value) ?? 0) + sign * count);
  return new Map([...sum].filter(([, count]) => count !== 0));
}

/** The fewest notes for each amount up to a largest one. */
interface FewestNotes {
  /** The notes' values, the largest first, in steps of their greatest common divisor. */
  sizes: number[];
  step: bigint;
  /** By steps: the fewest notes that make so many steps; Infinity if none do. */
  fewest: Float64Array;
  /** By value, then steps: how many notes of it such a mix takes, over mixes of the values before it. */
  used: Uint16Array[];
}

/**
 * Computes the fewest notes for each amount up to `most`, one denomination at a time, from the largest;
 * null where no amount can be paid. Amounts are counted in steps of the notes' greatest common divisor,
 * which keeps the tables small.
 */
function fewestNotes(available: NoteCounts, most: bigint, notesMax: number): FewestNotes | null {
  const values = [...available.keys()].filter((value) => value > 0n).sort((a, b) => a < b ? 1 : -1);
  const step = values.reduce(gcd, 0n);
  if (step === 0n || most <= 0n) return null;
  const payableMax = values[0]! * BigInt(notesMax);
  const steps = Number((most < payableMax ? most : payableMax) / step);
  let fewest = new Float64Array(steps + 1).fill(Infinity);
  fewest[0] = 0;
  const sizes = values.map((value) => Number(value / step));
  const used = sizes.map((size, index) => {
    const countMax = Math.min(available.get(values[index]!)!, notesMax);
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
    return used;
  });
  return { sizes, step, fewest, used };
}

/** Returns how many steps an amount is, if `notesMax` notes make it; null if not. */
function stepsOf(
  { step, fewest }: FewestNotes,
  amount: bigint,
  notesMax: number,
): number | null {
  if (amount <= 0n || amount % step !== 0n) return null;
  const steps = Number(amount / step);
  return (fewest[steps] ?? Infinity) <= notesMax ? steps : null;
}

/**
 * Returns the mix of the available notes that makes the amount with the fewest notes, at most
 * `notesMax`; null if none exists.
 */
export function noteMix(
  available: NoteCounts,
  amount: bigint,
  notesMax: number,
): NoteCounts | null {
  const table = fewestNotes(available, amount, notesMax);
  let left = table && stepsOf(table, amount, notesMax);
  if (table === null || left === null) return null;
  const { sizes, step, used } = table;
  const mix = new Map<bigint, number>();
  for (let index = sizes.length - 1; index >= 0; index--) {
    const count = used[index]![left]!;
    if (count > 0) mix.set(BigInt(sizes[index]!) * step, count);
    left -= count * sizes[index]!;
  }
  return mix;
}

/** Returns those of the amounts that some mix of at most `notesMax` notes makes, in the same order. */
export function payable(
  available: NoteCounts,
  amounts: readonly bigint[],
  notesMax: number,
): bigint[] {
  const most = amounts.reduce((most, amount) => amount > most ? amount : most, 0n);
  const table = fewestNotes(available, most, notesMax);
  return amounts.filter((amount) => table !== null && stepsOf(table, amount, notesMax) !== null);
}

/**
 * Returns the mix to dispense: from the cassettes that are not low, if these make the amount;
 * otherwise from all. Returns null if none exists.
 */
export function sparingMix(
  available: NoteCounts,
  amount: bigint,
  notesMax: number,
): NoteCounts | null {
  const plenty = new Map([...available].filter(([, count]) => count > scarceNotesMax));
  return noteMix(plenty, amount, notesMax) ?? noteMix(available, amount, notesMax);
}

/**
 * Returns different mixes that make the amount, at most `noteMixesMax`: first the default, then
 * mixes of smaller notes.
 */
export function noteMixes(available: NoteCounts, amount: bigint, notesMax: number): NoteCounts[] {
  const mixes: NoteCounts[] = [];
  let left = available;
  while (mixes.length < noteMixesMax) {
    const mix = sparingMix(left, amount, notesMax);
    if (!mix) break;
    mixes.push(mix);
    const largest = [...mix.keys()].reduce((most, value) => value > most ? value : most, 0n);
    left = new Map([...left].filter(([value]) => value < largest));
  }
  return mixes;
}

/** Returns whether these notes make the amount, are available, and number at most `notesMax`. */
export function canGive(
  available: NoteCounts,
  notes: NoteCounts,
  amount: bigint,
  notesMax: number,
): boolean {
  return totalOf(notes) === amount && noteCount(notes) <= notesMax &&
    [...notes].every(([value, count]) => count > 0 && count <= (available.get(value) ?? 0));
}

/**
 * Returns the nearest amounts that can be paid out, one below and one above, as far as there are
 * any within `nearestStepsMax` steps.
 */
export function nearestAmounts(available: NoteCounts, amount: bigint, notesMax: number): bigint[] {
  const step = [...available.keys()].reduce(gcd, 0n);
  if (step === 0n) return [];
  const most = totalOf(available);
  const found = (from: bigint, by: bigint) => {
    const sums = Array.from({ length: nearestStepsMax }, (_, steps) => from + BigInt(steps) * by)
      .filter((sum) => sum > 0n && sum <= most);
    return payable(available, sums, notesMax).slice(0, 1);
  };
  const below = amount - (amount % step || step);
  const start = below > most ? most : below;
  return [
    ...found(start, -step),
    ...found(below + step === amount ? amount + step : below + step, step),
  ];
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
