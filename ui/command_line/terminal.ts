/** The flags that select an ATM's terminal. */
import type { Command, OptionValues } from "@commander-js/extra-typings";
import type { DevicesAt } from "../../lib/programs.ts";
import { quoted } from "./bank_command.ts";
import type { CommandContext } from "./command.ts";
import type { TerminalChoice } from "./launch.ts";

/** Adds the flags to a command. */
export function withTerminal<Flags extends OptionValues>(
  command: Command<[], Flags>,
  path: CommandContext["path"],
) {
  return command
    .option("--key <FILE>", "the terminal's key, from 'deno task bank terminal enroll'", path)
    .option("--data <DIR>", "the ATM's folder (default: ./data/atm-NAME, by the key's name)", path);
}

/** Returns the command that runs an ATM, for the same terminal and its devices. */
export function atmTask(
  { key, folder }: TerminalChoice,
  { url, authorities }: Partial<DevicesAt> = {},
): string {
  const values = { key, data: folder, devices: url, "devices-ca": authorities };
  const flags = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value]
  );
  return `'${["deno task atm --bank HOST:PORT", ...flags.map(quoted)].join(" ")}'`;
}
