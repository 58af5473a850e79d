/** `bank operator` and `bank approvals`: the operators, and the commands that need two of them. */
import { Option } from "@commander-js/extra-typings";
import { roles } from "../../../lib/operator_commands.ts";
import { bankCommand } from "../bank_command.ts";
import { publicKey } from "../values.ts";

const keyFlag = "--public-key <KEY>";
const exampleKey = "5f".repeat(32);
const keyHelp = "the public key that 'operator key' has printed (required)";

export const bankOperator = [
  bankCommand({
    name: "operator key",
    summary: "Make your own key, sealed with a passphrase, and print its public half",
    details: "Prompts for the passphrase, or reads it from the first line of standard input.",
    examples: ["anna"],
    isSigned: false,
    define: (command, { path, operator }) =>
      command
        .argument("<NAME>", "your name in the log")
        .option("--out <FILE>", "the key file (default: ~/.strongroom/operator.key)", path)
        .option("--no-passphrase", "for a timer: the file alone gives commands")
        .action((name, { out, passphrase, ...bank }) =>
          operator(bank, { command: "make_operator_key", name, sealed: passphrase }, {
            out,
            next: "give an admin your public key, who adds you.",
          })
        ),
  }),
  bankCommand({
    name: "operator add",
    summary: "Add an operator, or give one another key and role",
    details: "The second operator ends a bank of a single one for good.",
    examples: [`anna --role teller --public-key ${exampleKey}`],
    define: (command, { operator, task }) =>
      command
        .argument("<NAME>", "the operator's name")
        .addOption(
          new Option("--role <ROLE>", "what the operator may do (required)").choices(roles)
            .makeOptionMandatory(),
        )
        .requiredOption(keyFlag, keyHelp, publicKey)
        .action((name, { role, publicKey, ...bank }) =>
          operator(bank, { command: "add_operator", name, role, publicKey }, {
            next: `${task("bank operator list", bank)}.`,
          })
        ),
  }),
  bankCommand({
    name: "operator remove",
    summary: "Remove an operator: the key is invalid from then on",
    examples: ["anna"],
    define: (command, { operator, task }) =>
      command
        .argument("<NAME>", "the operator's name")
        .option("--yes", "do not ask for the name")
        .action((name, { yes, ...bank }) =>
          operator(bank, { command: "remove_operator", name }, {
            confirm: yes ? undefined : name,
            next: `${task("bank operator list", bank)}.`,
          })
        ),
  }),
  bankCommand({
    name: "operator list",
    summary: "List the operators, their roles and public keys",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print each as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "list_operators", json })),
  }),
  bankCommand({
    name: "operator recover",
    summary: "Give an admin another key when too few operators have theirs",
    details: "For the bank's own account, with the server stopped. The log says who did it.",
    examples: [`anna --public-key ${exampleKey}`],
    isSigned: false,
    define: (command, { operator, task }) =>
      command
        .argument("<NAME>", "the admin's name")
        .requiredOption(keyFlag, keyHelp, publicKey)
        .action((name, { publicKey, ...bank }) =>
          operator(bank, { command: "recover_operator", name, publicKey }, {
            next: `${task("bank operator list", bank)}.`,
          })
        ),
  }),
  bankCommand({
    name: "approvals",
    summary: "List the commands that wait for a second operator",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print each as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "list_proposals", json })),
  }),
  bankCommand({
    name: "approvals approve",
    summary: "Approve another operator's command, which then runs",
    examples: ["PROPOSAL", "PROPOSAL --out lobby.key"],
    define: (command, { path, operator, task }) =>
      command
        .argument("<PROPOSAL>", "its whole id, from 'deno task bank approvals'")
        .option("--out <FILE>", "a terminal's key file, if the command makes one", path)
        .action((proposal, { out = path("approved.key"), ...bank }) =>
          operator(bank, { command: "approve", proposal }, {
            out,
            writes: [`${out}.pending`],
            next: `${task("bank approvals", bank)} lists the others.`,
          })
        ),
  }),
  bankCommand({
    name: "approvals reject",
    summary: "Reject another operator's command, or withdraw your own",
    examples: ['PROPOSAL --reason "wrong amount"'],
    define: (command, { operator, task }) =>
      command
        .argument("<PROPOSAL>", "its id, or the first 6 digits or more")
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .action((proposal, { reason, ...bank }) =>
          operator(bank, { command: "reject", proposal, reason }, {
            next: `${task("bank approvals", bank)} lists the others.`,
          })
        ),
  }),
];
