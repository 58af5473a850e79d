/** `bank terminal`: terminals, which are ATMs with their keys, and the key that seals theirs. */
import { UsageError } from "../../../lib/errors.ts";
import { bankCommand } from "../bank_command.ts";

/** Where a key is until the bank has it. */
const pendingOf = (out: string) => `${out}.pending`;

export const bankTerminal = [
  bankCommand({
    name: "terminal enroll",
    summary: "Make a terminal and its key file",
    examples: ["lobby --out lobby.key"],
    define: (command, { path, operator }) =>
      command
        .argument("<NAME>", "what the bank calls it")
        .option("--out <FILE>", "where its key goes (default: NAME.key)", path)
        .action((name, { out = path(`${name}.key`), ...bank }) =>
          operator(bank, { command: "enrol_terminal", name }, {
            out,
            writes: [pendingOf(out)],
            next: "on the ATM, 'deno task atm --bank HOST:PORT --key FILE'.",
          })
        ),
  }),
  bankCommand({
    name: "terminal list",
    summary: "List the terminals, their keys and what they last reported of their devices",
    examples: [""],
    define: (command, { operator }) =>
      command.action((bank) => operator(bank, { command: "list_terminals" })),
  }),
  bankCommand({
    name: "terminal rotate",
    summary: "Give a terminal its next key, over its own line or by hand",
    examples: ["lobby", "lobby --now --out lobby-2.key"],
    define: (command, { path, operator, task }) =>
      command
        .argument("<NAME>", "the terminal's name")
        .option("--now", "end the old key at once, after a theft: the new one is carried by hand")
        .option("--out <FILE>", "with --now, where the new key goes (default: NAME.key)", path)
        .action((name, { now = false, out, ...bank }) => {
          if (out !== undefined && !now) {
            throw new UsageError(
              "--out: without --now the terminal gets its key over its own line",
              2,
            );
          }
          const file = now ? out ?? path(`${name}.key`) : undefined;
          operator(bank, { command: "rotate_terminal", name, now }, {
            out: file,
            writes: file === undefined ? [] : [pendingOf(file)],
            next: now
              ? "on the ATM, put the new key in the place of the old one and start it again."
              : `${task("bank terminal list", bank)} shows when the ATM has its key.`,
          });
        }),
  }),
  bankCommand({
    name: "terminal revoke",
    summary: "Shut a terminal out for good",
    examples: ["lobby"],
    define: (command, { operator }) =>
      command
        .argument("<NAME>", "the terminal's name")
        .action((name, bank) => operator(bank, { command: "revoke_terminal", name })),
  }),
  bankCommand({
    name: "key rotate",
    summary: "Seal the terminals' keys under a new master key",
    examples: [""],
    define: (command, { operator }) =>
      command.action((bank) => operator(bank, { command: "rotate_key" })),
  }),
];
