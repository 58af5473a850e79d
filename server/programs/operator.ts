/**
 * The operator's commands. Most run in the running server where there is one, and otherwise as the
 * folder's only owner; those that hold what the server must not have run here.
 */
import { databaseUrlVariable, findDatabaseUrl } from "../../lib/database_url.ts";
import { UsageError } from "../../lib/errors.ts";
import { type Currency, currencyOf, decimalText, parseAmount } from "../../lib/money.ts";
import { smallestNote } from "../../lib/notes.ts";
import { environmentVariable, runProgram, say } from "../../lib/process.ts";
import {
  appendFile,
  type ReservedFile,
  reservePrivateFile,
  writePrivateFile,
} from "../../lib/private_file.ts";
import type { OperatorStart } from "../../lib/programs.ts";
import { systemFiles } from "../../lib/system.ts";
import { isName } from "../../lib/terminal_key.ts";
import type { ShowFilter } from "../audit/show.ts";
import { createBank } from "../bank.ts";
import { keysPath as keysPathOf } from "../folder/bank_folder.ts";
import { logCommand } from "../ledger/command.ts";
import type { OperatorCommand } from "../operator/request.ts";
import { requireInstants } from "../operator/words.ts";
import {
  anotherChain,
  answersOf,
  exportLog,
  joinServer,
  showLogFile,
  verifyLog,
} from "../operator/log_programs.ts";
import { migrateBank } from "../operator/migrate.ts";
import { restoreBank } from "../operator/restore.ts";
import { readPassword } from "./password_prompt.ts";
import { Progress } from "./progress.ts";
import { systemBank, systemOperator } from "./system_bank.ts";

type Flags = OperatorStart["flags"];

if (import.meta.main) await runProgram<OperatorStart>(runCommand);

async function runCommand({ command, folder, flags: given, words }: OperatorStart) {
  const flags: Flags = { ...given, data: folder };
  switch (command) {
    case "bank init":
      return await initBank(flags);
    case "bank migrate":
      return await migrate(flags);
    case "bank join":
      return await joinBankOf(flags);
    case "bank audit verify":
      return await verifyAudit(flags);
    case "bank audit export":
      return await exportAudit(flags);
    case "bank audit chain":
      return await startAuditChain(flags);
    case "bank restore":
      return await restore(flags);
  }
  if (command === "bank audit show" && flags.file !== undefined) return await showAuditFile(flags);
  return await runOperator(folder, await operatorCommand(command, flags, words), flags);
}

async function initBank(flags: Flags): Promise<number> {
  let currency: Currency;
  try {
    currency = currencyOf(String(flags.currency ?? "EUR"));
  } catch {
    throw new UsageError(`--currency ${flags.currency}: write an ISO 4217 code, such as EUR`, 2);
  }
  const timeZone = String(flags["time-zone"] ?? "UTC");
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw new UsageError(`--time-zone ${timeZone}: write an IANA name, such as Europe/Berlin`, 2);
  }
  const limit = flags["withdrawal-limit"];
  const withdrawalMax = limit === undefined
    ? null
    : amountFlag("--withdrawal-limit", limit, currency);
  const bankName = String(flags.name ?? "Strongroom Bank");
  if (!/^[^|\p{Cc}]{1,60}$/u.test(bankName)) {
    throw new UsageError("--name: write up to 60 characters, without | and line breaks", 2);
  }
  const folder = String(flags.data);
  const firstKey = String(flags["first-key"]);
  const bank = await createBank(
    systemBank,
    folder,
    { bankName, currency, timeZone, smallestNote: smallestNote(currency) },
    (text) => writePrivateFile(systemFiles, firstKey, text),
    databaseUrl(flags),
  );
  await bank.ledger.submit(logCommand(`operator ${operatorName()}`, `make ${bankName}`));
  if (withdrawalMax !== null) {
    const limits = { withdrawalMax };
    await bank.ledger.submit({ op: "set_limits", operator: operatorName(), limits });
  }
  await bank.close();
  const at = databaseUrl(flags) === undefined
    ? folder
    : `the database, its first server in ${folder}`;
  say(`${bankName} is made in ${at}: ${currency.code}, ${timeZone}.`);
  sayFirstKey(firstKey);
  return say(
    "Next: 'deno task bank terminal enroll NAME', 'deno task bank customer add NAME', 'deno task server'.",
  );
}

/** @throws {UsageError} when no database is named */
function requiredDatabaseUrl(flags: Flags): string {
  const url = databaseUrl(flags);
  if (url !== undefined) return url;
  const file = "a file with --database-url-file";
  throw new UsageError(`name the database in ${databaseUrlVariable}, or in ${file}`, 2);
}

