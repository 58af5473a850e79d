/** Parses the command line and starts the launcher, which starts the command's program. */
import config from "./deno.json" with { type: "json" };
import { exitCodeOf, say } from "./lib/process.ts";
import * as families from "./ui/command_line/commands/index.ts";
import { readConfigFile } from "./ui/command_line/launcher/config_file.ts";
import { launch } from "./ui/command_line/launcher/launcher.ts";
import { placeOf } from "./ui/command_line/launcher/paths.ts";
import { parseCommandLine } from "./ui/command_line/parse.ts";
import { settingsOf, withoutConfig } from "./ui/command_line/settings.ts";

async function main(args: string[]): Promise<number> {
  if (args.includes("--version")) return say(`strongroom ${config.version}`);
  const place = placeOf(new URL(".", import.meta.url));
  const { args: rest, config: file } = withoutConfig(args);
  const settings = settingsOf(readConfigFile(file, place), Deno.env.toObject());
  const parsed = parseCommandLine(Object.values(families).flat(), rest, { ...place, settings });
  return "help" in parsed ? say(parsed.help) : await launch(parsed.launch, place);
}

if (import.meta.main) Deno.exit(await exitCodeOf(() => main(Deno.args)));
