/** `bank holds`: movements in doubt, which were authorised and not settled by their terminal. */
import { Option } from "@commander-js/extra-typings";
import { UsageError } from "../../../lib/errors.ts";
import { bankCommand } from "../bank_command.ts";

export const bankHolds = [
  bankCommand({
    name: "holds",
    summary: "List movements that were authorised and not settled by their terminal",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "a line of JSON for each")
        .action(({ json = false, ...bank }) => operator(bank, { command: "list_holds", json })),
  }),
  bankCommand({
    name: "holds settle",
    summary: "Settle such a movement by hand",
    details: "Say what the machine did: --complete AMOUNT, or --reverse.",
    examples: [
      '0123456789abcdef0123456789abcdef --reverse --reason "notes found in the machine"',
      '0123456789abcdef0123456789abcdef --complete 40.00 --reason "camera: notes taken"',
    ],
    define: (command, { operator }) =>
      command
        .argument("<ID>", "the movement, from 'deno task bank holds'")
        .option("--complete <AMOUNT>", "the machine moved this much")
        .addOption(new Option("--reverse", "the machine moved nothing").conflicts("complete"))
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .action((movement, { complete, reverse = false, reason, ...bank }) => {
          if (complete === undefined && !reverse) {
            throw new UsageError("say what the machine did: --complete AMOUNT, or --reverse", 2);
          }
          operator(bank, { command: "settle_hold", movement, complete, reverse, reason });
        }),
  }),
];
