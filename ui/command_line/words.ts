/**
 * Matches the words of commands: the longest known prefix of a command line, and the nearest
 * command.
 */
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import type { CommandDefinition } from "./command.ts";

type Definitions = readonly CommandDefinition[];

/** Returns how many of the first words begin the name of a command. */
export function depthOf(definitions: Definitions, args: readonly string[]): number {
  let depth = 0;
  while (depth < args.length && isBeginning(definitions, args.slice(0, depth + 1))) depth++;
  return depth;
}

function isBeginning(definitions: Definitions, words: readonly string[]): boolean {
  const name = words.join(" ");
  return definitions.some((each) => each.name === name || beginsWith(each, name));
}

/** Returns whether a command's name has these words and more. */
export const beginsWith = ({ name }: CommandDefinition, words: string) =>
  words === "" || name.startsWith(`${words} `);

/** Returns the words that may follow those of a name. */
export function nextWords(definitions: Definitions, name: string): string[] {
  const begun = name === "" ? 0 : name.split(" ").length;
  const below = definitions.filter((each) => beginsWith(each, name));
  return [...new Set(below.map((each) => each.name.split(" ")[begun]!))].sort();
}

/** The most typing errors that get a suggestion, and the share of a word that must be correct. */
const typingErrorsMax = 3;
const rightShareMin = 0.4;

/** Returns the words of the nearest command; null if none is similar. */
export function nearest(definitions: Definitions, args: readonly string[]): string | null {
  const depth = depthOf(definitions, args);
  const [unknown, ...rest] = args.slice(depth);
  if (unknown === undefined) return null;
  const known = args.slice(0, depth);
  const [best] = nextWords(definitions, known.join(" "))
    .map((word) => ({ word, errors: levenshteinDistance(unknown, word) }))
    .filter(({ word, errors }) =>
      errors <= typingErrorsMax &&
      errors < (1 - rightShareMin) * Math.max(word.length, unknown.length)
    )
    .sort((one, other) => one.errors - other.errors);
  if (!best) return null;
  const begun = [...known, best.word];
  for (const word of rest) {
    if (!isBeginning(definitions, [...begun, word])) break;
    begun.push(word);
  }
  return begun.join(" ");
}
