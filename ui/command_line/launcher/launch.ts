/**
 * The launcher: reads a command line, works out what the program needs, and starts it with those
 * permissions and no others. It holds no key and serves nobody.
 */
import { databaseUrlVariable, findDatabaseUrl } from "../../../lib/database_url.ts";
import { UsageError } from "../../../lib/errors.ts";
import type {
  Address,
  AtmCashStart,
  AtmInBrowserReady,
  AtmStart,
  AtmWindowReady,
  AtmWindowStart,
  BankServerStart,
  DemoBankReady,
  DemoBankStart,
  OperatorStart,
  ServerReady,
  TerminalFiles,
} from "../../../lib/programs.ts";
import { systemFiles } from "../../../lib/system.ts";
import { readTerminalKey } from "../../../lib/terminal_key.ts";
import { bundlePage, type PageEntry } from "../../window/page_bundle.ts";
import { Child, runInForeground } from "./child.ts";
import {
  parseAddress,
  parseCommand,
  type ParsedCommand,
  parseIpList,
  parseLanguage,
  userPath,
} from "../flags.ts";
import { endOfLauncher } from "./lifetime.ts";
import {
  atmPermissions,
  bankPermissions,
  denoArguments,
  operatorSocket,
  windowPermissions,
} from "./permissions.ts";
import type { Place } from "./paths.ts";
import { type CommandName, shapes } from "../shapes.ts";

type AtmReady = AtmInBrowserReady | { window: true };

const defaultAddress = "127.0.0.1:4848";
const startFailed = 1;

/** Runs a command to its end; gives the exit code. */
export async function launch(name: CommandName, args: string[], place: Place): Promise<number> {
  const parsed = parseCommand(shapes[name], args);
  if (name === "demo") return await launchDemo(parsed, place);
  if (name === "server") return await launchServer(parsed, place);
  if (name === "atm") return await launchAtm(parsed, place);
  if (name.startsWith("atm")) return await launchCash(name, parsed, place);
  return await launchBank(name, parsed, place);
}

async function launchServer({ flags }: ParsedCommand, place: Place): Promise<number> {
  const folder = pathFlag(flags.data, "data/bank", place);
  const listen = String(flags.listen ?? defaultAddress);
  const address = parseAddress(listen, "--listen", true);
  const database = databaseOf(flags, place);
  const checkpoints = flags.checkpoints === undefined
    ? `${folder}/checkpoints`
    : pathFlag(flags.checkpoints, "", place);
  const minutes = Number(flags["checkpoint-minutes"] ?? 60);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 10_080) {
    throw new UsageError(
      `--checkpoint-minutes ${flags["checkpoint-minutes"]}: write a whole number from 1 to 10080`,
      2,
    );
  }
  const start: BankServerStart = {
    folder,
    listen: address,
    proxies: parseIpList(flags["proxy-from"], "--proxy-from"),
    sharePort: flags["share-port"] === true,
    checkpoints: { folder: checkpoints, everyMinutes: minutes },
    ...database?.start,
  };
  const folders = [folder, ...(flags.checkpoints === undefined ? [] : [checkpoints])];
  const permissions = bankPermissions(
    place,
    folders,
    [listen, operatorSocket(folder)],
    database?.url,
  );
  if (database?.start) permissions.read.push(database.start.databaseUrlFile);
  const program = denoArguments(place, "server/programs/bank_server", permissions, start);
  const server = new Child<ServerReady>(program);
  return await keep([server], async () => {
    const ready = await server.ready;
    if (ready) console.log(`The bank listens on ${ready.address}. Ctrl-C ends it.`);
    return ready !== null;
  });
}

async function launchAtm({ flags }: ParsedCommand, place: Place): Promise<number> {
  const bank = String(flags.bank ?? defaultAddress);
  const showing = showingOf(flags);
  const terminal = terminalOf(flags, place);
  const { key, folder } = terminal;
  const start: AtmStart = {
    bank: parseAddress(bank, "--bank"),
    key,
    folder,
    demo: flags.demo === true,
    wait: flags.wait === true,
    language: parseLanguage(flags.language),
  };
  return await keep([], async (children) => {
    const ready = await startAtm(start, terminal.name, showing, new Pages(), place, children);
    if (!ready) return false;
    if (flags.json) {
      console.log(JSON.stringify({ bank, atm: linkOf(ready), data: terminal.folder }));
    } else await show(ready, showing);
    return true;
  });
}

