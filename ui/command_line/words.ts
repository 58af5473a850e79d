/**
 * Matches the words of commands: the longest known prefix of a command line, and the nearest
 * command.
 */
import { Command, CommanderError } from "@commander-js/extra-typings";
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

/** Returns the words of the nearest command; null if none is similar. */
export function nearest(definitions: Definitions, args: readonly string[]): string | null {
  const depth = depthOf(definitions, args);
  const [unknown, ...rest] = args.slice(depth);
  if (unknown === undefined) return null;
  const known = args.slice(0, depth);
  const word = nearestOf(unknown, nextWords(definitions, known.join(" ")));
  if (word === null) return null;
  const begun = [...known, word];
  for (const word of rest) {
    if (!isBeginning(definitions, [...begun, word])) break;
    begun.push(word);
  }
  return begun.join(" ");
}

/** Returns the word that Commander suggests for an unknown one; null if none is similar. */
export function nearestOf(unknown: string, words: readonly string[]): string | null {
  const command = new Command().helpCommand(false).exitOverride().configureOutput({
    outputError() {},
  });
  for (const word of words) command.command(word);
  try {
    command.parse([unknown], { from: "user" });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return /Did you mean (?:one of )?([^\s,?]+)/.exec(error.message)?.[1] ?? null;
  }
}
