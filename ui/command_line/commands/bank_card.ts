/** `bank card`: customers' cards. */
import { bankCommand } from "../bank_command.ts";

export const bankCard = [
  bankCommand({
    name: "card issue",
    summary: "Make a card for a customer",
    details:
      "Writes a random number of 37 digits for track 2 into a private file. The bank keeps only a " +
      "keyed hash of it.",
    examples: ["alice --out alice.card"],
    define: (command, { path, operator }) =>
      command
        .argument("<CUSTOMER>", "the customer")
        .option("--out <FILE>", "the card's file to write (default: CUSTOMER.card)", path)
        .action((customer, { out = path(`${customer}.card`), ...bank }) =>
          operator(bank, { command: "issue_card", customer }, {
            out,
            next: "write the number to a card, give it to the customer and delete the file; the " +
              "customer logs in with the password at an ATM, and sets a PIN.",
          })
        ),
  }),
  bankCommand({
    name: "card list",
    summary: "List the customers' cards",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print each as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "list_cards", json })),
  }),
  bankCommand({
    name: "card revoke",
    summary: "Revoke a customer's card permanently, and end the customer's visits",
    examples: ["alice --yes"],
    define: (command, { operator, task }) =>
      command
        .argument("<CUSTOMER>", "the customer")
        .option("--yes", "do not ask for the name again")
        .action((customer, { yes, ...bank }) =>
          operator(bank, { command: "revoke_card", customer }, {
            confirm: yes ? undefined : customer,
            next: `${task(`bank card issue ${customer}`, bank)} makes another card.`,
          })
        ),
  }),
];
