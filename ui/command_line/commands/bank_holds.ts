/** `bank holds` and `bank correct`: movements that their terminal has not settled, or settled wrongly. */
import { Option } from "@commander-js/extra-typings";
import { UsageError } from "../../../lib/errors.ts";
import { bankCommand } from "../bank_command.ts";

export const bankHolds = [
  bankCommand({
    name: "holds",
    summary: "List movements that their terminal has not settled",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print each as a line of JSON")
        .action(({ json = false, ...bank }) => operator(bank, { command: "list_holds", json })),
  }),
  bankCommand({
    name: "holds settle",
    summary: "Settle such a movement manually",
    details: "Give the ATM's outcome: --complete AMOUNT, or --reverse.",
    examples: [
      '0123456789abcdef0123456789abcdef --reverse --reason "notes found in the ATM"',
      '0123456789abcdef0123456789abcdef --complete 40.00 --reason "camera: notes taken"',
    ],
    define: (command, { operator, task }) =>
      command
        .argument("<ID>", "the movement, from 'deno task bank holds'")
        .option("--complete <AMOUNT>", "the ATM moved this amount")
        .addOption(new Option("--reverse", "the ATM moved nothing").conflicts("complete"))
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .action((movement, { complete, reverse = false, reason, ...bank }) => {
          if (complete === undefined && !reverse) {
            throw new UsageError("outcome missing. Give --complete AMOUNT, or --reverse", 2);
          }
          operator(bank, { command: "settle_hold", movement, complete, reverse, reason }, {
            next: `${task("bank holds", bank)} lists the others.`,
          });
        }),
  }),
  bankCommand({
    name: "correct",
    summary: "Correct a booked movement, by another one that names it",
    details:
      "Give the amount that should have been booked: 0 undoes it. The difference is booked between " +
      "the same accounts, with the differences account on the side of an ATM.",
    examples: [
      '0123456789abcdef0123456789abcdef --amount 20.00 --reason "camera: one note stuck"',
      '0123456789abcdef0123456789abcdef --amount 0 --reason "no cash was loaded"',
    ],
    define: (command, { operator, task }) =>
      command
        .argument("<ID>", "the movement, from 'deno task bank customer statement'")
        .requiredOption("--amount <AMOUNT>", "what should have been booked (required)")
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .action((movement, { amount, reason, ...bank }) =>
          operator(bank, { command: "correct_movement", movement, amount, reason }, {
            next: `${task("bank ledger check", bank)}.`,
          })
        ),
  }),
];
