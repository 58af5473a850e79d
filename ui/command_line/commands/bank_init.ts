/**
 * `bank init`, `join` and `migrate`: a new bank, a further server of one, and a move to PostgreSQL.
 */
import { Option } from "@commander-js/extra-typings";
import { UsageError } from "../../../lib/errors.ts";
import { decimalText, parsePlainAmount } from "../../../lib/money.ts";
import { bankCommand, firstKeyDefault, firstKeyOf, singleKeyOf } from "../bank_command.ts";
import { bankName, currency, timeZone, twoAdmins } from "../values.ts";

export const bankInit = [
  bankCommand({
    name: "init",
    summary: "Create a bank",
    details: "Two admins need each other for what could move money, raise a limit or silence the " +
      "log. Each makes a key first: deno task bank operator key NAME. With --single-operator you " +
      "are the only operator, until you add a second one.",
    examples: [
      '--single-operator --name "First Bank" --currency EUR --time-zone Europe/Berlin',
      `--admins anna:${"5f".repeat(32)},ben:${"7e".repeat(32)}`,
    ],
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
        .addOption(
          new Option("--admins <NAME:KEY,NAME:KEY>", "two admins and their public keys")
            .argParser(twoAdmins),
        )
        .addOption(
          new Option("--single-operator", "create the only operator's key, DIR-operator.key")
            .conflicts("admins"),
        )
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
          if (flags.admins === undefined && !flags.singleOperator) {
            throw new UsageError("operators missing. Give --admins, or --single-operator", 2);
          }
          const firstKey = flags.firstKey ?? firstKeyOf(flags);
          const singleKey = singleKeyOf(flags);
          const operators = flags.admins ? { admins: flags.admins } : { singleKey };
          operator(flags, {
            command: "init",
            bankName: name,
            currency,
            timeZone,
            withdrawalMax: withdrawalMax?.toString(),
            firstKey,
            operators,
          }, {
            writes: flags.admins ? [firstKey] : [firstKey, singleKey],
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
      command
        .option("--dry-run", "check the books and the database, and change nothing")
        .action(({ dryRun, ...bank }) =>
          operator(bank, { command: "migrate", dryRun }, {
            next: dryRun ? "the same without --dry-run." : `${task("server", bank)}.`,
          })
        ),
  }),
];
