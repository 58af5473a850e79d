/**
 * Sets of notes: parsed from an operator's text, for a demo's cassettes, and as amounts for
 * buttons.
 */
import { dispensedNotesMax, fastAmountsMax, typedNotesMax } from "../../lib/limits.ts";
import { type Currency, minorFromText } from "../../lib/money.ts";
import { notesOf } from "../../lib/notes.ts";
import { type NoteCounts, payable } from "./note_mix.ts";

/** Returns the cassettes of a demo: all notes but the smallest and the largest. */
export function demoFilling(currency: Currency): NoteCounts {
  const notes = notesOf(currency).slice(1, -1);
  return new Map(notes.map((value, index) => [value, 400 - 100 * index]));
}

/**
 * Returns the smallest round amounts that these cassettes can dispense, at most `fastAmountsMax`.
 */
export function fastAmounts(cassettes: NoteCounts): bigint[] {
  if (cassettes.size === 0) return [];
  const smallest = [...cassettes.keys()].reduce((least, value) => value < least ? value : least);
  const round = [2n, 4n, 5n, 6n, 10n, 15n, 20n, 30n, 40n, 50n].map((times) => times * smallest);
  return payable(cassettes, round, dispensedNotesMax).slice(0, fastAmountsMax);
}

/**
 * Parses notes as an operator types them: `20x100` is a hundred notes of twenty. Returns null for
 * any other text, and for notes that the currency does not have. A count may be 0.
 */
export function parseNotes(texts: readonly string[], currency: Currency): NoteCounts | null {
  const known = notesOf(currency);
  const notes = new Map<bigint, number>();
  for (const text of texts) {
    const [, major, count] = /^([1-9][0-9]{0,5})x(0|[1-9][0-9]{0,4})$/.exec(text) ?? [];
    const value = minorFromText(major);
    const minor = (value ?? 0n) * 10n ** BigInt(currency.exponent);
    if (!count || !known.includes(minor)) return null;
    notes.set(minor, (notes.get(minor) ?? 0) + Number(count));
  }
  return notes.size > 0 ? notes : null;
}

/** Returns the form that `parseNotes` reads: "write notes as 20x100, …". */
export function notesForm(currency: Currency): string {
  const majors = notesOf(currency).map((note) => note / 10n ** BigInt(currency.exponent));
  const values = `${majors.slice(0, -1).join(", ")} or ${majors.at(-1)}`;
  return `write notes as ${
    majors[2]
  }x100, with a value of ${values}, and at most ${typedNotesMax} of each`;
}
