/**
 * The composition root. Started with the right to run programs (which is the right to everything) it
 * is only the launcher; what it launches is this file again, with just the permissions that the
 * command needs.
 */
import config from "./deno.json" with { type: "json" };
import { BankAtm } from "./client/atm.ts";
import { BankClient, type Line, NoAnswer } from "./client/bank_client.ts";
import { openAtmFolder, rememberCurrency, rememberedCurrency } from "./client/folder/atm_folder.ts";
import { demoFilling, parseNotes } from "./client/cash/cash_notes.ts";
import { countCassettes, fillCassettes } from "./client/filling.ts";
import { type NoteCounts, totalOf } from "./client/cash/note_mix.ts";
import { SimulatedDevices } from "./client/cash/simulated_devices.ts";
import { Journal } from "./client/journal.ts";
import { keepFile } from "./client/folder/kept_files.ts";
import { databaseUrlVariable, requireDatabaseUrl } from "./lib/database_url.ts";
import { UsageError } from "./lib/errors.ts";
import { type Currency, currencyOf, decimalText, formatMoney, parseAmount } from "./lib/money.ts";
import { smallestNote } from "./lib/notes.ts";
import { hex } from "./lib/bytes.ts";
import { systemFiles } from "./lib/system.ts";
import { formatTerminalKey, isName, type NamedTerminalKey } from "./lib/terminal_key.ts";
import type { ShowFilter } from "./server/audit/show.ts";
import { createBank, openBank, randomBytes } from "./server/bank.ts";
import {
  isThere,
  keysPath as keysPathOf,
  removeIfThere,
  replacePrivateFile,
  reservePrivateFile,
  writePrivateFile,
} from "./server/folder/bank_folder.ts";
import { Checkpoints } from "./server/operator/checkpoints.ts";
import { openDemoBank } from "./server/programs/demo_bank.ts";
import { logCommand } from "./server/ledger/command.ts";
import { listen } from "./server/door/listener.ts";
import { migrateBank } from "./server/operator/migrate.ts";
import { type OperatorCommand, requireInstants } from "./server/operator/commands.ts";
import {
  anotherChain,
  answersOf,
  exportLog,
  joinServer,
  showLogFile,
  verifyLog,
} from "./server/operator/log_programs.ts";
import { serveOperators } from "./server/operator/socket.ts";
import { restoreBank } from "./server/operator/restore.ts";
import { leashEnds } from "./ui/command_line/child.ts";
import {
  parseAddress,
  parseCommand,
  type ParsedCommand,
  parseIpList,
  parseLanguage,
} from "./ui/command_line/flags.ts";
import { help } from "./ui/command_line/help.ts";
import { launch, readDatabaseUrl, readTerminalKey } from "./ui/command_line/launch.ts";
import { readPassword } from "./ui/command_line/password_prompt.ts";
import { Progress } from "./ui/command_line/progress.ts";
import { findCommand, shapes } from "./ui/command_line/shapes.ts";
import { openFile, startBrowserHost } from "./ui/window/browser_host.ts";
import { bundlePage } from "./ui/window/page_bundle.ts";
import { libraryName, NoWindow } from "./ui/window/webview.ts";
import { runWindow } from "./ui/window/window_thread.ts";
import { serveWindow, type WindowEnd } from "./ui/window/window_worker.ts";

type Flags = ParsedCommand["flags"];

async function main(args: string[]): Promise<number> {
  if (args.includes("--version")) return say(`strongroom ${config.version}`);
  if (args.length === 0 || args.includes("--help")) return say(help[args[0] ?? ""] ?? help[""]!);
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") {
    return await runConfined(args);
  }
  const command = findCommand(args);
  if (command === null) {
    const known = help[args[0]!] ? args[0] : "";
    throw new UsageError(`'${args.join(" ")}' is not a command\n\n${help[known!]}`, 2);
  }
  return await launch(command.name, command.rest, {
    main: pathOf(import.meta.url),
    project: folderOf(new URL(".", import.meta.url)),
    packages: ["preact", "htm/preact"].map((name) =>
      folderOf(new URL("..", import.meta.resolve(name)))
    ),
    webview: webviewLibrary(),
    startedIn: Deno.env.get("INIT_CWD") ?? Deno.cwd(),
  });
}

