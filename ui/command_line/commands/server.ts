/** `server`: runs the bank's server. */
import { checkpointMinutesDefault, checkpointMinutesMax } from "../../../lib/limits.ts";
import { logForms } from "../../../lib/log_event.ts";
import { Option } from "@commander-js/extra-typings";
import type { CommandDefinition } from "../command.ts";
import { withBank } from "../bank_command.ts";
import { addressToListen, bankAddress, ipAddresses, wholeNumber } from "../values.ts";

export const server: CommandDefinition[] = [{
  name: "server",
  summary: "Run the bank's server",
  details: "Create the bank first: deno task bank init. Ctrl-C ends the server.",
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
        "--metrics <HOST:PORT>",
        "the address for metrics, /healthz and /readyz (default: none)",
        addressToListen,
      )
      .addOption(
        new Option("--log <FORM>", "the form of the server's log").choices(logForms)
          .default("text"),
      )
      .option("--share-port", "let other servers on this host listen on the same port (Linux)")
      .action((flags) => {
        const { data: folder, databaseUrlFile, listen, proxyFrom, checkpointMinutes } = flags;
        launch({
          kind: "server",
          start: {
            folder,
            databaseUrlFile,
            listen,
            proxies: proxyFrom ?? [],
            sharePort: flags.sharePort ?? false,
            metrics: flags.metrics,
            log: flags.log,
            checkpoints: {
              folder: flags.checkpoints ?? `${folder}/checkpoints`,
              everyMinutes: checkpointMinutes,
            },
          },
        });
      }),
}];
