/** The definition of a command, exported by its file in `commands/`. */
import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Launch } from "./launch.ts";

export interface CommandDefinition {
  /** Its words: "bank terminal enroll". */
  name: string;
  /** Its effect, in an imperative. */
  summary: string;
  /** Further facts for its users. */
  details?: string;
  /** Valid arguments, as typed. */
  examples: readonly string[];
  /** Gives the command its arguments, flags and action, which calls `launch` once. */
  define(command: Command, context: CommandContext): CommandUnknownOpts;
}

export interface CommandContext {
  /** Resolves a path relative to the folder where the user started the task. */
  path(text: string): string;
  /** The project's folder. */
  project: string;
  /** The project's folder for data. */
  data: string;
  launch(launch: Launch): void;
}
