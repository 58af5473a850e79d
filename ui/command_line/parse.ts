/** Parses a command line into a typed `Launch`, or fails with a one-line error. */
import { CommanderError } from "@commander-js/extra-typings";
import { UsageError } from "../../lib/errors.ts";
import { applySetting, build } from "./build.ts";
import type { CommandDefinition } from "./command.ts";
import { helpOf } from "./help.ts";
import type { Launch } from "./launch.ts";
import { hasSetting, type Settings } from "./settings.ts";
import { pathFrom } from "./values.ts";
import { beginsWith, depthOf, nearest, nextWords } from "./words.ts";

type Definitions = readonly CommandDefinition[];

/**
 * Parses a command line.
 * @throws {UsageError} with exit code 2 if it is invalid
 */
export function parseCommandLine(
  definitions: Definitions,
  args: readonly string[],
  { project, startedIn, data = `${project}/data`, settings = new Map() }: {
    project: string;
    startedIn: string;
    data?: string;
    settings?: Settings;
  },
): { launch: Launch } | { help: string } {
  const from = { folder: startedIn };
  const path = (text: string) => pathFrom(from.folder)(text);
  const places = { path, project, data };
  const depth = depthOf(definitions, args);
  const name = args.slice(0, depth).join(" ");
  const definition = definitions.find((each) => each.name === name);
  const [word] = args.slice(depth);
  const hasMore = word !== undefined && !word.startsWith("-");
  if (!definition && hasMore) throw unknownCommand(definitions, args);
  if (args.length === 0 || args.some((arg) => arg === "--help" || arg === "-h")) {
    const built = (each: CommandDefinition) => ({
      definition: each,
      command: build(each, { ...places, launch() {} }),
    });
    const below = definitions.filter((each) => beginsWith(each, name))
      .sort((one, other) => one.name < other.name ? -1 : 1).map(built);
    return { help: helpOf(name, definition ? built(definition) : null, below) };
  }
  if (!definition) {
    const words = nextWords(definitions, name).join(", ");
    throw new UsageError(`${name}: command missing, one of ${words}. ${seeHelp(name)}`, 2);
  }
  const launches: Launch[] = [];
  const command = build(definition, { ...places, launch: (launch) => launches.push(launch) });
  for (const option of command.options) {
    const setting = settings.get(option.long!.slice(2));
    if (setting === undefined || !hasSetting(name, option.long!.slice(2))) continue;
    from.folder = setting.folder ?? startedIn;
    applySetting(command, option, setting);
  }
  from.folder = startedIn;
  if (hasMore && command.registeredArguments.length === 0) {
    if (nearest(definitions, args)) throw unknownCommand(definitions, args);
    throw wrongUse(name, `unexpected argument '${word}'`);
  }
  try {
    command.parse(args.slice(depth), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const excess = command.args[command.registeredArguments.length];
    const isExcess = error.code === "commander.excessArguments";
    throw wrongUse(name, isExcess ? `unexpected argument '${excess}'` : error.message);
  }
  return { launch: launches[0]! };
}

/**
 * Returns the error for a wrong use.
 * @param message Commander's: a problem, and perhaps a suggestion in brackets on a second line
 */
function wrongUse(name: string, message: string): UsageError {
  const [problem, suggestion] = message.replace(/^error: /, "").split("\n");
  const advice = suggestion?.replace(/^\((.*)\)$/, "$1") ?? seeHelp(name);
  return new UsageError(`${name}: ${problem}. ${advice}`, 2);
}

function unknownCommand(definitions: Definitions, args: readonly string[]): UsageError {
  const depth = depthOf(definitions, args);
  const near = nearest(definitions, args);
  const advice = near
    ? `Did you mean 'deno task ${near}'?`
    : seeHelp(args.slice(0, depth).join(" "));
  const words = args.slice(0, depth + 1).join(" ");
  return new UsageError(`unknown command '${words}'. ${advice}`, 2);
}

const seeHelp = (name: string) => `See 'deno task ${name} --help'.`.replace("  ", " ");
