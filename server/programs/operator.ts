/**
 * Runs one operator's command. Most run in the running server if there is one, and otherwise here,
 * with exclusive use of the folder; those that need secrets that the server must not have always
 * run here.
 */
import { cardNumberHash, formatCard, newCardNumber } from "../../lib/card.ts";
import { databaseUrlVariable, findDatabaseUrl } from "../../lib/database_url.ts";
import { UsageError } from "../../lib/errors.ts";
import { passphraseLengthMin } from "../../lib/limits.ts";
import { minorFromText } from "../../lib/money.ts";
import type { OperatorCommand, OperatorCommandOf } from "../../lib/operator_commands.ts";
import { environmentVariable, print, runProgram, say } from "../../lib/process.ts";
import {
  appendFile,
  isThere,
  type OnCopied,
  type ReservedFile,
  reservePrivateFile,
  writePrivateFile,
} from "../../lib/private_file.ts";
import { type LocalCommand, type OperatorStart, proposedExitCode } from "../../lib/programs.ts";
import { systemFiles } from "../../lib/system.ts";
import { readTextFile } from "../../lib/text_file.ts";
import { isName } from "../../lib/terminal_key.ts";
import { BadLog } from "../audit/verify.ts";
import { openBank } from "../bank.ts";
import type { ReadStore } from "../ledger/store.ts";
import type { FileToCheck } from "../ledger_service.ts";
import { requirePasswordLength } from "../credentials/passwords.ts";
import { databasePath, holdsBank, keysPath, requireBank } from "../folder/bank_folder.ts";
import { carryKey } from "../operator/carry_key.ts";
import { recoverOperator, requireAdmin, signedByAdmin } from "../operator/authority.ts";
import { makeOperatorKey } from "../operator/operator_key.ts";
import type { Signer } from "../operator/signed_request.ts";
import { CommandRefused, type OperatorAnswer } from "../operator/request.ts";
import { initBank } from "../operator/init.ts";
import {
  anotherChain,
  answersOf,
  exportLog,
  goodLogInWords,
  joinServer,
  policyOf,
  showLogFile,
  verifyLog,
} from "../operator/log_programs.ts";
import { lastOf } from "../operator/read_log.ts";
import { migrateBank, rehearseMigration } from "../operator/migrate.ts";
import { rehearseRestore, restoreBank } from "../operator/restore.ts";
import { verifyReceipt } from "../../ui/receipt_page/verify_receipt.ts";
import { readPassword } from "./password_prompt.ts";
import { homeFolder, readKey } from "./read_key.ts";
import { wholeProposal } from "../operator/whole_proposal.ts";
import { requireName } from "../operator/words.ts";
import { Bars, Progress } from "./progress.ts";
import { systemBank, systemOperator } from "./system_bank.ts";

/** The bank that a command is for, and its operator. */
interface Target {
  /** Returns the operator's key, which is read once. */
  signer: () => Promise<Signer>;
  /** The bank's folder. */
  folder: string;
  /** The URL of its database; undefined for a bank in a file. */
  url: string | undefined;
  /** Destination of an answer that is a file. */
  out: string | undefined;
}

type Local<C extends LocalCommand["command"]> = Extract<LocalCommand, { command: C }>;

if (import.meta.main) await runProgram<OperatorStart>(runTask);