/** A program: what the launcher started. */
async function runConfined([role = "", ...rest]: string[]): Promise<number> {
  if (role === "demo-bank") {
    const options = { ...shapes.server.options, atms: { type: "string" } } as const;
    return await runServer(parseCommand({ name: "demo", options }, rest).flags, true);
  }
  if (role === "atm-window") {
    const { options } = shapes.atm;
    const more = { terminal: { type: "string" }, webview: { type: "string" } } as const;
    const shape = { name: "atm", options: { ...options, ...more } };
    return await runAtmInWindow(parseCommand(shape, rest).flags);
  }
  const { name, rest: args } = findCommand([role, ...rest])!;
  const { flags, words } = parseCommand(shapes[name], args);
  if (name === "server") return await runServer(flags, false);
  if (name === "atm") return await runAtm(flags);
  if (name.startsWith("atm cash")) return runCash(name, flags, words);
  if (name === "bank init") return await initBank(flags);
  if (name === "bank migrate") return await migrate(flags);
  if (name === "bank join") return await joinBankOf(flags);
  if (name === "bank audit verify") return await verifyAudit(flags);
  if (name === "bank audit show" && flags.file !== undefined) return await showAuditFile(flags);
  if (name === "bank audit export") return await exportAudit(flags);
  if (name === "bank audit chain") return await startAuditChain(flags);
  if (name === "bank restore") return await restore(flags);
  return await runOperator(String(flags.data), await operatorCommand(name, flags, words), flags);
}

// The bank's server

async function runServer(flags: Flags, demo: boolean): Promise<number> {
  const data = String(flags.data);
  const end = leashEnds();
  const opened = demo
    ? await openDemoBank(data, Number(flags.atms), log)
    : { bank: await openBank(data, log, databaseUrl(flags)), folder: data };
  const { bank, folder, ...ready } = opened;
  try {
    const listener = await listen(bank, {
      ...parseAddress(String(flags.listen), "--listen", true),
      proxies: parseIpList(flags["proxy-from"], "--proxy-from"),
      sharePort: flags["share-port"] === true,
      log,
    });
    const operators = serveOperators(bank, folder, log);
    const checkpoints = new Checkpoints(bank, {
      folder: String(flags.checkpoints ?? `${folder}/checkpoints`),
      everyMs: Number(flags["checkpoint-minutes"] ?? 60) * 60_000,
    }, log);
    say(JSON.stringify({ address: listener.address, ...ready }));
    await end;
    await operators.close();
    await listener.close();
    await checkpoints.stop();
  } finally {
    await bank.close();
  }
  return 0;
}

// The ATM

/** An ATM behind a page in the browser. */
async function runAtm(flags: Flags): Promise<number> {
  const end = leashEnds();
  const { atm, close } = await openMachine(flags);
  const stopping = new AbortController();
  const host = startBrowserHost({
    atm,
    page: await bundlePage("in_browser"),
    randomBytes,
    signal: stopping.signal,
    onError: logFailedCall,
  });
  atm.start();
  if (!flags.wait) await Promise.race([online(atm), end]);
  const file = `${flags.data}/open.html`;
  removeIfThere(file);
  writePrivateFile(file, openFile(host.newLink()));
  say(JSON.stringify({ link: host.newLink(), file }));
  await end;
  await atm.stop();
  stopping.abort();
  await host.finished;
  removeIfThere(file);
  close();
  return 0;
}

/**
 * An ATM in a window, the window's own thread: it shows the page and nothing else. The machine is in
 * a worker, which is this file again.
 */
