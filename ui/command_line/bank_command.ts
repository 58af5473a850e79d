/** Shared by the bank's commands: the flags that locate the bank, and the operator's program. */
import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import { Option } from "@commander-js/extra-typings";
import type { OperatorTask } from "../../lib/programs.ts";
import type { CommandContext, CommandDefinition } from "./command.ts";
import type { ConsoleLaunch } from "./launch.ts";

/** A command of `bank`. */
export interface BankCommand extends Omit<CommandDefinition, "define"> {
  /** The command's words after `bank`. */
  name: string;
  /** Whether an operator's key signs the command; its flags are absent if not. */
  isSigned?: boolean;
  define(command: ReturnType<typeof withOperator>, context: BankContext): CommandUnknownOpts;
}

export interface BankContext {
  path: CommandContext["path"];
  /** Quotes a command for the same bank: "server" is 'deno task server --data DIR'. */
  task(words: string, bank: BankFlags): string;
  /** Launches the operator's program with a task and its files. */
  operator(bank: BankFlags, task: OperatorTask, files?: TaskFiles): void;
  /** Launches the operator's console. */
  openConsole(bank: BankFlags, more: ConsoleFiles, screens: ConsoleLaunch["screens"]): void;
}

/** The files with which a console verifies the log. */
export type ConsoleFiles = Pick<ConsoleLaunch["start"], "firstKeys" | "checkpoints">;

/** The flags that locate the bank. */
export interface BankFlags {
  data: string;
  databaseUrlFile?: string;
  operatorKey?: string;
  passphraseFile?: string;
}

export interface TaskFiles {
  /** Destination of an answer that is a file. */
  out?: string;
  /** Files that the task reads, and reads and writes, besides `out` and the bank's folder. */
  reads?: string[];
  writes?: string[];
  /** The name that the operator must type first, unless a flag says otherwise. */
  confirm?: string;
  /** Whether the task runs until the launcher ends. */
  follows?: boolean;
  /** An operator's next step after success. */
  next?: string;
}

export function bankCommand(
  { name, isSigned = true, define, ...about }: BankCommand,
): CommandDefinition {
  return {
    ...about,
    name: `bank ${name}`,
    define: (command, { path, data, launch }) => {
      const folder = `${data}/bank`;
      return define(withOperator(withBank(command, path, folder), path, isSigned), {
        path,
        task(words, { data, databaseUrlFile }) {
          const flags = [
            ...(data === folder ? [] : ["--data", data]),
            ...(databaseUrlFile === undefined ? [] : ["--database-url-file", databaseUrlFile]),
          ];
          return `'${["deno task", words, ...flags.map(quoted)].join(" ")}'`;
        },
        openConsole({ data: folder, operatorKey, passphraseFile }, files, screens) {
          const start = { folder, operatorKey, passphraseFile, ...files };
          launch({ kind: "console", start, screens });
        },
        operator(bank, command, files: TaskFiles = {}) {
          const { out, reads, writes, confirm, follows, next } = files;
          const { data: folder, databaseUrlFile, operatorKey, passphraseFile } = bank;
          const keys = [operatorKey, passphraseFile].filter((path) => path !== undefined);
          launch({
            kind: "operator",
            start: { folder, databaseUrlFile, out, confirm, operatorKey, passphraseFile, command },
            reads: [...(reads ?? []), ...keys],
            writes: [...(writes ?? []), ...(out === undefined ? [] : [out])],
            follows: follows ?? false,
            next,
          });
        },
      });
    },
  };
}

/** Quotes an argument for a shell. */
export const quoted = (text: string) => /^[\w./:@%+=,-]+$/.test(text) ? text : JSON.stringify(text);

/** Adds the flags of commands that open a bank. */
export function withBank(command: Command, path: CommandContext["path"], folder: string) {
  const data = new Option("--data <DIR>", "the bank's folder")
    .argParser(path)
    .default(folder, "./data/bank");
  const databaseUrlFile = new Option(
    "--database-url-file <FILE>",
    "the bank is in PostgreSQL: a file, readable only by you, with its URL, " +
      "postgresql://USER:PASSWORD@HOST:PORT/NAME (default: the variable STRONGROOM_DATABASE_URL)",
  ).argParser(path);
  return command
    .addOption(data.helpGroup("The bank:"))
    .addOption(databaseUrlFile.helpGroup("The bank:"));
}

/** Adds the flags that name the operator's key, if it signs the command. */
function withOperator(
  command: ReturnType<typeof withBank>,
  path: CommandContext["path"],
  isSigned: boolean,
) {
  const key = new Option(
    "--operator-key <FILE>",
    "your key (default: DIR-operator.key of a single operator, or ~/.strongroom/operator.key)",
  ).argParser(path);
  const passphrase = new Option(
    "--passphrase-file <FILE>",
    "a file, readable only by you, whose first line is the key's passphrase (default: a prompt)",
  ).argParser(path);
  const signed = (command: ReturnType<typeof withBank>) =>
    command
      .addOption(key.helpGroup("The operator:"))
      .addOption(passphrase.helpGroup("The operator:"));
  return isSigned ? signed(command) : command as ReturnType<typeof signed>;
}

/** The default path of a single operator's key. */
export const singleKeyOf = ({ data }: BankFlags): string => `${data}-operator.key`;

/**
 * The default path of the log's first key: next to the bank's folder, from where it is moved to a
 * safe place.
 */
export const firstKeyOf = ({ data }: BankFlags): string => `${data}-first.key`;

export const firstKeyDefault = "(default: DIR-first.key)";
