/**
 * Every word that the page shows, one table for each language. The tables are data, not code: the
 * page's document carries them, apart from the script, and the page reads the one that it needs. Names in
 * braces are places for values.
 */
import type { Language } from "../../../lib/atm.ts";
import type { english } from "./english.ts";
import type { Plural } from "./shapes.ts";

/** A language's table. What is missing in one does not pass the type check. */
export type Words = typeof english;

/** Every language's table. */
export type Tables = Record<Language, Words>;

/** Returns the words with values in their places: `At {terminal}` is "At lobby". */
export function fill(template: string, values: Record<string, string>): string {
  return template.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** Returns the wording for a count, with the count in it. */
export function counted(plural: Plural, count: number, locale: string): string {
  const wording = plural[new Intl.PluralRules(locale).select(count)] ?? plural.other;
  return fill(wording, { count: new Intl.NumberFormat(locale).format(count) });
}

/** The id of the document's element that holds the tables as JSON. */
export const wordsElementId = "words";

/** Returns the tables that came with the document. */
export function wordsOf(document: Document): Tables {
  return JSON.parse(document.getElementById(wordsElementId)!.textContent!);
}
