/** The text of `--help`. */
import { type CommandUnknownOpts, Help } from "@commander-js/extra-typings";
import type { CommandDefinition } from "./command.ts";

/** Introductions of groups of commands, by their common first words. */
const groups: Record<string, string> = {
  "": "Strongroom: a bank and its ATMs.",
  "bank": "The operator's commands. They work with the server running or not. Begin with 'init'.",
};

/** Summaries of groups in the general help. */
const groupSummaries: Record<string, string> = { bank: "Run an operator's command" };

/** A command, built. */
export interface Built {
  definition: CommandDefinition;
  command: CommandUnknownOpts;
}

/**
 * Returns the help of a command, or of a group.
 * @param name its words; empty for the general help
 * @param below the commands whose names begin with these words and have more
 */
export function helpOf(name: string, own: Built | null, below: readonly Built[]): string {
  const commands = listOf(name, below);
  if (own) {
    const { definition, command } = own;
    const examples = definition.examples.map((args) =>
      `  ${`deno task ${name} ${args}`.trimEnd()}`
    );
    return [command.helpInformation(), ...commands, "Examples:", ...examples].join("\n");
  }
  const about = groups[name];
  return [
    `Usage: deno task ${name} [command]\n`.replace("  ", " "),
    ...(about ? [`${about}\n`] : []),
    ...commands,
    "Every command has --help. --version prints the version.",
  ].join("\n");
}

/** Lists commands without their common first words. */
function listOf(name: string, commands: readonly Built[]): string[] {
  const items = name === ""
    ? [...wholeItems(commands)]
    : commands.map(({ definition, command }): [string, string] => {
      const words = definition.name.slice(name.length + 1);
      return [`${words} ${command.usage().replace(/^\[options\] ?/, "")}`, definition.summary];
    });
  if (items.length === 0) return [];
  const help = new Help();
  const width = Math.max(...items.map(([term]) => term.trimEnd().length));
  const lines = items.map(([term, summary]) =>
    help.formatItem(term.trimEnd(), width, summary, help)
  );
  return ["Commands:", ...lines, ""];
}

/** Yields the commands of one word, and a line for each group. */
function* wholeItems(commands: readonly Built[]): Generator<[string, string]> {
  for (const { definition: { name, summary } } of commands) {
    if (!name.includes(" ")) yield [name, summary];
  }
  yield* Object.entries(groupSummaries);
}
