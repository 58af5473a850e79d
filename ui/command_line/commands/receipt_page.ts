/** `receipt-page`: the page on which anybody can check a receipt. */
import type { CommandDefinition } from "../command.ts";

export const receiptPage: CommandDefinition[] = [{
  name: "receipt-page",
  summary: "Write the page that checks receipts, one file that needs no network",
  details:
    "Put it on the bank's web site, or give the file away. With --policy the page begins with that " +
    "policy, which its reader can replace.",
  examples: ["--out receipt.html", "--out receipt.html --policy bank.policy"],
  define: (command, { path, launch }) =>
    command
      .requiredOption("--out <FILE>", "where it goes", path)
      .option("--policy <FILE>", "the policy file that the page begins with", path)
      .action(({ out, policy }) => launch({ kind: "receipt_page", out, policy })),
}];
