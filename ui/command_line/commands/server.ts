/** `server`: the bank's server, on its host. */
import { checkpointMinutesDefault, checkpointMinutesMax } from "../../../lib/limits.ts";
import { Option } from "@commander-js/extra-typings";
import type { CommandDefinition } from "../command.ts";
import { withBank } from "../bank_command.ts";
import { addressToListen, bankAddress, ipAddresses, wholeNumber } from "../values.ts";

export const server: CommandDefinition[] = [{
  name: "server",
  summary: "Run the bank's server, on its host",
  details: "Make the bank first: deno task bank init. Ctrl-C ends the server.",
  examples: ["", "--listen 0.0.0.0:4848 --data /srv/bank"],
  define: (command, { path, data, launch }) =>
    withBank(command, path, `${data}/bank`)
      .addOption(
        new Option("--listen <HOST:PORT>", "where ATMs reach it; port 0 takes any free one")
          .argParser(addressToListen)
          .default(addressToListen(bankAddress), bankAddress),
      )
      .option(
        "--proxy-from <IP,IP>",
        "the balancers in front of it, whose PROXY headers (version 2) name the caller",
        ipAddresses,
      )
      .option(
        "--checkpoints <DIR>",
        "where checkpoints of the log go, best on another machine (default: DIR/checkpoints)",
        path,
      )
      .option(
        "--checkpoint-minutes <N>",
        "how often, besides at every stop",
        wholeNumber(1, checkpointMinutesMax),
        checkpointMinutesDefault,
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
            checkpoints: {
              folder: flags.checkpoints ?? `${folder}/checkpoints`,
              everyMinutes: checkpointMinutes,
            },
          },
        });
      }),
}];
