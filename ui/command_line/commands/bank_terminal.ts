/** `bank terminal`, `bank device` and `bank key`: terminals, devices, their keys, and the master key that seals these. */
import { UsageError } from "../../../lib/errors.ts";
import { bankCommand } from "../bank_command.ts";

/** The path of a key until the bank has stored it. */
const pendingOf = (out: string) => `${out}.pending`;

export const bankTerminal = [
  bankCommand({
    name: "terminal enroll",
    summary: "Add a terminal and create its key file",
    examples: ["lobby --out lobby.key"],
    define: (command, { path, operator }) =>
      command
        .argument("<NAME>", "the terminal's name")
        .option("--out <FILE>", "the key file to write (default: NAME.key)", path)
        .action((name, { out = path(`${name}.key`), ...bank }) =>
          operator(bank, { command: "enrol_terminal", name }, {
            out,
            writes: [pendingOf(out)],
            next: "on the ATM, 'deno task atm cash load NOTES --key FILE', then " +
              "'deno task atm --bank HOST:PORT --key FILE'.",
          })
        ),
  }),
  bankCommand({
    name: "terminal list",
    summary: "List the terminals, their keys and their devices' last reports",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print each as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "list_terminals", json })),
  }),
  bankCommand({
    name: "terminal rotate",
    summary: "Replace a terminal's key, over its connection or manually",
    examples: ["lobby", "lobby --now --out lobby-2.key"],
    define: (command, { path, operator, task }) =>
      command
        .argument("<NAME>", "the terminal's name")
        .option("--now", "end the old key at once, after a theft: copy the new one manually")
        .option("--out <FILE>", "with --now, the key file to write (default: NAME.key)", path)
        .action((name, { now = false, out, ...bank }) => {
          if (out !== undefined && !now) {
            throw new UsageError(
              "--out: without --now the terminal gets its key over its connection",
              2,
            );
          }
          const file = now ? out ?? path(`${name}.key`) : undefined;
          operator(bank, { command: "rotate_terminal", name, now }, {
            out: file,
            writes: file === undefined ? [] : [pendingOf(file)],
            next: now
              ? "on the ATM, replace the old key file with the new one and restart it."
              : `${task("bank terminal list", bank)} shows when the ATM has its key.`,
          });
        }),
  }),
  bankCommand({
    name: "terminal revoke",
    summary: "Revoke a terminal permanently",
    examples: ["lobby --yes"],
    define: (command, { operator, task }) =>
      command
        .argument("<NAME>", "the terminal's name")
        .option("--yes", "do not ask for the name again")
        .action((name, { yes, ...bank }) =>
          operator(bank, { command: "revoke_terminal", name }, {
            confirm: yes ? undefined : name,
            next: `${task("bank terminal enroll NAME", bank)} makes another terminal.`,
          })
        ),
  }),
  bankCommand({
    name: "terminal write-off",
    summary: "Book the notes of a revoked terminal to the differences account",
    details: "For a terminal that is lost, or whose notes were taken out after its revocation.",
    examples: ['lobby --reason "stolen, police report 4711"'],
    define: (command, { operator, task }) =>
      command
        .argument("<NAME>", "the terminal's name")
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .action((name, { reason, ...bank }) =>
          operator(bank, { command: "write_off_terminal", name, reason }, {
            next: `${task("bank status", bank)}.`,
          })
        ),
  }),
  bankCommand({
    name: "terminal suspend",
    summary: "Accept no connection of a terminal, at once, until it is resumed",
    examples: ["lobby"],
    define: (command, { operator, task }) =>
      command
        .argument("<NAME>", "the terminal's name")
        .action((name, bank) =>
          operator(bank, { command: "suspend_terminal", name }, {
            next: `${task(`bank terminal resume ${name}`, bank)}, or revoke it.`,
          })
        ),
  }),
  bankCommand({
    name: "terminal resume",
    summary: "Accept a suspended terminal again",
    examples: ["lobby"],
    define: (command, { operator, task }) =>
      command
        .argument("<NAME>", "the terminal's name")
        .action((name, bank) =>
          operator(bank, { command: "resume_terminal", name }, {
            next: `${task("bank terminal list", bank)}.`,
          })
        ),
  }),
  bankCommand({
    name: "device enroll",
    summary: "Give a terminal's cash device keys: it then dispenses on the bank's tokens alone",
    examples: ["lobby-cash --terminal lobby --out lobby-cash.keys"],
    define: (command, { path, operator }) =>
      command
        .argument("<NAME>", "the device's name")
        .requiredOption("--terminal <NAME>", "the terminal that it belongs to")
        .option("--out <FILE>", "the key file to write (default: NAME.keys)", path)
        .action((name, { terminal, out = path(`${name}.keys`), ...bank }) =>
          operator(bank, { command: "enrol_device", name, terminal }, {
            out,
            writes: [pendingOf(out)],
            next: "on the ATM, as the system user of the devices, 'deno task devices --keys FILE'.",
          })
        ),
  }),
  bankCommand({
    name: "device list",
    summary: "List the cash devices with keys, and their terminals",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print each as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "list_devices", json })),
  }),
  bankCommand({
    name: "device rotate",
    summary: "Replace a device's keys manually",
    examples: ["lobby-cash --out lobby-cash-2.keys"],
    define: (command, { path, operator }) =>
      command
        .argument("<NAME>", "the device's name")
        .option("--out <FILE>", "the key file to write (default: NAME.keys)", path)
        .action((name, { out = path(`${name}.keys`), ...bank }) =>
          operator(bank, { command: "rotate_device", name }, {
            out,
            writes: [pendingOf(out)],
            next: "replace the device's key file with the new one and restart its service.",
          })
        ),
  }),
  bankCommand({
    name: "device revoke",
    summary: "End a device's keys permanently: its terminal dispenses nothing without another",
    examples: ["lobby-cash --yes"],
    define: (command, { operator, task }) =>
      command
        .argument("<NAME>", "the device's name")
        .option("--yes", "do not ask for the name again")
        .action((name, { yes, ...bank }) =>
          operator(bank, { command: "revoke_device", name }, {
            confirm: yes ? undefined : name,
            next: `${
              task("bank device enroll NAME --terminal T", bank)
            } gives the terminal another.`,
          })
        ),
  }),
  bankCommand({
    name: "key rotate",
    summary: "Seal the terminals' keys under a new master key",
    examples: [""],
    define: (command, { operator, task }) =>
      command.action((bank) =>
        operator(bank, { command: "rotate_key" }, {
          next: `copy bank.keys, which has the new key; then copy the books: ${
            task("bank backup", bank)
          }, or PostgreSQL's tools.`,
        })
      ),
  }),
];
