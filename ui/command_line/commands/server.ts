/** `server`: runs the bank's server. */
import { checkpointMinutesDefault, checkpointMinutesMax } from "../../../lib/limits.ts";
import { logForms } from "../../../lib/log_event.ts";
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Address } from "../../../lib/programs.ts";
import type { CommandDefinition } from "../command.ts";
import { withBank } from "../bank_command.ts";
import { addressToListen, bankAddress, ipAddresses, wholeNumber } from "../values.ts";

export const server: CommandDefinition[] = [{
  name: "server",
  summary: "Run the bank's server",
  details:
    "Create the bank first: deno task bank init. Ctrl-C ends the server. Each flag is a setting of " +
    "--config FILE (default: /etc/strongroom/bank.toml), too.",
  examples: ["", "--listen 0.0.0.0:4848 --data /srv/bank"],
  define: (command, { path, data, launch }) =>
    withBank(command, path, `${data}/bank`)
      .addOption(
        new Option("--listen <HOST:PORT>", "the address for ATMs; port 0 selects a free one")
          .argParser(addressToListen)
          .default(addressToListen(bankAddress), bankAddress),
      )
      .option(
        "--proxy-from <IP,IP>",
        "IP addresses of balancers that send PROXY headers (version 2)",
        ipAddresses,
      )
      .option(
        "--checkpoints <DIR>",
        "the folder for checkpoints of the log, best on another host (default: DIR/checkpoints)",
        path,
      )
      .option(
        "--checkpoint-minutes <N>",
        "minutes between checkpoints, besides one at every stop",
        wholeNumber(1, checkpointMinutesMax),
        checkpointMinutesDefault,
      )
      .option(
        "--backups <DIR>",
        "the folder for copies of the books by 'bank backup' without --out (default: none)",
        path,
      )
      .option(
        "--metrics <HOST:PORT>",
        "the address for metrics, /healthz and /readyz (default: none)",
        addressToListen,
      )
      .addOption(
        new Option("--log <FORM>", "the form of the server's log").choices(logForms)
          .default("text"),
      )
      .option(
        "--policy <FILE>",
        "the policy file whose witnesses, those with a URL, cosign the checkpoints",
        path,
      )
      .option("--check", "say what would run and whether it can, and end")
      .option("--share-port", "let other servers on this host listen on the same port (Linux)")
      .action((flags, command) => {
        const { data: folder, databaseUrlFile, listen, proxyFrom, checkpointMinutes } = flags;
        launch({
          kind: "server",
          settings: flags.check ? settingsInWords(command) : null,
          start: {
            folder,
            databaseUrlFile,
            listen,
            proxies: proxyFrom ?? [],
            sharePort: flags.sharePort ?? false,
            backups: flags.backups,
            metrics: flags.metrics,
            log: flags.log,
            policy: flags.policy,
            checkpoints: {
              folder: flags.checkpoints ?? `${folder}/checkpoints`,
              everyMinutes: checkpointMinutes,
            },
          },
        });
      }),
}];

const sources: Record<string, string> = {
  default: "by default",
  config: "from the configuration file",
  env: "from the environment",
  cli: "from a flag",
};

/** Returns a line for each setting: its value, and where it comes from. */
function settingsInWords(command: CommandUnknownOpts): string[] {
  return command.options.filter(({ long }) => long !== "--check").map((option) => {
    const value = command.getOptionValue(option.attributeName());
    const source = command.getOptionValueSource(option.attributeName()) ?? "default";
    return `${option.long!.slice(2).padEnd(20)}${textOf(value)}, ${sources[source]}`;
  });
}

function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return value === undefined ? "-" : `${value}`;
  if (Array.isArray(value)) return value.join(",");
  const { hostname, port } = value as Address;
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
