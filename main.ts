/** Finds the command and hands over to the launcher, which starts its program. */
import config from "./deno.json" with { type: "json" };
import { UsageError } from "./lib/errors.ts";
import { exitCodeOf, say } from "./lib/process.ts";
import { help } from "./ui/command_line/help.ts";
import { launch } from "./ui/command_line/launcher/launch.ts";
import { placeOf } from "./ui/command_line/launcher/paths.ts";
import { findCommand } from "./ui/command_line/shapes.ts";

async function main(args: string[]): Promise<number> {
  if (args.includes("--version")) return say(`strongroom ${config.version}`);
  if (args.length === 0 || args.includes("--help")) return say(help[args[0] ?? ""] ?? help[""]!);
  const command = findCommand(args);
  if (command === null) {
    const known = help[args[0]!] ? args[0] : "";
    throw new UsageError(`'${args.join(" ")}' is not a command\n\n${help[known!]}`, 2);
  }
  return await launch(command.name, command.rest, placeOf(new URL(".", import.meta.url)));
}

if (import.meta.main) Deno.exit(await exitCodeOf(() => main(Deno.args)));
