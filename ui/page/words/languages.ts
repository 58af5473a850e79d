/** The tables of all languages, for the host that puts them into the page's document. */
import type { Tables } from "../words.ts";
import { english } from "./english.ts";

export const languages: Tables = {
  en: english,
  es: english,
  fr: english,
  de: english,
  ja: english,
  ar: english,
};
