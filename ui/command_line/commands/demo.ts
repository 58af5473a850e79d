/** `demo`: a whole bank on this machine. */
import { demoAtmsMax } from "../../../lib/limits.ts";
import type { CommandDefinition } from "../command.ts";
import { screensOf, withScreens } from "../screens.ts";
import { wholeNumber } from "../values.ts";

export const demo: CommandDefinition[] = [{
  name: "demo",
  summary: "Run a whole bank on this machine, with an ATM to try",
  details:
    "Makes a bank with demo customers in a data folder (or goes on with the one that is there), " +
    "starts its server on loopback and opens an ATM in a window, or in the browser where no window " +
    "opens. Closing the window, or Ctrl-C, ends all of it.",
  examples: ["", "--atms 2", "--no-open --json --data ../try"],
  define: (command, { path, data, launch }) =>
    withScreens(command)
      .option("--data <DIR>", "the folder for everything (default: ./data)", path)
      .option(
        "--atms <N>",
        `how many ATMs to open, 1 to ${demoAtmsMax}`,
        wholeNumber(1, demoAtmsMax),
        1,
      )
      .action(({ data: folder = data, atms, ...screens }) =>
        launch({ kind: "demo", folder, atms, screens: screensOf(screens) })
      ),
}];