async function runAtmInWindow(flags: Flags): Promise<number> {
  const interrupted = new AbortController();
  Deno.addSignalListener("SIGINT", () => {}); // as for the leash: the launcher decides what it means
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => interrupted.abort());
  const library = flags.webview === undefined ? null : String(flags.webview);
  try {
    return await runWindow<Flags>({
      library,
      title: `ATM ${flags.terminal}`.trim(),
      page: bundlePage("in_window"),
      kiosk: flags.kiosk === true,
      randomBytes,
      startWorker: () => startAtmWorker(library!),
      begin: flags,
      interrupted: interrupted.signal,
    });
  } catch (error) {
    if (!(error instanceof NoWindow)) throw error;
    return say(JSON.stringify({ noWindow: error.message }));
  }
}

const atmWorkerName = "atm";
/** How long a window may stay blank before it is taken for broken. */
const blankMsMax = 20_000;

/** The worker may do what this process may, but of native code it reaches the web view alone. */
function startAtmWorker(library: string): Worker {
  const inherited = { read: "inherit", write: "inherit", net: "inherit" } as const;
  return new Worker(import.meta.url, {
    type: "module",
    name: atmWorkerName,
    deno: { permissions: { ...inherited, ffi: [library] } },
  });
}

/** The worker behind a window. */
async function runAtmBehindWindow(flags: Flags, window: WindowEnd): Promise<number> {
  const { atm, close } = await openMachine(flags);
  const host = window.host({ atm, onError: logFailedCall });
  atm.start();
  const { any, online } = host.shown;
  if (await settlesWithin(blankMsMax, Promise.race([any, window.closed]))) {
    if (!flags.wait) await Promise.race([online, window.closed]);
    say(JSON.stringify({ window: true }));
    await window.closed;
  } else say(JSON.stringify({ noWindow: "the web view stays blank" }));
  host.close();
  await atm.stop();
  close();
  return 0;
}

async function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  const inTime = await Promise.race([promise.then(() => true), late.promise]);
  clearTimeout(timer);
  return inTime;
}

/** The machine of an ATM's folder, not yet started. */
async function openMachine(flags: Flags) {
  const keptKey = `${flags.data}/terminal.key`;
  const findKey = () => newestKey(readTerminalKey(String(flags.key)), keptKey);
  const { hostname, port } = parseAddress(String(flags.bank), "--bank");
  const line = {
    connect: async () => {
      const socket = await Deno.connect({ hostname, port });
      socket.setNoDelay();
      return socket;
    },
    randomBytes,
    nowMs: Date.now,
  };
  const demo = flags.demo === true;
  const { database, journal, devices, fill } = openAtm(String(flags.data), demo);
  if (!flags.wait) {
    const keys = isThere(keptKey) ? `--key and ${keptKey}, of which the newer counts` : "--key";
    await requireBank({ ...line, terminalKey: findKey() }, String(flags.bank), keys);
  }
  const atm = new BankAtm({
    line,
    findKey,
    journal,
    devices,
    demo,
    language: parseLanguage(flags.language),
    keepFile: (name, text) => keepFile(`${flags.data}/saved`, name, text),
    currency: rememberedCurrency(database),
    onMeeting(currency) {
      rememberCurrency(database, currency);
      if (demo && devices.cassettes().size === 0) {
        fill(demoFilling(currency), currency);
      }
    },
    keepKey: (key) => replacePrivateFile(String(flags.data), keptKey, formatTerminalKey(key)),
    log,
  });
  return { atm, close: () => database.close() };
}

/** The key that was given, or a newer one of the same terminal that its bank has sent it since. */
function newestKey(given: NamedTerminalKey, keptPath: string): NamedTerminalKey {
  if (!isThere(keptPath)) return given;
  const kept = readTerminalKey(keptPath);
  if (hex(kept.terminal) !== hex(given.terminal) || hex(kept.bank) !== hex(given.bank)) {
    throw new UsageError(
      `${keptPath} is the key of another terminal: give this one a folder of its own with --data`,
    );
  }
  return kept.version > given.version ? kept : given;
}

