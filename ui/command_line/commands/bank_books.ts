/** `bank ledger`, `backup`, `restore` and `clock`: the books as a whole. */
import { bankCommand, firstKeyDefault, firstKeyOf } from "../bank_command.ts";

export const bankBooks = [
  bankCommand({
    name: "ledger check",
    summary: "Compute all balances again; exit code 1 when the books are bad, 2 when it could not",
    examples: [""],
    define: (command, { operator }) =>
      command.action((bank) => operator(bank, { command: "check_ledger" })),
  }),
  bankCommand({
    name: "backup",
    summary: "Copy the books to a file and check it, with the server running or not",
    examples: ["--out /backups/bank-2026-11-25.sqlite"],
    define: (command, { path, operator, task }) =>
      command
        .option("--out <FILE>", "where the copy goes (default: bank-backup.sqlite)", path)
        .action(({ out = path("bank-backup.sqlite"), ...bank }) =>
          operator(bank, { command: "back_up" }, {
            out,
            next: `${task("bank restore --from FILE", bank)} puts it back.`,
          })
        ),
  }),
  bankCommand({
    name: "restore",
    summary: "Put the books back to a backup, with the server stopped",
    examples: ["--from /backups/bank-2026-11-25.sqlite --first-key second.key"],
    define: (command, { path, operator, task }) =>
      command
        .requiredOption("--from <FILE>", "the backup (required)", path)
        .option(
          "--first-key <FILE>",
          `where the first key of the log's next chain goes ${firstKeyDefault}`,
          path,
        )
        .action(({ from, firstKey, ...bank }) => {
          firstKey ??= firstKeyOf(bank);
          operator(bank, { command: "restore", from, firstKey }, {
            reads: [from],
            writes: [firstKey],
            next:
              `${
                task("server", bank)
              }: it serves customers once every terminal has reported what it ` +
              "did since the backup.",
          });
        }),
  }),
  bankCommand({
    name: "restore end",
    summary: "Serve customers although not every terminal has reported since a restore",
    examples: ['--reason "the station terminal was scrapped"'],
    define: (command, { operator }) =>
      command
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .action(({ reason, ...bank }) => operator(bank, { command: "end_restore", reason })),
  }),
  bankCommand({
    name: "clock confirm",
    summary: "Accept the clock again after a jump, which stops money",
    examples: [""],
    define: (command, { operator }) =>
      command.action((bank) => operator(bank, { command: "confirm_clock" })),
  }),
];
