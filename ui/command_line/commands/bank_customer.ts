/** `bank customer`: lists customers, prints statements, locks, unlocks and closes. */
import { bankCommand } from "../bank_command.ts";

export const bankCustomer = [
  bankCommand({
    name: "customer list",
    summary: "List customers, with the sum of their balances",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print each as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "list_customers", json })),
  }),
  bankCommand({
    name: "customer statement",
    summary: "Print a customer's movements as CSV; the signed amounts sum to the balance",
    examples: ["alice", "alice --account 100000000093"],
    define: (command, { operator }) =>
      command
        .argument("<USERNAME>", "the customer")
        .option("--account <NUMBER>", "only of this account")
        .option("--json", "print each movement as a line of JSON")
        .action((customer, { account, json, ...bank }) =>
          operator(bank, { command: "show_statement", customer, account, json })
        ),
  }),
  customerState("lock", "locked", "Lock all accounts of a customer: no more money moves"),
  customerState("unlock", "open", "Unlock all accounts of a customer"),
  bankCommand({
    name: "customer reset",
    summary:
      "Replace a forgotten password by a one-time one, half of it shown to each of two operators",
    examples: ["alice"],
    define: (command, { operator }) =>
      command
        .argument("<USERNAME>", "the customer")
        .action((customer, bank) =>
          operator(bank, { command: "reset_password", customer }, {
            next:
              "The customer logs in with the one-time password, and chooses another. Of two halves, " +
              "the first one is typed first.",
          })
        ),
  }),
  bankCommand({
    name: "customer close",
    summary: "Close all accounts of a customer permanently; they must be empty",
    examples: ['alice --reason "moved away" --yes'],
    define: (command, { operator, task }) =>
      command
        .argument("<USERNAME>", "the customer")
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .option("--yes", "do not ask for the name again")
        .action((customer, { reason, yes, ...bank }) =>
          operator(bank, { command: "set_customer_state", customer, state: "closed", reason }, {
            confirm: yes ? undefined : customer,
            next: `${task("bank customer list", bank)} shows the state.`,
          })
        ),
  }),
];

function customerState(word: string, state: "open" | "locked", summary: string) {
  return bankCommand({
    name: `customer ${word}`,
    summary,
    examples: ['alice --reason "asked for at the counter"'],
    define: (command, { operator, task }) =>
      command
        .argument("<USERNAME>", "the customer")
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .action((customer, { reason, ...bank }) =>
          operator(bank, { command: "set_customer_state", customer, state, reason }, {
            next: state === "locked"
              ? `${task(`bank customer unlock ${customer} --reason TEXT`, bank)} unlocks them.`
              : `${task("bank customer list", bank)} shows the state.`,
          })
        ),
  });
}
