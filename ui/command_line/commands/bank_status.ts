/** `bank status`: what runs, what is wrong, and the mend. */
import { bankCommand } from "../bank_command.ts";

export const bankStatus = [
  bankCommand({
    name: "status",
    summary: "Show the bank's state: servers, terminals and their cash, what is wrong and the mend",
    examples: ["", "--watch", "--json"],
    define: (command, { operator }) =>
      command
        .option("--watch", "draw it again every 2 seconds, until Ctrl-C")
        .option("--json", "print it as a line of JSON")
        .action(({ watch = false, json = false, ...bank }) =>
          operator(bank, { command: "show_status", watch, json }, { follows: watch })
        ),
  }),
];