async function runTask(start: OperatorStart): Promise<number> {
  const { folder, databaseUrlFile, out, confirm, command } = start;
  if (confirm !== undefined) requireTyped(confirm);
  const inEnvironment = environmentVariable(databaseUrlVariable);
  const url = findDatabaseUrl(systemFiles, databaseUrlFile, inEnvironment);
  let signer: Promise<Signer> | undefined;
  const target: Target = { folder, url, out, signer: () => signer ??= readKey(start) };
  switch (command.command) {
    case "init":
      return await init(target, command);
    case "migrate":
      if (command.dryRun) {
        const path = { path: folder, url: requireUrl(target) };
        const lines = await showingProgress((world, onRows) =>
          rehearseMigration(world, { ...path, onRows })
        );
        return sayAll(lines);
      }
      return await migrate(target);
    case "join":
      return await join(target, command);
    case "restore":
      if (command.dryRun) {
        const request = { path: folder, from: command.from };
        const lines = await showingProgress((world, onRows) =>
          rehearseRestore(world, { ...request, onCopied: copiedTo(onRows) })
        );
        return sayAll(lines);
      }
      return await restore(target, command);
    case "verify_audit":
      return await verifyAudit(target, command);
    case "show_audit_file":
      return await showAuditFile(target, command);
    case "verify_receipts":
      return await verifyReceipts(command);
    case "write_policy":
      return writePolicy(target, command);
    case "export_audit":
      return await exportAudit(target);
    case "start_audit_chain":
      return await startAuditChain(target, command);
    case "add_customer": {
      requireName(command.username);
      if (seesNoBank(folder)) requireBank(systemFiles, folder);
      return await ask(target, {
        ...command,
        passwordHash: await newPasswordHash(command.username),
      });
    }
    case "issue_card":
      return await issueCard(target, command.customer);
    case "make_operator_key":
      return await makeKey(target, command);
    case "recover_operator":
      return await recover(target, command);
    case "approve":
      return await carry(target, await wholeProposal(command, () => openProposals(target)));
    case "reject":
      return await ask(target, await wholeProposal(command, () => openProposals(target)));
    case "enrol_terminal":
    case "enrol_device":
    case "rotate_device":
      return await carry(target, command);
    case "rotate_terminal":
      return await (command.now ? carry(target, command) : ask(target, command));
    default:
      return await ask(target, command);
  }
}

/**
 * Requires that the operator types a name.
 * @throws {UsageError} if it is another one, or nobody can type
 */
function requireTyped(name: string): void {
  if (!Deno.stdin.isTerminal()) {
    throw new UsageError(
      `this cannot be undone: confirm it in a terminal, or with --yes. Nothing was changed`,
      2,
    );
  }
  const typed = prompt(`This cannot be undone. Type ${name} to confirm:`);
  if (typed?.trim() !== name) throw new UsageError("another name was typed. Nothing was changed");
}

/** Returns the open proposals as lines of JSON. */
function openProposals({ folder, signer, url }: Target): AsyncIterable<OperatorAnswer> {
  return answersOf(systemOperator, folder, { command: "list_proposals", json: true }, signer, url);
}

/** Runs a command whose answer may be a key that an operator copies to its terminal or device. */
async function carry(
  { folder, url, signer, out }: Target,
  command: OperatorCommandOf<
    "enrol_terminal" | "rotate_terminal" | "enrol_device" | "rotate_device" | "approve"
  >,
): Promise<number> {
  const ask = (key: string | undefined) =>
    answersOf(
      systemOperator,
      folder,
      key === undefined ? command : { ...command, key },
      signer,
      url,
    );
  const { lines, isProposed } = await carryKey(systemFiles, out!, ask);
  lines.forEach(say);
  return isProposed ? proposedExitCode : 0;
}

/** Makes a card: its number goes into a file, and only its hash to the bank. */
async function issueCard(target: Target, customer: string): Promise<number> {
  const out = target.out!;
  const number = newCardNumber(systemBank.randomBytes);
  writePrivateFile(systemFiles, out, formatCard({ customer, number }));
  const numberHash = cardNumberHash(number);
  try {
    await ask({ ...target, out: undefined }, { command: "issue_card", customer, numberHash });
  } catch (error) {
    if (!(error instanceof CommandRefused)) {
      say(`${out} is kept, since the bank may have the card: see 'deno task bank card list'`);
    } else systemFiles.remove(out);
    throw error;
  }
  say(`the card is in ${out}: keep it private until the number is on a card, then delete it`);
  return 0;
}

/**
 * Sends the command to the running server if there is one, otherwise runs it with exclusive use of
 * the folder.
 */