async function launchDemo({ flags }: ParsedCommand, place: Place): Promise<number> {
  const data = pathFlag(flags.data, "data", place);
  const atms = Number(flags.atms ?? 1);
  if (!Number.isInteger(atms) || atms < 1 || atms > 8) {
    throw new UsageError(`--atms ${flags.atms}: write a number from 1 to 8`, 2);
  }
  const showing = showingOf(flags);
  const language = parseLanguage(flags.language);
  const listen = { hostname: "127.0.0.1", port: 0 };
  const start: DemoBankStart = { folder: data, listen, atms };
  const net = [`${listen.hostname}:${listen.port}`, operatorSocket(`${data}/bank`)];
  const permissions = bankPermissions(place, [data], net);
  const program = denoArguments(place, "server/programs/demo_bank", permissions, start);
  const server = new Child<DemoBankReady>(program);
  const pages = new Pages();
  return await keep([server], async (children) => {
    const ready = await server.ready;
    if (!ready) return false;
    const { address: bank, customers, terminals } = ready;
    if (!flags.json) {
      console.log(`A demo bank listens on ${bank}; all of it is in ${data}.\n`);
      console.log("DEMO customers (for trying out: these passwords protect nothing real):");
      for (const { username, password } of customers) {
        console.log(`  ${username.padEnd(8)} ${password}`);
      }
      console.log();
    }
    const shared = { bank: parseAddress(bank, "--bank"), demo: true, wait: false, language };
    const started = await Promise.all(
      terminals.map(({ key, folder, name }) =>
        startAtm({ ...shared, key, folder }, name, showing, pages, place, children)
      ),
    );
    const readies = started.filter((each) => each !== null);
    if (readies.length < started.length) return false;
    if (flags.json) {
      const links = readies.map(linkOf);
      const more = links.length > 1 ? { atms: links } : {};
      console.log(JSON.stringify({ bank, atm: links[0], data, customers, ...more }));
      return true;
    }
    for (const each of readies) await show(each, showing);
    console.log("\nCtrl-C ends all of it; start it again to go on where you left off.");
    return true;
  });
}

async function launchCash(name: CommandName, { flags, words }: ParsedCommand, place: Place) {
  const { key, folder } = terminalOf(flags, place);
  const command = name.slice("atm cash ".length) as AtmCashStart["command"];
  const start: AtmCashStart = { command, key, folder, notes: words };
  const permissions = atmPermissions(folder, key, []);
  return await runInForeground(
    denoArguments(place, "client/programs/atm_cash", permissions, start),
  );
}

async function launchBank(name: CommandName, { flags, words }: ParsedCommand, place: Place) {
  const folder = pathFlag(flags.data, "data/bank", place);
  if (name === "bank terminal rotate" && flags.out !== undefined && !flags.now) {
    throw new UsageError("--out: without --now the terminal gets its key over its own line", 2);
  }
  const out = name === "bank terminal enroll" || flags.now
    ? pathFlag(flags.out, `${words[0]}.key`, place, true)
    : name === "bank backup"
    ? pathFlag(flags.out, "bank-backup.sqlite", place, true)
    : null;
  const needsFrom = name === "bank restore" || name === "bank join";
  const from = needsFrom ? fromFlag(name, flags.from, place) : null;
  const files = { ...(out && { out }), ...filesOfLog(name, flags, folder, place) };
  const paths = Object.values(files).flatMap((list) => list.split(","));
  const database = databaseOf(flags, place);
  const net = [operatorSocket(folder)];
  const permissions = bankPermissions(place, [folder, ...paths], net, database?.url);
  permissions.env.push("USER", "LOGNAME");
  permissions.read.push(
    ...(from ? [from] : []),
    ...(database?.start ? [database.start.databaseUrlFile] : []),
  );
  const start: OperatorStart = {
    command: name,
    folder,
    flags: {
      ...flags,
      ...files,
      ...(from && { from }),
      ...(database?.start && { "database-url-file": database.start.databaseUrlFile }),
    },
    words,
  };
  const end = flags.follow ? endOfLauncher() : undefined;
  return await runInForeground(
    denoArguments(place, "server/programs/operator", permissions, start),
    end,
  );
}

/** Where each command that makes a file of the log puts it, if nobody says otherwise. */
const madeFiles: Partial<Record<CommandName, string>> = {
  "bank audit export": "audit_log_secure.txt",
  "bank audit checkpoint": "checkpoint.json",
};

/** The files that a command about the log reads or makes, by their flags. */
function filesOfLog(
  name: CommandName,
  flags: ParsedCommand["flags"],
  folder: string,
  place: Place,
): Record<string, string> {
  const made = madeFiles[name];
  if (made) return { out: pathFlag(flags.out, made, place, true) };
  const files: Record<string, string> = {};
  for (const flag of ["checkpoint", "file", "keys"]) {
    if (flags[flag] !== undefined) files[flag] = pathFlag(flags[flag], "", place);
  }
  if (Object.hasOwn(shapes[name].options, "first-key")) {
    // Beside the bank's folder, from where it is to be taken away.
    const given = flags["first-key"] === undefined
      ? [`${folder}-first.key`]
      : String(flags["first-key"]).split(",").map((path) => pathFlag(path, "", place));
    files["first-key"] = given.join(",");
  }
  return files;
}

