/** The flags that select an ATM's devices. */
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { Option } from "@commander-js/extra-typings";
import { UsageError } from "../../lib/errors.ts";
import type { DevicesAt } from "../../lib/programs.ts";
import type { CommandContext } from "./command.ts";
import { devicesUrl } from "./values.ts";

/** Adds the flags to a command. */
export function withDevices<Flags extends OptionValues>(
  command: Command<[], Flags>,
  path: CommandContext["path"],
) {
  return command
    .addOption(
      new Option("--devices <URL>", "the XFS4IoT service of its devices (default: simulated ones)")
        .argParser(devicesUrl),
    )
    .option("--devices-ca <FILE>", "certificates that are trusted for a wss: service", path);
}

/** Returns the devices that the flags select. */
export function devicesOf(
  { devices: url, devicesCa: authorities }: { devices?: string; devicesCa?: string },
): DevicesAt | undefined {
  if (url === undefined && authorities !== undefined) {
    throw new UsageError("--devices-ca needs --devices", 2);
  }
  if (url === undefined) return undefined;
  return { url, isOwn: false, ...(authorities !== undefined && { authorities }) };
}