async function ask(target: Target, command: OperatorCommand): Promise<number> {
  const { folder, url, signer, out } = target;
  const file = out === undefined ? null : reservePrivateFile(systemFiles, out);
  const bars = new Bars();
  let exitCode = 0;
  try {
    for await (const answer of answersOf(systemOperator, folder, command, signer, url, out)) {
      if ("checked" in answer) {
        bars.show("checked", answer.checked, answer.of);
        continue;
      }
      if ("copied" in answer) {
        copiedTo(bars.show)(answer.copied, answer.of);
        continue;
      }
      bars.end();
      if ("next" in answer) continue; // for the console
      if ("line" in answer) print(answer.line);
      else if ("proposal" in answer) exitCode = proposedExitCode; // the line after it names it
      else if ("screen" in answer) draw(answer.screen);
      else if ("bad" in answer) {
        console.error(answer.bad);
        exitCode = 1;
      } else if (file) say(keep(answer, file, out!, copiedTo(bars.show)));
    }
  } catch (error) {
    // A script must distinguish books that could not be checked from wrong ones.
    if (command.command !== "check_ledger" || !(error instanceof UsageError)) throw error;
    throw new UsageError(`checking the books failed: ${error.message}`, 2);
  } finally {
    bars.end();
    file?.close();
  }
  return exitCode;
}

/** Returns what shows the bytes copied as a bar. */
function copiedTo(show: Bars["show"]): OnCopied {
  const inMegabytes = (bytes: number) => Math.ceil(bytes / 1_000_000);
  return (done, of) => show("copied, in MB,", inMegabytes(done), inMegabytes(of));
}

/** Prints a screen; in a terminal it replaces the last one. */
function draw(screen: string): void {
  print(Deno.stdout.isTerminal() ? `\x1b[H\x1b[2J${screen}` : screen);
}

/** Writes an answer that is a file; returns a line about it. */
function keep(
  answer: OperatorAnswer,
  file: ReservedFile,
  out: string,
  onCopied: OnCopied,
): string {
  if ("checkpoint" in answer) {
    finishWith(file, answer.checkpoint);
    return `the checkpoint is in ${out}. Move it to a place that the bank's host cannot write to`;
  }
  if ("receipt" in answer) {
    finishWith(file, answer.receipt);
    return `the receipt is in ${out}: everybody who has the policy file can check it`;
  }
  if ("fetch" in answer) {
    try {
      if (answer.fetch !== out) appendFile(systemFiles, answer.fetch, file, onCopied);
      file.finish();
    } finally {
      if (answer.fetch !== out) systemFiles.remove(answer.fetch); // a copy that could not be moved does not fill the bank's disk
    }
    return `the copy is ${out}. Protect it like the bank's folder, and keep bank.keys elsewhere`;
  }
  throw new Error("the answer is not a file");
}

function finishWith(file: ReservedFile, text: string): void {
  file.write(text);
  file.finish();
}

async function init({ folder, url }: Target, command: Local<"init">): Promise<number> {
  const { bankName, currency, timeZone, withdrawalMax, firstKey, operators } = command;
  const single = "singleKey" in operators
    ? await makeOperatorKey(systemBank, userName(), null)
    : null;
  const admins = "admins" in operators ? operators.admins : [single!.signer];
  say(
    await initBank(systemBank, {
      path: folder,
      url,
      operator: admins[0]!.name,
      admins: admins.map(({ name, publicKey }) => ({ name, publicKey })),
      bankName,
      currency,
      timeZone,
      withdrawalMax: minorFromText(withdrawalMax),
      keepFirstKey(text, write) {
        write(firstKey, text);
        if ("singleKey" in operators) write(operators.singleKey, single!.text);
      },
    }),
  );
  if ("singleKey" in operators) {
    say(`You are its single operator, ${userName()}, with the key in ${operators.singleKey}.`);
  }
  return sayFirstKey(firstKey);
}

/** Makes an operator's key, and prints its public half. */
async function makeKey(
  { out = `${homeFolder()}/operator.key` }: Target,
  { name, sealed }: Local<"make_operator_key">,
): Promise<number> {
  const passphrase = sealed ? await newPassphrase(name) : null;
  const { signer, text } = await makeOperatorKey(systemBank, name, passphrase);
  if (out.startsWith(`${homeFolder()}/`)) systemFiles.makeFolder(homeFolder());
  writePrivateFile(systemFiles, out, text);
  say(`the key of operator ${name} is in ${out}: keep it to yourself`);
  return say(`its public key is ${signer.publicKey}`);
}

