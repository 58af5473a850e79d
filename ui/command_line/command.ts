/** A command, as its file in `commands/` describes it. */
import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Launch } from "./launch.ts";

export interface CommandDefinition {
  /** Its words: "bank terminal enroll". */
  name: string;
  /** What it does, in an imperative. */
  summary: string;
  /** What else its users need to know. */
  details?: string;
  /** Arguments that work, as they are typed. */
  examples: readonly string[];
  /** Gives the command its arguments, flags and action, which calls `launch` once. */
  define(command: Command, context: CommandContext): CommandUnknownOpts;
}

export interface CommandContext {
  /** Resolves a path as its user means it: from where the task was started. */
  path(text: string): string;
  /** The project's folder for data. */
  data: string;
  launch(launch: Launch): void;
}
