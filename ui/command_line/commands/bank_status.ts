/** `bank status` and `bank reconcile`: what runs, what is wrong and the mend; ATMs against the books. */
import { bankCommand } from "../bank_command.ts";

export const bankStatus = [
  bankCommand({
    name: "reconcile",
    summary: "List the differences between ATMs and books, by movement and in notes",
    details: "Each ATM reports its notes and movements at its start and at the end of each day.",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print each as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "list_differences", json })),
  }),
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
