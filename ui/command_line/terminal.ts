/** The flags that select an ATM's terminal. */
import type { Command, OptionValues } from "@commander-js/extra-typings";
import type { CommandContext } from "./command.ts";

/** Adds the flags to a command. */
export function withTerminal<Flags extends OptionValues>(
  command: Command<[], Flags>,
  path: CommandContext["path"],
) {
  return command
    .option("--key <FILE>", "the terminal's key, from 'deno task bank terminal enroll'", path)
    .option("--data <DIR>", "the ATM's folder (default: ./data/atm-NAME, by the key's name)", path);
}
