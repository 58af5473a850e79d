/** The banknotes of each currency. */
import type { Currency } from "./money.ts";

const majorNotes: Record<string, number[]> = {
  EUR: [5, 10, 20, 50, 100],
  GBP: [5, 10, 20, 50],
  JPY: [1_000, 2_000, 5_000, 10_000],
  USD: [1, 5, 10, 20, 50, 100],
};

/** Returns the notes of a currency that ATMs handle, smallest first, in minor units. */
export function notesOf({ code, exponent }: Currency): bigint[] {
  const notes = majorNotes[code] ?? [5, 10, 20, 50, 100];
  return notes.map((major) => BigInt(major) * 10n ** BigInt(exponent));
}

/** Returns the smallest note, in minor units: every amount of notes is a multiple of it. */
export function smallestNote(currency: Currency): bigint {
  return notesOf(currency)[0]!;
}
