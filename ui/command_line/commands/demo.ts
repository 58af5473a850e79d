/** `demo`: runs a whole bank on this host. */
import { demoAtmsMax } from "../../../lib/limits.ts";
import type { CommandDefinition } from "../command.ts";
import { screensOf, withScreens } from "../screens.ts";
import { wholeNumber } from "../values.ts";

export const demo: CommandDefinition[] = [{
  name: "demo",
  summary: "Run a whole bank on this computer, with an ATM to try",
  details:
    "Creates a bank with demo customers in a data folder (or continues with an existing one), " +
    "starts its server on loopback and opens an ATM in a window, or in the browser if no window " +
    "opens. Closing the window, or Ctrl-C, ends everything.",
  examples: ["", "--atms 2", "--no-open --json --data ../try"],
  define: (command, { path, data, launch }) =>
    withScreens(command)
      .option("--data <DIR>", "the folder for everything (default: ./data/demo)", path)
      .option(
        "--atms <N>",
        `how many ATMs to open, 1 to ${demoAtmsMax}`,
        wholeNumber(1, demoAtmsMax),
        1,
      )
      .action(({ data: folder = `${data}/demo`, atms, ...screens }) =>
        launch({ kind: "demo", folder, atms, screens: screensOf(screens) })
      ),
}];