function logFailedCall(error: unknown): void {
  log(`a call of the page failed: ${error instanceof Error ? error.stack : error}`);
}

/** An operator who starts an ATM wants to know at once that the bank is not there. */
async function requireBank(line: Line, address: string, keys: string): Promise<void> {
  const otherwise = "or start with --wait to wait for it";
  let reached = false;
  try {
    const connect = async () => {
      const socket = await line.connect();
      reached = true;
      return socket;
    };
    await (await BankClient.connect({ ...line, connect })).close();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new UsageError(
      reached
        ? `the bank at ${address} does not accept this terminal: check --bank, ${keys}, ${otherwise}`
        : `no bank can be reached at ${address}: start 'deno task server' there, name it with --bank HOST:PORT, ${otherwise}`,
    );
  }
}

/** Settles when the bank has been met and all that was open is settled with it. */
function online(atm: BankAtm): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = atm.watch(({ bank }) => bank === "online" && resolve());
  return promise.finally(stop);
}

function runCash(name: string, flags: Flags, words: string[]): number {
  readTerminalKey(String(flags.key));
  const { database, journal, devices, fill, count } = openAtm(String(flags.data));
  const currency = rememberedCurrency(database);
  if (!currency) {
    throw new UsageError(
      "this ATM has not met its bank yet: start it once with 'deno task atm', then fill it",
    );
  }
  if (words.length > 0) {
    const notes = parseNotes(words, currency);
    if (notes === null) {
      throw new UsageError(`'${words.join(" ")}': write notes as 20x100 50x40`, 2);
    }
    if (name === "atm cash count") {
      const over = count(notes, currency);
      const size = formatMoney(over < 0n ? -over : over, currency);
      if (over !== 0n) say(`${size} ${over < 0n ? "missing" : "over"}: to the differences account`);
    } else if (!fill(notes, currency)) {
      throw new UsageError("notes lie in the tray: take all notes out, and tell with 'count'");
    }
  }
  const cassettes = devices.cassettes();
  for (const [value, count] of cassettes) {
    say(`${formatMoney(value, currency).padStart(12)}  x ${count}`);
  }
  say(`${formatMoney(totalOf(cassettes), currency).padStart(12)}  in all`);
  for (const { movement, kind, amount, why } of journal.flagged()) {
    say(`To be looked at: ${kind} ${movement}, ${formatMoney(amount, currency)}: ${why}`);
  }
  if (words.length > 0) say("The bank books it when the ATM is next started.");
  database.close();
  return 0;
}

/** @param demo whether notes that are handed out wait for the demo's hand */
function openAtm(folder: string, demo = false) {
  const database = openAtmFolder(systemFiles, folder);
  const journal = new Journal(database);
  const devices = new SimulatedDevices(database, demo);
  const filling = { database, journal, devices, randomBytes, nowMs: Date.now };
  const fill = (notes: NoteCounts, currency: Currency) => fillCassettes(filling, notes, currency);
  const count = (notes: NoteCounts, currency: Currency) => countCassettes(filling, notes, currency);
  return { database, journal, devices, fill, count };
}

// The operator

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
    folder,
    { bankName, currency, timeZone, smallestNote: smallestNote(currency) },
    log,
    (text) => writePrivateFile(firstKey, text),
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
  const lines = await migrateBank({
    folder: String(flags.data),
    url: requiredDatabaseUrl(flags),
    operator: operatorName(),
    nowMs: Date.now(),
    log,
  });
  lines.forEach(say);
  return 0;
}

/** Another server of a bank in PostgreSQL. */
async function joinBankOf(flags: Flags): Promise<number> {
  const url = requiredDatabaseUrl(flags);
  const [folder, from, firstKey] = [flags.data, flags.from, flags["first-key"]].map(String);
  const request = { folder: folder!, from: from!, url, operator: operatorName() };
  let made = false;
  const lines = await joinServer(request, log, (text) => {
    writePrivateFile(firstKey!, text);
    made = true;
  });
  lines.forEach(say);
  return made ? sayFirstKey(firstKey!) : 0;
}

