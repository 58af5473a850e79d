/** `bank audit`: the audit log. */
import { Option } from "@commander-js/extra-typings";
import { UsageError } from "../../../lib/errors.ts";
import { policyWitnessesMax, shownEntriesMax } from "../../../lib/limits.ts";
import { bankCommand, firstKeyDefault, firstKeyOf } from "../bank_command.ts";
import { filesOf, instant, wholeNumber } from "../values.ts";

export const bankAudit = [
  bankCommand({
    name: "audit show",
    summary: "Print the audit log",
    examples: [
      "--customer alice --outcome refused --from 2026-11-25",
      "--follow",
      "--file audit_log_secure.txt --keys bank.keys",
    ],
    define: (command, { path, operator }) =>
      command
        .option(
          "--customer <NAME>",
          "only of this customer, 'operator NAME', 'terminal NAME' or 'bank'",
        )
        .option("--action <WORDS>", "only actions with these words")
        .option("--outcome <OUTCOME>", "only ok, refused, or a refusal by its name")
        .option(
          "--from <TIME>",
          "not before this day or instant, such as 2026-11-25T18:00Z",
          instant,
        )
        .option("--before <TIME>", "only before this day or instant", instant)
        .option("--terminal <NAME>", "only at this terminal")
        .addOption(
          new Option("-n, --last <N>", "only the last so many of them")
            .argParser(wholeNumber(1, shownEntriesMax)).conflicts("follow"),
        )
        .option("--json", "print each entry as a line of JSON")
        .addOption(
          new Option("--follow", "print new entries as they arrive, until Ctrl-C").conflicts(
            "file",
          ),
        )
        .option("--file <FILE>", "read an exported file instead of the bank's log", path)
        .option(
          "--keys <FILE>",
          "with --file, the keys that open it (default: DIR/bank.keys)",
          path,
        )
        .action((flags) => {
          const { customer, action, outcome, from, before, terminal, ...others } = flags;
          const filter = { customer, action, outcome, from, before, terminal };
          const { json = false, follow = false, file, keys, last: count, ...bank } = others;
          const last = count?.toString();
          if (file === undefined) {
            const command = { command: "show_audit", json, follow, last, ...filter } as const;
            return operator(bank, command, { follows: follow });
          }
          const reads = keys === undefined ? [file] : [file, keys];
          operator(bank, { command: "show_audit_file", file, keys, json, last, filter }, { reads });
        }),
  }),
  bankCommand({
    name: "audit verify",
    summary: "Check the log's integrity; exit code 1 if it was changed, 2 if it cannot be checked",
    examples: ["--first-key /media/safe/first.key --checkpoint /media/safe/checkpoint"],
    define: (command, { path, operator }) =>
      command
        .option(
          "--first-key <FILE,FILE>",
          `the first key of every chain ${firstKeyDefault}`,
          filesOf(path),
        )
        .option(
          "--checkpoint <FILE,FILE>",
          "checkpoints that the log must extend",
          filesOf(path),
          [] as string[],
        )
        .option("--receipt <PLACE,TAG>", "require the entry of a customer's receipt")
        .option(
          "--policy <FILE>",
          "check signed receipts and proofs instead, the files of --receipt FILE,FILE",
          path,
        )
        .option("--file <FILE>", "check an exported file instead of the bank's log", path)
        .option("--one-server", "with --file, accept a file without the other servers' chains")
        .option("--json", "print the result as a line of JSON")
        .action(({ firstKey, oneServer: ofOneServer, checkpoint: checkpoints, ...flags }) => {
          const { receipt, policy, file, json, ...bank } = flags;
          if (policy !== undefined) {
            const receipts = (receipt ?? "").split(",").filter((each) => each !== "").map(path);
            return operator(bank, { command: "verify_receipts", policy, receipts, json }, {
              reads: [policy, ...receipts],
            });
          }
          if (ofOneServer && file === undefined) {
            throw new UsageError(
              "--one-server: --file missing. Name the file that the server keeps",
              2,
            );
          }
          const firstKeys = firstKey ?? [firstKeyOf(bank)];
          operator(
            bank,
            { command: "verify_audit", firstKeys, checkpoints, receipt, file, ofOneServer, json },
            { reads: [...firstKeys, ...checkpoints, file].filter((path) => path !== undefined) },
          );
        }),
  }),
  bankCommand({
    name: "audit export",
    summary: "Write the log to a file, as sealed lines",
    examples: ["--out audit_log_secure.txt"],
    define: (command, { path, operator, task }) =>
      command
        .option("--out <FILE>", "the file to write (default: audit_log_secure.txt)", path)
        .action(({ out = path("audit_log_secure.txt"), ...bank }) =>
          operator(bank, { command: "export_audit" }, {
            out,
            next: `${task("bank audit verify --file FILE --first-key FILE", bank)} checks it.`,
          })
        ),
  }),
  bankCommand({
    name: "audit checkpoint",
    summary: "Sign the present end of the log, to be kept elsewhere",
    examples: ["--out /media/safe/checkpoint"],
    define: (command, { path, operator, task }) =>
      command
        .option("--out <FILE>", "the file to write (default: checkpoint)", path)
        .action(({ out = path("checkpoint"), ...bank }) =>
          operator(bank, { command: "take_checkpoint" }, {
            out,
            next: `${task("bank audit verify --checkpoint FILE", bank)} compares the log with it.`,
          })
        ),
  }),
  bankCommand({
    name: "receipt",
    summary: "Write the proof that the log has an entry, for a customer or a stranger",
    examples: ["1.4711 --out withdrawal.tlog-proof", "1.4711 --note --out withdrawal.txt"],
    define: (command, { path, operator, task }) =>
      command
        .argument(
          "<REFERENCE>",
          "the entry's place, as printed on the receipt, or its movement's id",
        )
        .option("--note", "the bank's signed receipt instead, which needs no checkpoint")
        .option("--out <FILE>", "the file to write (default: receipt.tlog-proof)", path)
        .action((reference, { note = false, out = path("receipt.tlog-proof"), ...bank }) =>
          operator(bank, { command: "read_receipt", reference, note }, {
            out,
            next: `${task("bank audit policy", bank)} writes what a stranger needs to check it.`,
          })
        ),
  }),
  bankCommand({
    name: "audit policy",
    summary:
      "Write the public keys of the log and its witnesses, with which strangers check receipts",
    examples: [
      "--first-key first.key --out policy.txt",
      "--first-key first.key,second.key --witness VKEY,VKEY --quorum 2 --out policy.txt",
    ],
    define: (command, { path, operator }) =>
      command
        .option(
          "--first-key <FILE,FILE>",
          `the first key of every chain ${firstKeyDefault}`,
          filesOf(path),
        )
        .option(
          "--witness <VKEY@URL,VKEY>",
          "the keys of witnesses, each with the URL where the server asks it, if it has one",
          (text) => text.split(","),
          [] as string[],
        )
        .option(
          "--quorum <N>",
          "how many witnesses must have cosigned (default: all of them)",
          wholeNumber(0, policyWitnessesMax),
        )
        .option("--out <FILE>", "the file to write (default: policy.txt)", path)
        .action(({ firstKey, witness: witnesses, quorum, out = path("policy.txt"), ...bank }) => {
          const firstKeys = firstKey ?? [firstKeyOf(bank)];
          operator(bank, { command: "write_policy", firstKeys, witnesses, quorum }, {
            out,
            reads: firstKeys,
            next: "'deno task receipt-page --policy FILE --out FILE' writes the page that checks " +
              "receipts with it.",
          });
        }),
  }),
  bankCommand({
    name: "audit rotate",
    summary: "Seal new entries under a new AUDIT_KEY",
    examples: [""],
    define: (command, { operator, task }) =>
      command.action((bank) =>
        operator(bank, { command: "rotate_audit_key" }, {
          next: `copy bank.keys, which has every version of it; then copy the books: ${
            task("bank backup", bank)
          }, or PostgreSQL's tools.`,
        })
      ),
  }),
  bankCommand({
    name: "audit chain",
    summary: "Continue the log in a new chain after the present chain's key is lost",
    examples: ["--first-key second.key"],
    define: (command, { path, operator, task }) =>
      command
        .option("--first-key <FILE>", `the file for its first key ${firstKeyDefault}`, path)
        .action(({ firstKey, ...bank }) => {
          firstKey ??= firstKeyOf(bank);
          operator(bank, { command: "start_audit_chain", firstKey }, {
            writes: [firstKey],
            next:
              `${task("bank audit verify --first-key FILE,FILE", bank)}, with the first keys of ` +
              "all chains.",
          });
        }),
  }),
];
