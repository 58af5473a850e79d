/** `devices`: simulated cash devices behind XFS4IoT. */
import { Option } from "@commander-js/extra-typings";
import type { CommandDefinition } from "../command.ts";
import { addressToListen } from "../values.ts";

const address = "127.0.0.1:5846";

export const devices: CommandDefinition[] = [{
  name: "devices",
  summary: "Run simulated cash devices, as an XFS4IoT service",
  details:
    "An ATM starts such a service for itself. Run one to keep the devices apart from the ATM, or " +
    "to try another XFS4IoT client. Ctrl-C ends it.",
  examples: ["", "--listen 127.0.0.1:5847 --data lobby-devices"],
  define: (command, { path, launch, data: home }) =>
    command
      .addOption(
        new Option("--listen <HOST:PORT>", "where to listen")
          .argParser(addressToListen)
          .default(addressToListen(address), address),
      )
      .option("--data <DIR>", "the devices' folder (default: ./data/devices)", path)
      .option(
        "--keys <FILE>",
        "the devices' keys: they then dispense only on a host's tokens",
        path,
      )
      .action(({ listen, data: folder = `${home}/devices`, keys }) =>
        launch({ kind: "devices", start: { folder, listen, keys } })
      ),
}];