/** The URL of the bank's database; undefined for a bank in a file. It is never in a flag, for others to see. */
function databaseUrl(flags: Flags): string | undefined {
  const path = flags["database-url-file"];
  if (path !== undefined) return readDatabaseUrl(String(path));
  const { state } = Deno.permissions.querySync({ name: "env", variable: databaseUrlVariable });
  const text = state === "granted" ? Deno.env.get(databaseUrlVariable) : undefined;
  return text === undefined ? undefined : requireDatabaseUrl(text, databaseUrlVariable);
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
  const outFile = out === null ? null : reservePrivateFile(out);
  const request = { ...command, operator: operatorName() };
  let exitCode = 0;
  try {
    for await (const answer of answersOf(folder, request, log, databaseUrl(flags))) {
      if ("line" in answer) say(answer.line);
      else if ("bad" in answer) {
        console.error(answer.bad);
        exitCode = 1;
      } else if ("keyFile" in answer) {
        outFile!.fill(answer.keyFile);
        say(`its key is in ${out}: bring that file to the ATM, and to nobody else`);
      } else if ("checkpoint" in answer) {
        outFile!.fill(answer.checkpoint);
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

function fetchFile(path: string, into: ReturnType<typeof reservePrivateFile>): void {
  const file = Deno.openSync(path);
  try {
    into.fill(file);
  } finally {
    file.close();
  }
  Deno.removeSync(path);
}

async function restore(flags: Flags): Promise<number> {
  const path = String(flags["first-key"]);
  const firstKey = reservePrivateFile(path); // nothing is put back before there is a place for it
  let lines: string[];
  try {
    lines = await restoreBank({
      folder: String(flags.data),
      from: String(flags.from),
      keepFirstKey: (text) => firstKey.fill(text),
      operator: operatorName(),
      nowMs: Date.now(),
      log,
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

// The audit log

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
    return say(await verifyLog(request, log, progress.show));
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
  for await (const line of showLogFile({ file: String(flags.file), keysPath, filter, json })) {
    say(line);
  }
  return 0;
}

async function exportAudit(flags: Flags): Promise<number> {
  const out = String(flags.out);
  const progress = new Progress("exported");
  const file = reservePrivateFile(out);
  try {
    const request = { command: "read_audit", operator: operatorName() } as const;
    const answers = answersOf(String(flags.data), request, log, databaseUrl(flags));
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
  await anotherChain(String(flags.data), firstKey, operatorName(), log, databaseUrl(flags));
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

// Small things

/** The web view's library, a file of an npm package that is here for nothing else. */
function webviewLibrary(): string | null {
  const own = Deno.env.get("STRONGROOM_WEBVIEW");
  if (own) return own;
  const name = libraryName(Deno.build.os, Deno.build.arch);
  return name && pathOf(import.meta.resolve(`webview-bun/build/${name}`));
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

function say(line: string): 0 {
  console.log(line);
  return 0;
}

function log(line: string): void {
  console.error(`${new Date().toISOString()} ${line}`);
}

function pathOf(url: string): string {
  const path = decodeURIComponent(new URL(url).pathname);
  return Deno.build.os === "windows" ? path.slice(1) : path;
}

function folderOf(url: URL): string {
  return pathOf(url.href).replace(/\/$/, "");
}

/** Runs a program; bad input from outside ends it with one clear message. */
async function exitCodeOf(program: () => Promise<number>): Promise<number> {
  try {
    return await program();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return error.exitCode;
  }
}

if (import.meta.main) {
  if (self.name === atmWorkerName) {
    serveWindow<Flags>(
      leashEnds(),
      (flags, window) => exitCodeOf(() => runAtmBehindWindow(flags, window)),
    );
  } else Deno.exit(await exitCodeOf(() => main(Deno.args)));
}