/** @throws {UsageError} when there is none: a bank is put back to nothing in particular by nobody */
function fromFlag(
  name: CommandName,
  from: string | boolean | undefined,
  place: Place,
): string {
  const what = name === "bank restore" ? "the backup" : "another server's bank.keys";
  if (from === undefined) throw new UsageError(`--from FILE: name ${what}`, 2);
  return pathFlag(from, "", place);
}

/** A database elsewhere, as the command line or the environment names it. */
interface Database {
  url: string;
  /** Where the URL was in a file. */
  start?: { databaseUrlFile: string };
}

/**
 * Returns null for a bank in a file.
 * @throws {UsageError} when what is named is no URL, or in a file that others can read
 */
function databaseOf(
  { "database-url-file": file }: ParsedCommand["flags"],
  place: Place,
): Database | null {
  const path = file === undefined ? undefined : pathFlag(file, "", place);
  const url = findDatabaseUrl(systemFiles, path, Deno.env.get(databaseUrlVariable));
  return url === undefined
    ? null
    : { url, ...(path !== undefined && { start: { databaseUrlFile: path } }) };
}

/** The page as its hosts show it, a line of JSON: bundled once for each kind of host. */
class Pages {
  readonly #lines = new Map<PageEntry, Promise<string>>();

  line(entry: PageEntry): Promise<string> {
    const line = this.#lines.get(entry) ?? bundlePage(entry).then((page) => JSON.stringify(page));
    this.#lines.set(entry, line);
    return line;
  }
}

/** What a user wants to see of an ATM. */
interface Showing {
  /** The best there is: a window, or a page in the browser where none opens. */
  how: "window" | "browser" | "best";
  kiosk: boolean;
  /** No browser is opened: a link is printed. */
  onlyPrint: boolean;
}

function showingOf(flags: ParsedCommand["flags"]): Showing {
  const kiosk = flags.kiosk === true;
  const onlyPrint = flags["no-open"] === true;
  const [window, browser] = [flags.window === true || kiosk, flags.browser === true || onlyPrint];
  if (window && browser) {
    const asked = ["window", "kiosk", "browser", "no-open"].filter((flag) => flags[flag] === true);
    throw new UsageError(`--${asked.join(" and --")}: choose the window or the browser`, 2);
  }
  return { how: window ? "window" : browser ? "browser" : "best", kiosk, onlyPrint };
}

/**
 * Starts an ATM in a window or, where none opens, behind a page in the browser, and adds it to the
 * children, so that it ends before those that it needs. Null when it did not start, and has said why.
 * @throws {UsageError} when the window was insisted on and does not open
 */
async function startAtm(
  start: AtmStart,
  name: string,
  showing: Showing,
  pages: Pages,
  place: Place,
  children: Child<unknown>[],
): Promise<AtmReady | null> {
  if (showing.how !== "browser") {
    const window = startWindow(start, name, showing.kiosk, pages, place);
    children.unshift(window);
    const ready = await window.ready;
    if (ready && "window" in ready) return ready;
    const why = ready?.noWindow ?? whyCrashed(await window.crashed);
    if (why === null) return null;
    if (showing.how === "window") throw new UsageError(`the window does not open: ${why}`);
    await window.end();
    children.splice(children.indexOf(window), 1);
    console.error(`No window here, the ATM takes the browser: ${why}`);
  }
  const page = startPage(start, pages, place);
  children.unshift(page);
  return await page.ready;
}

function whyCrashed(signal: Deno.Signal | null): string | null {
  return signal && `the web view ended by itself (${signal}), as WebKit does where its sandbox, ` +
      "bubblewrap, may not be used";
}

/**
 * GTK and WebKit draw in memory unless the user's environment says otherwise: an ATM's screens need no
 * graphics card, and are there sooner, in a third less memory, without one (docs/ARCHITECTURE.md).
 */
const drawnWithoutGraphicsCard = { GSK_RENDERER: "cairo", WEBKIT_DISABLE_DMABUF_RENDERER: "1" };

function startWindow(
  atm: AtmStart,
  terminal: string,
  kiosk: boolean,
  pages: Pages,
  place: Place,
): Child<AtmWindowReady> {
  const start: AtmWindowStart = { ...atm, terminal, webview: place.webview, kiosk };
  const permissions = windowPermissions(place, atm.folder, atm.key, [addressText(atm.bank)]);
  return new Child(denoArguments(place, "client/programs/atm_window", permissions, start), {
    mayEnd: true,
    env: { ...drawnWithoutGraphicsCard, ...Deno.env.toObject() },
    input: pages.line("in_window"),
  });
}