/** Gives an admin another key, with exclusive use of the folder and without an operator's key. */
async function recover(
  { folder, url }: Target,
  { name, publicKey }: Local<"recover_operator">,
): Promise<number> {
  const bank = await openBank(systemBank, folder, url);
  try {
    (await recoverOperator(bank, userName(), { name, publicKey })).forEach(say);
  } finally {
    await bank.close();
  }
  return 0;
}

/** Moves a bank from its file into PostgreSQL. */
async function migrate(target: Target): Promise<number> {
  const { folder, signer } = target;
  const url = requireUrl(target);
  requireBank(systemFiles, folder);
  const place = { path: databasePath(folder) };
  const admin = await requireAdmin(systemBank, place, signer, { command: "migrate" });
  const request = { path: folder, url, ...admin };
  const lines = await showingProgress((world, onRows) =>
    migrateBank(world, { ...request, onRows })
  );
  return sayAll(lines);
}

/** Runs with a bank's world whose checks of files show their progress, and with the bars of other steps. */
async function showingProgress<T>(
  run: (world: typeof systemBank, onRows: Bars["show"]) => Promise<T>,
): Promise<T> {
  const bars = new Bars();
  const world = {
    ...systemBank,
    checkFile: (file: FileToCheck) =>
      systemBank.checkFile(file, (done, of) => bars.show("checked", done, of)),
  };
  try {
    return await run(world, bars.show);
  } finally {
    bars.end();
  }
}

/** Creates the folder of another server for a bank in PostgreSQL. */
async function join(target: Target, { from, firstKey }: Local<"join">): Promise<number> {
  const { folder } = target;
  const [url, command] = [requireUrl(target), { command: "join" }];
  const admin = await requireAdmin(systemBank, { url }, target.signer, command);
  let made = false;
  const lines = await joinServer(systemBank, {
    folder,
    from,
    url,
    ...admin,
    keepFirstKey(text, write) {
      write(firstKey, text);
      made = true;
    },
  });
  lines.forEach(say);
  return made ? sayFirstKey(firstKey) : 0;
}

/**
 * Returns the database's URL.
 * @throws {UsageError} if no database is configured
 */
function requireUrl({ url }: Target): string {
  if (url !== undefined) return url;
  const file = "a file with --database-url-file";
  throw new UsageError(
    `no database configured. Set its URL in ${databaseUrlVariable}, or in ${file}`,
    2,
  );
}

async function restore(
  { folder, signer }: Target,
  { from, firstKey }: Local<"restore">,
): Promise<number> {
  requireBank(systemFiles, folder);
  requireNew(firstKey);
  const key = await signer();
  reservePrivateFile(systemFiles, firstKey).close(); // refused before the backup is checked
  const request = {
    path: folder,
    from,
    keepFirstKey: (text: string) => writePrivateFile(systemFiles, firstKey, text),
    operator: key.name,
    authorise: (store: Pick<ReadStore, "staff" | "settings">) =>
      signedByAdmin(systemBank, store, key, { command: "restore", from }),
  };
  const lines = await showingProgress((world, onRows) =>
    restoreBank(world, { ...request, onRows, onCopied: copiedTo(onRows) })
  );
  lines.forEach(say);
  return sayFirstKey(firstKey);
}

async function verifyAudit(
  { folder, url, signer }: Target,
  { firstKeys, checkpoints, receipt, file, ofOneServer, json }: Local<"verify_audit">,
): Promise<number> {
  const progress = new Progress("checked");
  const request = {
    folder,
    url,
    signer,
    firstKeyPaths: firstKeys,
    checkpointPaths: checkpoints,
    receipt,
    file,
    ofOneServer,
  };
  try {
    const log = await verifyLog(systemOperator, request, progress.show);
    progress.end();
    return say(json ? JSON.stringify({ good: true, problem: null, ...log }) : goodLogInWords(log));
  } catch (error) {
    if (json && error instanceof BadLog) {
      say(JSON.stringify({ good: false, problem: error.message }));
    }
    throw error;
  } finally {
    progress.end();
  }
}

