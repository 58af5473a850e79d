/** The tables of all languages, for the host that puts them into the page's document. */
import type { Tables } from "./words.ts";
import { arabic } from "./arabic.ts";
import { english } from "./english.ts";
import { french } from "./french.ts";
import { german } from "./german.ts";
import { japanese } from "./japanese.ts";
import { spanish } from "./spanish.ts";

export const languages: Tables = {
  en: english,
  es: spanish,
  fr: french,
  de: german,
  ja: japanese,
  ar: arabic,
};
