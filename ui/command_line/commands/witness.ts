/** `witness`: cosigns the logs of banks, on a host that is not theirs. */
import { Option } from "@commander-js/extra-typings";
import { quoted } from "../bank_command.ts";
import type { CommandDefinition } from "../command.ts";
import { addressToListen } from "../values.ts";

const address = "127.0.0.1:4850";
const folderFlag = "--data <DIR>";
const folderHelp = "the witness's folder (default: ./data/witness)";

export const witness: CommandDefinition[] = [
  {
    name: "witness",
    summary: "Run a witness, which cosigns the logs of a policy as long as they only grow",
    details: "Make the witness first: deno task witness init. Ctrl-C ends it.",
    examples: ["--policy bank.policy", "--policy bank.policy --listen 127.0.0.1:4851"],
    define: (command, { path, data, launch }) =>
      command
        .requiredOption("--policy <FILE>", "the policy file that has the keys of the logs", path)
        .addOption(
          new Option(
            "--listen <HOST:PORT>",
            "where banks reach it, by HTTP; port 0 takes a free one",
          )
            .argParser(addressToListen)
            .default(addressToListen(address), address),
        )
        .option(folderFlag, folderHelp, path)
        .action(({ policy, listen, data: folder = `${data}/witness` }) =>
          launch({ kind: "witness", start: { command: "serve", folder, listen, policy } })
        ),
  },
  {
    name: "witness init",
    summary: "Make a witness, and print its key for policies",
    examples: ["--name witness.example/1"],
    define: (command, { path, data, launch }) =>
      command
        .requiredOption("--name <NAME>", "its name for all time, best a domain and a path")
        .option(folderFlag, folderHelp, path)
        .action(({ name, data: chosen }) => {
          const folder = chosen ?? `${data}/witness`;
          const flags = chosen === undefined ? "" : ` --data ${quoted(chosen)}`;
          launch({
            kind: "witness",
            start: { command: "init", folder, name },
            next: `'deno task witness --policy FILE${flags}', with the policy of a bank.`,
          });
        }),
  },
];