async function verifyReceipts(
  { policy, receipts, json }: Local<"verify_receipts">,
): Promise<number> {
  if (receipts.length === 0) {
    throw new UsageError("--policy checks receipts: name their files with --receipt FILE,FILE");
  }
  const texts = receipts.map((path) => readTextFile(systemFiles, path));
  const policyText = readTextFile(systemFiles, policy);
  const { outcome, findings } = await verifyReceipt(texts, policyText, crypto.subtle);
  if (json) say(JSON.stringify({ good: outcome !== "refused", outcome, findings }));
  for (const { kind, sentence } of findings) {
    if (json && kind !== "refused") continue;
    if (kind === "refused") console.error(`refused: ${sentence}`);
    else say(`${kind === "proved" ? "proved" : "not proved"}: ${sentence}`);
  }
  return outcome === "refused" ? 1 : 0;
}

function writePolicy({ out }: Target, command: Local<"write_policy">): number {
  const { text, missing } = policyOf(systemFiles, command);
  const file = reservePrivateFile(systemFiles, out!);
  try {
    finishWith(file, text);
  } finally {
    file.close();
  }
  for (const origin of missing) {
    say(
      `the policy lacks the key of the log ${origin}, and no receipt of that log can be checked ` +
        "with it. Write it again, with that log's first key among --first-key",
    );
  }
  return say(`the policy is in ${out}: publish it, it holds no secret`);
}

async function showAuditFile(
  { folder }: Target,
  { file, keys = keysPath(folder), json, last, filter }: Local<"show_audit_file">,
): Promise<number> {
  const lines = showLogFile(systemBank, { file, keysPath: keys, filter, json });
  for await (const line of lastOf(lines, last)) print(line);
  return 0;
}

async function exportAudit({ folder, url, signer, out }: Target): Promise<number> {
  const progress = new Progress("exported");
  const file = reservePrivateFile(systemFiles, out!);
  try {
    const answers = answersOf(systemOperator, folder, { command: "read_audit" }, signer, url);
    const { count, stray } = await exportLog(answers, file, progress.show);
    file.finish();
    progress.end();
    say(`${count} entries are in ${out}`);
    return stray === undefined ? 0 : say(`one row of the log is missing: ${stray}`);
  } finally {
    progress.end();
    file.close();
  }
}

async function startAuditChain(
  { folder, url, signer }: Target,
  { firstKey }: Local<"start_audit_chain">,
): Promise<number> {
  requireBank(systemFiles, folder);
  requireNew(firstKey);
  const place = url === undefined ? { path: databasePath(folder) } : { url };
  const command = { command: "start_audit_chain" };
  const admin = await requireAdmin(systemBank, place, signer, command);
  const request = { path: folder, firstKeyPath: firstKey, ...admin, url };
  (await anotherChain(systemBank, request)).forEach(say);
  return sayFirstKey(firstKey);
}

function sayAll(lines: readonly string[]): 0 {
  lines.forEach(say);
  return 0;
}

/** @throws {UsageError} if the file for a first key exists */
function requireNew(firstKey: string): void {
  if (!isThere(systemFiles, firstKey)) return;
  throw new UsageError(
    `${firstKey} already exists. Move it to a safe place, or name another file with --first-key FILE`,
  );
}

function sayFirstKey(path: string): 0 {
  return say(
    `The log's first key is in ${path}, and nowhere else. Move it to a safe place off this host. ` +
      "'deno task bank audit verify --first-key FILE' needs it.",
  );
}

/** Returns whether a folder has no bank. An operator who may not open it asks its server instead. */
function seesNoBank(folder: string): boolean {
  try {
    return !holdsBank(systemFiles, folder);
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** Reads a new customer's password, and returns its hash: the bank never gets the password. */
async function newPasswordHash(username: string): Promise<string> {
  const password = await readPassword(`Password for ${username}: `);
  requirePasswordLength(password);
  const passwords = systemBank.openPasswords();
  try {
    return await passwords.hash(password, systemBank.randomBytes(16));
  } finally {
    passwords.close();
  }
}

async function newPassphrase(name: string): Promise<string> {
  const passphrase = await readPassword(`New passphrase for the key of ${name}: `);
  if (passphrase.length >= passphraseLengthMin) return passphrase;
  throw new UsageError(`a passphrase has at least ${passphraseLengthMin} characters`);
}

/** Returns the user's name on this system, as a name of an operator. */
function userName(): string {
  const name = Deno.env.get("USER") ?? Deno.env.get("LOGNAME") ?? "";
  return isName(name) ? name : "operator";
}