function startPage(start: AtmStart, pages: Pages, place: Place): Child<AtmInBrowserReady> {
  // Port 0 on loopback is the page's host; the rest of the network is the bank alone.
  const net = [addressText(start.bank), "127.0.0.1:0"];
  const permissions = atmPermissions(start.folder, start.key, net);
  return new Child(denoArguments(place, "client/programs/atm_in_browser", permissions, start), {
    mayEnd: true,
    input: pages.line("in_browser"),
  });
}

function addressText({ hostname, port }: Address): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

/**
 * Keeps children until the launcher should end, one of them fails, or those that may end have ended.
 * @param whenStarted says whether all is up; it may add children, to be ended in their order
 */
async function keep(
  children: Child<unknown>[],
  whenStarted: (children: Child<unknown>[]) => Promise<boolean>,
): Promise<number> {
  const told = endOfLauncher().then(() => "told" as const);
  let failure: unknown = null;
  const starting = whenStarted(children).catch((error) => {
    failure = error;
    return false;
  });
  const started = await Promise.race([starting, told]);
  const why = started === true ? await Promise.race([told, nothingToKeep(children)]) : started;
  const unasked = children.filter((child) => child.hasEnded);
  const closed = unasked.length > 0 && unasked.every((child) => child.mayEnd);
  const codes: number[] = [];
  for (const child of children) codes.push(await child.end());
  if (failure !== null) throw failure;
  const fine = why === "told" || closed;
  return codes.find((code) => code !== 0) ?? (fine ? 0 : startFailed);
}

/** Settles when one child has failed, or ended that should not, or all have ended that may. */
async function nothingToKeep(children: Child<unknown>[]): Promise<void> {
  const closable = children.filter((child) => child.mayEnd);
  const allClosed = Promise.all(closable.map((child) => child.ended));
  await Promise.race(children.map(async (child) => {
    if (await child.ended === 0 && child.mayEnd) await allClosed;
  }));
}

/** Which terminal this machine is: the key given, its folder's, or the only one there is. */
function terminalOf(flags: ParsedCommand["flags"], place: Place): TerminalFiles {
  const given = flags.data === undefined ? null : pathFlag(flags.data, "", place);
  const found = given ? [given] : foldersOfAtms(`${place.project}/data`);
  const key = flags.key !== undefined
    ? pathFlag(flags.key, "", place)
    : found.length === 1
    ? `${found[0]}/terminal.key`
    : null;
  if (key === null) {
    throw new UsageError(
      found.length === 0
        ? "no terminal key: on the bank's host run 'deno task bank terminal enroll NAME --out NAME.key', " +
          "bring the file here, and start 'deno task atm --bank HOST:PORT --key NAME.key'"
        : `there are ${found.length} ATMs in ./data: say which one with --data or --key`,
    );
  }
  const name = terminalName(key, flags.wait === true && given !== null);
  const home = flags.key === undefined ? found[0] : undefined;
  return { key, folder: given ?? home ?? `${place.project}/data/atm-${name}`, name };
}

/** Whose key this is; empty for none yet, where an ATM with a folder of its own may wait for it. */
function terminalName(key: string, mayWait: boolean): string {
  try {
    return readTerminalKey(systemFiles, key).name;
  } catch (error) {
    if (mayWait && error instanceof UsageError) return "";
    throw error;
  }
}

function foldersOfAtms(data: string): string[] {
  try {
    return [...Deno.readDirSync(data)].filter(({ name, isDirectory }) =>
      isDirectory && name.startsWith("atm-")
    )
      .map(({ name }) => `${data}/${name}`);
  } catch {
    return [];
  }
}

function pathFlag(
  flag: string | boolean | undefined,
  otherwise: string,
  { startedIn, project }: Place,
  besideUser = false,
): string {
  if (flag === "") throw new UsageError("a path must not be empty", 2);
  return flag === undefined
    ? `${besideUser ? startedIn : project}/${otherwise}`
    : userPath(String(flag), startedIn);
}

function linkOf(ready: AtmReady): string {
  return "link" in ready ? ready.link : "window";
}

async function show(ready: AtmReady, { onlyPrint }: Showing): Promise<void> {
  if (!("link" in ready)) {
    console.log("An ATM is open in a window. Closing it ends the ATM.");
  } else if (!onlyPrint && await openInBrowser(ready.file)) {
    console.log("An ATM opens in your browser.");
  } else {
    console.log(`An ATM is ready. This link opens it, once: ${ready.link}`);
  }
}

/** Shows a file in the user's browser; false where that cannot be done. */
async function openInBrowser(file: string): Promise<boolean> {
  const [program, ...args] = {
    darwin: ["open", file],
    windows: ["cmd", "/c", "start", "", file],
  }[Deno.build.os as string] ?? ["xdg-open", file];
  try {
    const { success } = await new Deno.Command(program!, { args, stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}
