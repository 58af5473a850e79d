/** `bank limits`: what one withdrawal, account and terminal may give or take. */
import { Option } from "@commander-js/extra-typings";
import { bankCommand } from "../bank_command.ts";

export const bankLimits = [
  bankCommand({
    name: "limits",
    summary: "Show the limits of the bank, of single accounts and of terminals",
    examples: [""],
    define: (command, { operator }) =>
      command.action((bank) => operator(bank, { command: "show_limits" })),
  }),
  bankCommand({
    name: "limits set",
    summary: "Set some of the limits",
    details:
      "Amounts are as people write them, or 'none'. With --account or --terminal they are limits " +
      "of that one, before the bank's.",
    examples: [
      "--withdrawal 500.00 --day 1000.00 --cash-out 20000.00 --cash-in 20000.00",
      "--account 100000000093 --day 200.00",
      "--terminal lobby --cash-in none",
    ],
    define: (command, { operator }) =>
      command
        .option("--withdrawal <AMOUNT>", "one withdrawal")
        .option("--day <AMOUNT>", "out of one account in a day")
        .option("--cash-out <AMOUNT>", "out of one terminal in a day")
        .option("--cash-in <AMOUNT>", "into one terminal in a day")
        .addOption(
          new Option("--account <NUMBER>", "limits of this account").conflicts("terminal"),
        )
        .option("--terminal <NAME>", "limits of this terminal")
        .action(({ data, databaseUrlFile, ...limits }) =>
          operator({ data, databaseUrlFile }, { command: "set_limits", ...limits })
        ),
  }),
];
