/** `atm`: runs an ATM for customers. */
import { UsageError } from "../../../lib/errors.ts";
import { Option } from "@commander-js/extra-typings";
import type { CommandDefinition } from "../command.ts";
import { screensOf, withScreens } from "../screens.ts";
import { devicesOf, withDevices } from "../devices_flags.ts";
import { withTerminal } from "../terminal.ts";
import { address, bankAddress, receiptUrl } from "../values.ts";

export const atm: CommandDefinition[] = [{
  name: "atm",
  summary: "Run an ATM, for customers",
  details: "Without --key it uses DIR/terminal.key, or the key of the only ATM in ./data.",
  examples: ["--bank bank.example:4848 --key lobby.key", "--key lobby.key --no-open"],
  define: (command, { path, launch }) =>
    withDevices(withTerminal(withScreens(command), path), path)
      .addOption(
        new Option("--bank <HOST:PORT>", "the bank's server")
          .argParser(address)
          .default(address(bankAddress), bankAddress),
      )
      .option("--demo", "show controls that insert notes, and fill empty cassettes")
      .option(
        "--wait",
        "start even if the bank can't be reached yet, and wait for it; with --data, also for the key",
      )
      .addOption(
        new Option(
          "--receipt-url <URL>",
          "where 'deno task receipt-page' is published: QR codes of receipts open it",
        ).argParser(receiptUrl),
      )
      .action((
        {
          bank,
          key,
          data: folder,
          demo = false,
          wait = false,
          devices,
          devicesCa,
          receiptUrl,
          ...screens
        },
      ) => {
        if (demo && devices !== undefined) {
          throw new UsageError("--demo has simulated devices: leave out --devices", 2);
        }
        launch({
          kind: "atm",
          bank,
          terminal: { key, folder },
          demo,
          devices: devicesOf({ devices, devicesCa }),
          wait,
          receiptUrl,
          screens: screensOf(screens),
        });
      }),
}];
