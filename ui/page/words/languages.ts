/** The tables of all languages, for the host that puts them into the page's document. */
import type { Language, Words } from "../words.ts";
import { english } from "./english.ts";

export const languages: Record<Language, Words> = { en: english };
