/**
 * `bank init`, `join` and `migrate`: a new bank, a further server of one, and a move to PostgreSQL.
 */
import { Option } from "@commander-js/extra-typings";
import { UsageError } from "../../../lib/errors.ts";
import { decimalText, parsePlainAmount } from "../../../lib/money.ts";
import { bankCommand, firstKeyDefault, firstKeyOf } from "../bank_command.ts";
import { bankName, currency, timeZone } from "../values.ts";

export const bankInit = [
  bankCommand({
    name: "init",
    summary: "Create a bank",
    examples: ['--name "First Bank" --currency EUR --time-zone Europe/Berlin'],
    define: (command, { path, operator, task }) =>
      command
        .option(
          "--name <NAME>",
          "the bank's name on screens and in the log",
          bankName,
          "Strongroom Bank",
        )
        .addOption(
          new Option("--currency <CODE>", "ISO 4217").argParser(currency)
            .default(currency("EUR"), "EUR"),
        )
        .option("--time-zone <ZONE>", "the time zone of daily limits", timeZone, "UTC")
        .option("--withdrawal-limit <AMOUNT>", "the most per withdrawal")
        .option("--first-key <FILE>", `the file for the log's first key ${firstKeyDefault}`, path)
        .action((flags) => {
          const { name, currency, timeZone, withdrawalLimit: limit } = flags;
          const withdrawalMax = limit === undefined
            ? undefined
            : parsePlainAmount(limit, currency.exponent);
          if (withdrawalMax === null || withdrawalMax === 0n) {
            const example = decimalText(50000n, currency.exponent);
            throw new UsageError(
              `--withdrawal-limit ${limit}: write an amount, such as ${example}`,
              2,
            );
          }
          const firstKey = flags.firstKey ?? firstKeyOf(flags);
          operator(flags, {
            command: "init",
            bankName: name,
            currency,
            timeZone,
            withdrawalMax: withdrawalMax?.toString(),
            firstKey,
          }, {
            writes: [firstKey],
            next: ["bank terminal enroll NAME", "bank customer add NAME", "server"]
              .map((words) => task(words, flags)).join(", ") + ".",
          });
        }),
  }),
  bankCommand({
    name: "join",
    summary: "Create the folder of another server for a bank in PostgreSQL",
    examples: ["--data /srv/bank --from bank.keys --database-url-file database.url"],
    define: (command, { path, operator, task }) =>
      command
        .requiredOption("--from <FILE>", "another server's bank.keys (required)", path)
        .option(
          "--first-key <FILE>",
          `the file for the first key of its log ${firstKeyDefault}`,
          path,
        )
        .action(({ from, firstKey, ...bank }) => {
          firstKey ??= firstKeyOf(bank);
          operator(bank, { command: "join", from, firstKey }, {
            reads: [from],
            writes: [firstKey],
            next: `${task("server", bank)}.`,
          });
        }),
  }),
  bankCommand({
    name: "migrate",
    summary: "Move a bank from its file to PostgreSQL, with the server stopped",
    examples: ["--database-url-file database.url"],
    define: (command, { operator, task }) =>
      command.action((bank) =>
        operator(bank, { command: "migrate" }, { next: `${task("server", bank)}.` })
      ),
  }),
];