/** A bank moves from its file into PostgreSQL. */
async function migrate(flags: Flags): Promise<number> {
  const lines = await migrateBank(systemBank, {
    path: String(flags.data),
    url: requiredDatabaseUrl(flags),
    operator: operatorName(),
  });
  lines.forEach(say);
  return 0;
}

/** Another server of a bank in PostgreSQL. */
async function joinBankOf(flags: Flags): Promise<number> {
  const url = requiredDatabaseUrl(flags);
  const [folder, from, firstKey] = [flags.data, flags.from, flags["first-key"]].map(String);
  let made = false;
  const lines = await joinServer(systemBank, {
    folder: folder!,
    from: from!,
    url,
    operator: operatorName(),
    keepFirstKey(text) {
      writePrivateFile(systemFiles, firstKey!, text);
      made = true;
    },
  });
  lines.forEach(say);
  return made ? sayFirstKey(firstKey!) : 0;
}

/** The URL of the bank's database; undefined for a bank in a file. It is never in a flag, for others to see. */
function databaseUrl(flags: Flags): string | undefined {
  const file = flags["database-url-file"];
  return findDatabaseUrl(
    systemFiles,
    file === undefined ? undefined : String(file),
    environmentVariable(databaseUrlVariable),
  );
}

async function operatorCommand(
  name: string,
  flags: Flags,
  words: string[],
): Promise<OperatorCommand> {
  switch (name) {
    case "bank terminal enroll":
      return { command: "enrol_terminal", name: words[0]! };
    case "bank terminal list":
      return { command: "list_terminals" };
    case "bank terminal rotate":
      return { command: "rotate_terminal", name: words[0]!, now: flags.now === true };
    case "bank terminal revoke":
      return { command: "revoke_terminal", name: words[0]! };
    case "bank key rotate":
      return { command: "rotate_key" };
    case "bank customer add": {
      // Minor units need the bank's exponent: the amount travels as typed and is read there.
      const opening = String(flags.opening ?? "0");
      const password = await readPassword(`Password for ${words[0]}: `);
      return { command: "add_customer", username: words[0]!, password, opening };
    }
    case "bank account open": {
      const [name, opening] = [String(flags.name ?? "savings"), String(flags.opening ?? "0")];
      return { command: "open_account", username: words[0]!, name, opening };
    }
    case "bank account list":
      return { command: "list_accounts", customer: flags.customer as string | undefined };
    case "bank account lock":
    case "bank account unlock":
    case "bank account close": {
      const state = ({ lock: "locked", unlock: "open", close: "closed" } as const)[
        name.slice("bank account ".length) as "lock" | "unlock" | "close"
      ];
      const reason = String(flags.reason ?? "");
      return { command: "set_account_state", account: words[0]!, state, reason };
    }
    case "bank limits":
      return { command: "show_limits" };
    case "bank limits set": {
      const { account, terminal, withdrawal, day } = flags as Record<string, string | undefined>;
      const [cashOut, cashIn] = [flags["cash-out"], flags["cash-in"]] as (string | undefined)[];
      return { command: "set_limits", account, terminal, withdrawal, day, cashOut, cashIn };
    }
    case "bank holds":
      return { command: "list_holds", json: flags.json === true };
    case "bank holds settle": {
      const { complete, reason = "" } = flags as Record<string, string | undefined>;
      const reverse = flags.reverse === true;
      return { command: "settle_hold", movement: words[0]!, complete, reverse, reason };
    }
    case "bank ledger check":
      return { command: "check_ledger" };
    case "bank backup":
      return { command: "back_up" };
    case "bank restore end":
      return { command: "end_restore", reason: String(flags.reason ?? "") };
    case "bank clock confirm":
      return { command: "confirm_clock" };
    case "bank audit show": {
      const { json, follow } = flags;
      const filter = filterOf(flags);
      return { command: "show_audit", json: json === true, follow: follow === true, ...filter };
    }
    case "bank audit checkpoint":
      return { command: "take_checkpoint" };
    case "bank audit rotate":
      return { command: "rotate_audit_key" };
    default:
      throw new Error(`no command: ${name}`);
  }
}

