/** `bank ledger`, `backup`, `restore` and `clock`: the books as a whole. */
import { bankCommand, firstKeyDefault, firstKeyOf } from "../bank_command.ts";

export const bankBooks = [
  bankCommand({
    name: "ledger check",
    summary:
      "Recompute all balances; exit code 1 if the books are wrong, 2 if they cannot be checked",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print the result as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "check_ledger", json })),
  }),
  bankCommand({
    name: "backup",
    summary: "Copy the books to a file and check it, with the server running or not",
    examples: ["", "--out /backups/bank-2026-11-25.sqlite"],
    define: (command, { path, operator, task }) =>
      command
        .option(
          "--out <FILE>",
          "the file to write (default: a new one in the folder of 'server --backups')",
          path,
        )
        .action(({ out, ...bank }) => {
          const restore = task("bank restore --from FILE --first-key NEW-FILE", bank);
          operator(bank, { command: "back_up", ...(out === undefined && { inFolder: true }) }, {
            out,
            next: `move it to another host. ${restore} restores it.`,
          });
        }),
  }),
  bankCommand({
    name: "restore",
    summary: "Restore the books from a backup, with the server stopped",
    examples: ["--from /backups/bank-2026-11-25.sqlite --first-key second.key"],
    define: (command, { path, operator, task }) =>
      command
        .requiredOption("--from <FILE>", "the backup (required)", path)
        .option(
          "--first-key <FILE>",
          `the file for the first key of the log's next chain ${firstKeyDefault}`,
          path,
        )
        .option("--dry-run", "check the backup, say what would be restored, and change nothing")
        .action(({ from, firstKey, dryRun, ...bank }) => {
          firstKey ??= firstKeyOf(bank);
          if (dryRun) {
            return operator(bank, { command: "restore", from, firstKey, dryRun }, {
              reads: [from],
              next: "the same without --dry-run.",
            });
          }
          operator(bank, { command: "restore", from, firstKey }, {
            reads: [from],
            writes: [firstKey],
            next:
              `${task("server", bank)}: it serves customers once every terminal has reported its ` +
              "movements since the backup.",
          });
        }),
  }),
  bankCommand({
    name: "restore end",
    summary: "Serve customers before every terminal has reported after a restore",
    details: "Movements of terminals that have not reported stay missing for good.",
    examples: ['--reason "the station terminal was scrapped"'],
    define: (command, { operator, task }) =>
      command
        .requiredOption("--reason <TEXT>", "why, for the log (required)")
        .option("--yes", "do not ask for the command's words")
        .action(({ reason, yes, ...bank }) =>
          operator(bank, { command: "end_restore", reason }, {
            confirm: yes ? undefined : "restore end",
            next: `${task("bank holds", bank)} lists open movements.`,
          })
        ),
  }),
  bankCommand({
    name: "clock",
    summary: "Show the bank's time and the clocks that it follows",
    examples: ["", "--json"],
    define: (command, { operator }) =>
      command
        .option("--json", "print it as a line of JSON")
        .action(({ json, ...bank }) => operator(bank, { command: "show_clock", json })),
  }),
  bankCommand({
    name: "clock back",
    summary: "Set the bank's time back to the clock, after a clock was far ahead",
    details:
      "Compare the times of 'bank clock' first. What was booked keeps its time, and the day's " +
      "limits begin again.",
    examples: ["--yes"],
    define: (command, { operator, task }) =>
      command
        .option("--yes", "the clock is right as it is now: do not ask for the command's words")
        .action(({ yes, ...bank }) =>
          operator(bank, { command: "set_back_clock" }, {
            confirm: yes ? undefined : "clock back",
            next: `${task("bank ledger check", bank)} recomputes the books.`,
          })
        ),
  }),
  bankCommand({
    name: "clock confirm",
    summary: "Confirm the clock after a jump, to allow movements again",
    examples: [""],
    define: (command, { operator, task }) =>
      command.action((bank) =>
        operator(bank, { command: "confirm_clock" }, {
          next: `${task("bank holds", bank)} lists open movements.`,
        })
      ),
  }),
];
