/** Which notes there are, how operators write them, and which amounts deserve a button. */
import { dispensedNotesMax } from "../../lib/limits.ts";
import { type Currency, minorFromText } from "../../lib/money.ts";
import { notesOf } from "../../lib/notes.ts";
import { type NoteCounts, noteMix } from "./note_mix.ts";

/** The notes of a currency that the acceptor takes, smallest first, in minor units. */
export const acceptedNotes = notesOf;

/** A filling for a demo: plenty of the middle notes. */
export function demoFilling(currency: Currency): NoteCounts {
  const notes = acceptedNotes(currency).slice(1, -1);
  return new Map(notes.map((value, index) => [value, 400 - 100 * index]));
}

/** The first six round amounts that these cassettes can give. */
export function fastAmounts(cassettes: NoteCounts): bigint[] {
  const smallest = [...cassettes.keys()].reduce(
    (least, value) => value < least ? value : least,
    2n ** 62n,
  );
  return [2n, 4n, 5n, 6n, 10n, 15n, 20n, 30n, 40n, 50n]
    .map((times) => times * smallest)
    .filter((amount) => noteMix(cassettes, amount, dispensedNotesMax) !== null)
    .slice(0, 6);
}

/** Notes as an operator writes them: `20x100` is a hundred notes of twenty; null for anything else, and for notes that there are not. */
export function parseNotes(texts: readonly string[], currency: Currency): NoteCounts | null {
  const known = acceptedNotes(currency);
  const notes = new Map<bigint, number>();
  for (const text of texts) {
    const [, major, count] = /^([1-9][0-9]{0,5})x([1-9][0-9]{0,4})$/.exec(text) ?? [];
    const value = minorFromText(major);
    const minor = (value ?? 0n) * 10n ** BigInt(currency.exponent);
    if (!count || !known.includes(minor)) return null;
    notes.set(minor, (notes.get(minor) ?? 0) + Number(count));
  }
  return notes.size > 0 ? notes : null;
}
