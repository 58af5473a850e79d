/** `bank console`: the operator's console. */
import { Option } from "@commander-js/extra-typings";
import { bankCommand } from "../bank_command.ts";

const heading = "The page:";

export const bankConsole = [
  bankCommand({
    name: "console",
    summary:
      "Open the operator's console: the bank as it changes, and its acts, each signed with your key",
    details: "Prompts for your key's passphrase, and again after 10 minutes without use.",
    examples: ["", "--operator-key anna.key --no-open"],
    define: (command, { openConsole }) =>
      command
        .addOption(new Option("--no-open", "open nothing: print a link").helpGroup(heading))
        .addOption(
          new Option("--json", "print one line of JSON once it is ready").helpGroup(heading),
        )
        .action(({ open, json = false, ...bank }) => openConsole(bank, { open, json })),
  }),
];
