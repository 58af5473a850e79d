/** Builds commander's command from a definition, with this project's messages. */
import { Command, CommanderError, Help, InvalidArgumentError } from "@commander-js/extra-typings";
import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { UsageError } from "../../lib/errors.ts";
import type { CommandContext, CommandDefinition } from "./command.ts";
import type { Setting } from "./settings.ts";
import { holdsSource } from "./values.ts";

const ownOptions = "Options:";

export function build(definition: CommandDefinition, context: CommandContext): CommandUnknownOpts {
  const { name, summary, details } = definition;
  const command = new Command(`deno task ${name}`)
    .description(details ? `${summary}.\n\n${details}` : `${summary}.`)
    .helpOption("-h, --help", "print this help")
    .exitOverride()
    .configureOutput({ outputError() {} })
    // A command's own flags come before those that it shares with others.
    .configureHelp({
      groupItems(items, visible, groupOf) {
        const own = visible.filter((item) => groupOf(item) === ownOptions);
        return Help.prototype.groupItems([...own, ...items], visible, groupOf);
      },
    });
  const built = definition.define(command, context);
  for (const option of built.options) {
    if (folderOptions.has(option.long ?? "")) outsideSource(option, context.project);
    if (option.required) withMessages(option);
  }
  return built;
}

/**
 * Gives an option the value of a setting, which a flag overrides.
 * @throws {UsageError} if it is not valid
 */
export function applySetting(
  command: CommandUnknownOpts,
  option: Option,
  { text, source, name }: Setting,
): void {
  const set = (value: unknown) =>
    command.setOptionValueWithSource(option.attributeName(), value, source);
  if (!option.required) {
    if (text !== "true" && text !== "false") {
      throw new UsageError(`${name} ${text}: write true or false`, 2);
    }
    return void set(text === "true");
  }
  try {
    set(option.parseArg ? (option.parseArg as (text: string) => unknown)(text) : text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message.replace(`${option.long} `, `${name} = `), 2);
  }
}

/** Options with a folder that a program may read and write. */
const folderOptions: ReadonlySet<string> = new Set(["--data", "--checkpoints", "--backups"]);

/** Rejects a folder that has the project's source in it: a program could then read all of it. */
function outsideSource(option: Option, project: string): void {
  const parse = option.parseArg as ((text: string, previous: unknown) => string) | undefined;
  option.parseArg = <T>(text: string, previous: T): T => {
    const folder = parse ? parse(text, previous) : text;
    if (!holdsSource(folder, project)) return folder as T;
    throw new InvalidArgumentError(
      "choose a folder outside the project's source, such as ./data: programs may read all of it",
    );
  };
}

/** Prefixes the errors of an option's parser with the option's name. */
function withMessages(option: Option): void {
  const parse: ((text: string, previous: unknown) => unknown) | undefined = option.parseArg;
  option.parseArg = <T>(text: string, previous: T): T => {
    if (text.startsWith("--")) {
      const message = `option '${option.flags}' argument missing`;
      throw new CommanderError(2, "commander.optionMissingArgument", message);
    }
    try {
      return (parse ? parse(text, previous) : text) as T;
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      const problem = error.message.replace("Allowed choices are", "choose one of");
      const shown = text.replace(/\p{Cc}/gu, " ");
      const name = option.short ? `${option.short}, ${option.long}` : option.long;
      throw new UsageError(`${name} ${shown}: ${problem.replace(/\.$/, "")}`, 2);
    }
  };
}