/** Through the running server where there is one, otherwise as the folder's only owner. */
async function runOperator(
  folder: string,
  command: OperatorCommand,
  flags: Flags,
): Promise<number> {
  const out = flags.out === undefined ? null : String(flags.out);
  // The file comes first: a key that could not be written would be lost, and its terminal's name with it.
  const outFile = out === null ? null : reservePrivateFile(systemFiles, out);
  const request = { ...command, operator: operatorName() };
  let exitCode = 0;
  try {
    for await (const answer of answersOf(systemOperator, folder, request, databaseUrl(flags))) {
      if ("line" in answer) say(answer.line);
      else if ("bad" in answer) {
        console.error(answer.bad);
        exitCode = 1;
      } else if ("keyFile" in answer) {
        finishWith(outFile!, answer.keyFile);
        say(`its key is in ${out}: bring that file to the ATM, and to nobody else`);
      } else if ("checkpoint" in answer) {
        finishWith(outFile!, answer.checkpoint);
        say(`the checkpoint is in ${out}: take it to where the bank's host cannot reach it`);
      } else if ("fetch" in answer) {
        fetchFile(answer.fetch, outFile!);
        say(`the copy is ${out}: keep it as you keep the bank, and bank.keys elsewhere`);
      }
    }
  } catch (error) {
    // A script must not take books that nobody could look at for bad ones.
    if (command.command !== "check_ledger" || !(error instanceof UsageError)) throw error;
    throw new UsageError(`the books could not be checked: ${error.message}`, 2);
  } finally {
    outFile?.close();
  }
  return exitCode;
}

function finishWith(file: ReservedFile, text: string): void {
  file.write(text);
  file.finish();
}

function fetchFile(path: string, into: ReservedFile): void {
  appendFile(systemFiles, path, into);
  into.finish();
  systemFiles.remove(path);
}

async function restore(flags: Flags): Promise<number> {
  const path = String(flags["first-key"]);
  const firstKey = reservePrivateFile(systemFiles, path); // nothing is put back before there is a place for it
  let lines: string[];
  try {
    lines = await restoreBank(systemBank, {
      path: String(flags.data),
      from: String(flags.from),
      keepFirstKey: (text) => finishWith(firstKey, text),
      operator: operatorName(),
    });
  } finally {
    firstKey.close();
  }
  lines.forEach(say);
  sayFirstKey(path);
  return say(
    "Start the server: it serves customers once every terminal has told what it did since.",
  );
}

async function verifyAudit(flags: Flags): Promise<number> {
  const { checkpoint, receipt, file } = flags as Record<string, string | undefined>;
  const request = {
    folder: String(flags.data),
    url: databaseUrl(flags),
    operator: operatorName(),
    firstKeyPaths: String(flags["first-key"]).split(","),
    checkpointPath: checkpoint,
    receipt,
    file,
  };
  const progress = new Progress("checked");
  try {
    return say(await verifyLog(systemOperator, request, progress.show));
  } finally {
    progress.end();
  }
}

async function showAuditFile(flags: Flags): Promise<number> {
  const keysPath = flags.keys === undefined ? keysPathOf(String(flags.data)) : String(flags.keys);
  if (flags.follow) {
    throw new UsageError("--follow goes with the bank's own log, not with --file", 2);
  }
  const filter = filterOf(flags);
  const json = flags.json === true;
  const shown = showLogFile(systemBank, { file: String(flags.file), keysPath, filter, json });
  for await (const line of shown) {
    say(line);
  }
  return 0;
}

async function exportAudit(flags: Flags): Promise<number> {
  const out = String(flags.out);
  const progress = new Progress("exported");
  const file = reservePrivateFile(systemFiles, out);
  try {
    const request = { command: "read_audit", operator: operatorName() } as const;
    const answers = answersOf(systemOperator, String(flags.data), request, databaseUrl(flags));
    const count = await exportLog(answers, file, progress.show);
    file.finish();
    progress.end();
    return say(`${count} entries are in ${out}`);
  } finally {
    progress.end();
    file.close();
  }
}

async function startAuditChain(flags: Flags): Promise<number> {
  const firstKey = String(flags["first-key"]);
  await anotherChain(systemBank, {
    path: String(flags.data),
    firstKeyPath: firstKey,
    operator: operatorName(),
    url: databaseUrl(flags),
  });
  say("The log goes on in another chain; what was written before stays as it is.");
  return sayFirstKey(firstKey);
}

function sayFirstKey(path: string): 0 {
  return say(
    `The log's first key is in ${path}, and nowhere else: take it away from here, and keep it. ` +
      "'deno task bank audit verify --first-key FILE' needs it.",
  );
}

/** @throws {UsageError} with exit code 2 when a time is none */
function filterOf(flags: Flags): ShowFilter {
  const { customer, action, outcome, from, before, terminal } = flags as Record<
    string,
    string | undefined
  >;
  const filter = { customer, action, outcome, from, before, terminal };
  requireInstants(filter);
  return filter;
}

/** Who gives the command, as the system's environment says. */
function operatorName(): string {
  const name = Deno.env.get("USER") ?? Deno.env.get("LOGNAME") ?? "";
  return isName(name) ? name : "unknown";
}

function amountFlag(flag: string, value: string | boolean, { exponent }: Currency): bigint {
  const amount = parseAmount(String(value), exponent);
  if (!amount) {
    throw new UsageError(
      `${flag} ${value}: write an amount, such as ${decimalText(50000n, exponent)}`,
      2,
    );
  }
  return amount;
}
