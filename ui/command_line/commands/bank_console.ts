/** `bank console`: the operator's console. */
import { Option } from "@commander-js/extra-typings";
import { UsageError } from "../../../lib/errors.ts";
import { bankCommand } from "../bank_command.ts";
import { filesOf } from "../values.ts";

const heading = "The page:";
const verification = "Verification:";

export const bankConsole = [
  bankCommand({
    name: "console",
    summary:
      "Open the operator's console: the bank as it changes, and its acts, each signed with your key",
    details: "Prompts for your key's passphrase, and again after 10 minutes without use.",
    examples: [
      "",
      "--operator-key anna.key --no-open",
      "--first-key /media/safe/first.key --checkpoint /media/safe/checkpoint",
    ],
    define: (command, { openConsole, path }) =>
      command
        .addOption(
          new Option("--first-key <FILE,FILE>", "the first key of every chain, to verify the log")
            .argParser(filesOf(path)).default([] as string[]).helpGroup(verification),
        )
        .addOption(
          new Option("--checkpoint <FILE,FILE>", "checkpoints that the log must extend")
            .argParser(filesOf(path)).default([] as string[]).helpGroup(verification),
        )
        .addOption(
          new Option("--window", "a window, or exit code 1 if none opens")
            .conflicts(["browser", "open"]).helpGroup(heading),
        )
        .addOption(new Option("--browser", "the browser, rather than a window").helpGroup(heading))
        .addOption(new Option("--no-open", "open nothing: print a link").helpGroup(heading))
        .addOption(
          new Option("--json", "print one line of JSON once it is ready").helpGroup(heading),
        )
        .action(({ window, browser, open, json = false, ...flags }) => {
          const { firstKey: firstKeys, checkpoint: checkpoints, ...bank } = flags;
          if (checkpoints.length > 0 && firstKeys.length === 0) {
            throw new UsageError("--checkpoint: --first-key missing. Name the log's first key", 2);
          }
          const shownIn = window ? "window" : browser || !open ? "browser" : "either";
          openConsole(bank, { firstKeys, checkpoints }, { in: shownIn, open, json });
        }),
  }),
];
