/** `bank limits`: limits per withdrawal, account and terminal. */
import { Option } from "@commander-js/extra-typings";
import { bankCommand } from "../bank_command.ts";

export const bankLimits = [
  bankCommand({
    name: "limits",
    summary: "Show the limits of the bank, of accounts and of terminals",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print each as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "show_limits", json })),
  }),
  bankCommand({
    name: "limits set",
    summary: "Set limits",
    details:
      "An amount, such as 500.00, or 'none'. With --account or --terminal, the limits apply to " +
      "that one, instead of the bank's.",
    examples: [
      "--withdrawal 500.00 --day 1000.00 --cash-out 20000.00 --cash-in 20000.00",
      "--account 100000000093 --day 200.00",
      "--terminal lobby --cash-in none",
    ],
    define: (command, { operator, task }) =>
      command
        .option("--withdrawal <AMOUNT>", "per withdrawal")
        .option("--day <AMOUNT>", "out of one account per day")
        .option("--cash-out <AMOUNT>", "out of one terminal per day")
        .option("--cash-in <AMOUNT>", "into one terminal per day")
        .addOption(
          new Option("--account <NUMBER>", "set limits of this account").conflicts("terminal"),
        )
        .option("--terminal <NAME>", "set limits of this terminal")
        .action(({ withdrawal, day, cashOut, cashIn, account, terminal, ...bank }) => {
          const limits = { withdrawal, day, cashOut, cashIn, account, terminal };
          operator(bank, { command: "set_limits", ...limits }, {
            next: `${task("bank limits", bank)} shows all limits.`,
          });
        }),
  }),
];
