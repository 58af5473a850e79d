/** `bank customer` and `bank account`: customers, and their accounts. */
import { bankCommand } from "../bank_command.ts";

const number = "the account's number, from 'deno task bank account list'";
const opening = "the opening balance, paid by the bank";

export const bankAccount = [
  bankCommand({
    name: "customer add",
    summary: "Add a customer, with an account",
    details: "Prompts for the password, or reads it from the first line of standard input.",
    examples: ['alice --display-name "Alice Martin" --opening 1000.00'],
    define: (command, { operator, task }) =>
      command
        .argument("<USERNAME>", "the customer's name at log-in")
        .option("--opening <AMOUNT>", opening, "0")
        .option("--display-name <NAME>", "what screens call the customer")
        .action((username, { opening, displayName, ...bank }) =>
          operator(bank, {
            ...{ command: "add_customer", username, opening },
            ...(displayName !== undefined && { displayName }),
          }, {
            next:
              `the customer logs in at an ATM; ${task(`bank account open ${username}`, bank)} ` +
              "opens another account.",
          })
        ),
  }),
  bankCommand({
    name: "account open",
    summary: "Open another account for a customer",
    examples: ["alice --name savings --opening 250.00"],
    define: (command, { operator, task }) =>
      command
        .argument("<USERNAME>", "the customer")
        .option("--name <NAME>", "the account's name on screens", "savings")
        .option("--opening <AMOUNT>", opening, "0")
        .action((username, { name, opening, ...bank }) =>
          operator(bank, { command: "open_account", username, name, opening }, {
            next: `${task(`bank account list --customer ${username}`, bank)}.`,
          })
        ),
  }),
  bankCommand({
    name: "account list",
    summary: "List accounts, with their numbers",
    examples: ["", "--customer alice"],
    define: (command, { operator }) =>
      command
        .option("--customer <USERNAME>", "only this customer's")
        .option("--json", "print each as a line of JSON")
        .action(({ customer, json, ...bank }) =>
          operator(bank, { command: "list_accounts", customer, json })
        ),
  }),
  accountState("lock", "locked", "Lock an account: no more money moves"),
  accountState("unlock", "open", "Unlock an account"),
  bankCommand({
    name: "account close",
    summary: "Close an empty account permanently",
    examples: ['7 --reason "asked for at the counter" --yes'],
    define: (command, { operator, task }) =>
      command
        .argument("<NUMBER>", number)
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .option("--yes", "do not ask for the number again")
        .action((account, { reason, yes, ...bank }) =>
          operator(bank, { command: "set_account_state", account, state: "closed", reason }, {
            confirm: yes ? undefined : account,
            next: `${task("bank account list", bank)} shows its state.`,
          })
        ),
  }),
];

function accountState(word: string, state: "open" | "locked", summary: string) {
  return bankCommand({
    name: `account ${word}`,
    summary,
    examples: ['7 --reason "asked for at the counter"'],
    define: (command, { operator, task }) =>
      command
        .argument("<NUMBER>", number)
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .action((account, { reason, ...bank }) =>
          operator(bank, { command: "set_account_state", account, state, reason }, {
            next: state === "locked"
              ? `${task(`bank account unlock ${account} --reason TEXT`, bank)} unlocks it.`
              : `${task("bank account list", bank)} shows its state.`,
          })
        ),
  });
}
