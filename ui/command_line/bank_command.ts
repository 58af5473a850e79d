/** What the bank's commands have in common: where the bank is, and the operator's program. */
import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import { Option } from "@commander-js/extra-typings";
import type { OperatorTask } from "../../lib/programs.ts";
import type { CommandContext, CommandDefinition } from "./command.ts";

/** A command of `bank`. */
export interface BankCommand extends Omit<CommandDefinition, "define"> {
  /** Its words after `bank`. */
  name: string;
  define(command: ReturnType<typeof withBank>, context: BankContext): CommandUnknownOpts;
}

export interface BankContext {
  path: CommandContext["path"];
  /** Quotes a command that is for the same bank: "server" is 'deno task server --data DIR'. */
  task(words: string, bank: BankFlags): string;
  /** Has the operator's program run a task, with these files. */
  operator(bank: BankFlags, task: OperatorTask, files?: TaskFiles): void;
}

/** Where the bank is. */
export interface BankFlags {
  data: string;
  databaseUrlFile?: string;
}

export interface TaskFiles {
  /** Where an answer that is a file goes. */
  out?: string;
  /** What the task may read, and read and write, besides `out` and the bank's folder. */
  reads?: string[];
  writes?: string[];
  /** Whether it goes on until the launcher ends. */
  follows?: boolean;
  /** What an operator does next, once it has succeeded. */
  next?: string;
}

export function bankCommand({ name, define, ...about }: BankCommand): CommandDefinition {
  return {
    ...about,
    name: `bank ${name}`,
    define: (command, { path, data, launch }) => {
      const folder = `${data}/bank`;
      return define(withBank(command, path, folder), {
        path,
        task(words, { data, databaseUrlFile }) {
          const flags = [
            ...(data === folder ? [] : ["--data", data]),
            ...(databaseUrlFile === undefined ? [] : ["--database-url-file", databaseUrlFile]),
          ];
          return `'${["deno task", words, ...flags.map(quoted)].join(" ")}'`;
        },
        operator({ data, databaseUrlFile }, command, { out, reads, writes, follows, next } = {}) {
          launch({
            kind: "operator",
            start: { folder: data, databaseUrlFile, out, command },
            reads: reads ?? [],
            writes: [...(writes ?? []), ...(out === undefined ? [] : [out])],
            follows: follows ?? false,
            next,
          });
        },
      });
    },
  };
}

/** Returns an argument as a shell takes it. */
const quoted = (text: string) => /^[\w./:@%+=,-]+$/.test(text) ? text : JSON.stringify(text);

/** Adds the flags of everything that opens a bank. */
export function withBank(command: Command, path: CommandContext["path"], folder: string) {
  const data = new Option("--data <DIR>", "the bank's folder")
    .argParser(path)
    .default(folder, "./data/bank");
  const databaseUrlFile = new Option(
    "--database-url-file <FILE>",
    "the bank is in PostgreSQL: a file, which only you may read, with its URL, " +
      "postgresql://USER:PASSWORD@HOST:PORT/NAME (default: the variable STRONGROOM_DATABASE_URL)",
  ).argParser(path);
  return command
    .addOption(data.helpGroup("The bank:"))
    .addOption(databaseUrlFile.helpGroup("The bank:"));
}

/** Where the log's first key goes unless said otherwise: next to the bank's folder, to be taken away. */
export const firstKeyOf = ({ data }: BankFlags): string => `${data}-first.key`;

export const firstKeyDefault = "(default: DIR-first.key)";
