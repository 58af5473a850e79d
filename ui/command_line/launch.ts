/**
 * The launcher: reads a command line, works out what the program needs, and starts it with those
 * permissions and no others. It holds no key and serves nobody.
 */
import {
  databaseFilesOf,
  databaseHostsOf,
  databaseUrlVariable,
  requireDatabaseUrl,
} from "../../lib/database_url.ts";
import { UsageError } from "../../lib/errors.ts";
import { requirePrivate } from "../../lib/private_file.ts";
import { type NamedTerminalKey, parseTerminalKey } from "../../lib/terminal_key.ts";
import { Child, denoArguments, type Permissions, runInForeground } from "./child.ts";
import {
  parseAddress,
  parseCommand,
  type ParsedCommand,
  parseIpList,
  parseLanguage,
  userPath,
} from "./flags.ts";
import { endOfLauncher } from "./lifetime.ts";
import { type CommandName, shapes } from "./shapes.ts";

/** Where the project is, and where the user stands. */
export interface Place {
  /** `main.ts`, as a path. */
  main: string;
  /** The project's folder. */
  project: string;
  /** Folders of the npm packages that the page is bundled from. */
  packages: string[];
  /** The native web view's library; null where this system has none. */
  webview: string | null;
  startedIn: string;
}

export interface ServerReady {
  address: string;
}
/** An ATM behind a page in a browser. */
export interface PageReady {
  link: string;
  /** A private file that forwards a browser to another link. */
  file: string;
}
/** An ATM in a window of its own, or why there is none. */
export type WindowReady = { window: true } | { noWindow: string };
type AtmReady = PageReady | { window: true };
export interface DemoReady extends ServerReady {
  customers: { username: string; password: string }[];
  terminals: Terminal[];
}
interface Terminal {
  key: string;
  folder: string;
  name: string;
}

const defaultAddress = "127.0.0.1:4848";
const startFailed = 1;
/** Where a server takes its operator's commands, as a permission. */
const operatorSocket = (folder: string) => `unix:${folder}/operator.sock`;

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
  parseAddress(listen, "--listen", true);
  const proxies = parseIpList(flags["proxy-from"], "--proxy-from");
  const checkpoints = pathFlag(flags.checkpoints, "", place);
  const minutes = Number(flags["checkpoint-minutes"] ?? 60);
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 10_080) {
    throw new UsageError(
      `--checkpoint-minutes ${flags["checkpoint-minutes"]}: write a whole number from 1 to 10080`,
      2,
    );
  }
  const more = [
    ...(proxies.length > 0 ? [`--proxy-from=${proxies.join(",")}`] : []),
    ...(flags.checkpoints === undefined ? [] : [`--checkpoints=${checkpoints}`]),
    `--checkpoint-minutes=${minutes}`,
    ...(flags["share-port"] ? ["--share-port"] : []),
  ];
  const folders = [folder, ...(flags.checkpoints === undefined ? [] : [checkpoints])];
  const database = databaseOf(flags, place);
  const children = [startServer("server", folder, folders, listen, place, more, database)];
  return await keep(children, async ([server]) => {
    const ready = await server!.ready as ServerReady | null;
    if (ready) console.log(`The bank listens on ${ready.address}. Ctrl-C ends it.`);
    return ready !== null;
  });
}

async function launchAtm({ flags }: ParsedCommand, place: Place): Promise<number> {
  const bank = String(flags.bank ?? defaultAddress);
  parseAddress(bank, "--bank");
  const showing = showingOf(flags);
  const terminal = terminalOf(flags, place);
  const own = ["demo", "wait"].filter((flag) => flags[flag] === true);
  own.push(`language=${parseLanguage(flags.language)}`);
  return await keep([], async (children) => {
    const ready = await startAtm({ terminal, bank, own }, showing, place, children);
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
  const language = `language=${parseLanguage(flags.language)}`;
  const server = startServer("demo-bank", data, [data], "127.0.0.1:0", place, [`--atms=${atms}`]);
  return await keep([server], async (children) => {
    const ready = await server.ready as DemoReady | null;
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
    const started = await Promise.all(
      terminals.map((terminal) =>
        startAtm({ terminal, bank, own: ["demo", language] }, showing, place, children)
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
  const permissions = atmPermissions(folder, key, [], place);
  const args = [...name.split(" "), `--key=${key}`, `--data=${folder}`, ...words];
  return await runInForeground(denoArguments(place.main, permissions), args);
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
  const permissions = serverPermissions([folder, ...paths], [operatorSocket(folder)], place);
  permissions.env.push("USER", "LOGNAME");
  if (from) permissions.read.push(from);
  const database = databaseOf(flags, place);
  grant(permissions, database);
  const passed = Object.entries<string | boolean | undefined>({
    ...flags,
    data: folder,
    ...files,
    ...(from && { from }),
    ...database?.flag,
  })
    .map(([flag, value]) => value === true ? `--${flag}` : `--${flag}=${value}`);
  const args = [...name.split(" "), ...passed, "--", ...words];
  const end = flags.follow ? endOfLauncher() : undefined;
  return await runInForeground(denoArguments(place.main, permissions), args, end);
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
  /** The flag for the program, with the path of the file that has the URL. */
  flag: { "database-url-file"?: string };
}

/**
 * Null for a bank in a file.
 * @throws {UsageError} when what is named is no URL, or in a file that others can read
 */
function databaseOf(
  { "database-url-file": file }: ParsedCommand["flags"],
  place: Place,
): Database | null {
  if (file !== undefined) {
    const path = pathFlag(file, "", place);
    return { url: readDatabaseUrl(path), flag: { "database-url-file": path } };
  }
  const text = Deno.env.get(databaseUrlVariable);
  return text ? { url: requireDatabaseUrl(text, databaseUrlVariable), flag: {} } : null;
}

/** What a program needs to reach it; its driver reads the variables of PostgreSQL's own programs. */
function grant({ read, net, env }: Permissions, database: Database | null): void {
  if (!database) return;
  const { url, flag } = database;
  net.push(...databaseHostsOf(url));
  env.push(databaseUrlVariable, "PG*");
  read.push(...databaseFilesOf(url), ...Object.values(flag));
}

/** The server's program: no FFI, no run, and only its own source, folder and addresses. */
export function serverPermissions(
  folders: string[],
  net: string[],
  { main, project }: Place,
): Permissions {
  const source = ["lib", "server", "ui/command_line", "deno.json"].map((part) =>
    `${project}/${part}`
  );
  return { read: [main, ...source, ...folders], write: folders, net, env: [], sys: [] };
}

function startServer(
  role: string,
  folder: string,
  folders: string[],
  listen: string,
  place: Place,
  more: string[] = [],
  database: Database | null = null,
): Child<ServerReady | DemoReady> {
  const bankFolder = role === "demo-bank" ? `${folder}/bank` : folder;
  const permissions = serverPermissions(
    folders,
    [listen, operatorSocket(bankFolder)],
    place,
  );
  grant(permissions, database);
  const flags = Object.entries(database?.flag ?? {}).map(([flag, path]) => `--${flag}=${path}`);
  return new Child(
    denoArguments(place.main, permissions),
    [role, `--data=${folder}`, `--listen=${listen}`, ...more, ...flags],
  );
}

function atmPermissions(folder: string, key: string, net: string[], place: Place): Permissions {
  const { main, project, packages } = place;
  const source = ["lib", "client", "ui", "deno.json"].map((part) => `${project}/${part}`);
  return {
    read: [main, ...source, ...packages, folder, key],
    write: [folder],
    net,
    env: [],
    sys: [],
  };
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

interface AtmStart {
  terminal: Terminal;
  bank: string;
  /** Flags that the ATM takes itself. */
  own: string[];
}

/**
 * Starts an ATM in a window or, where none opens, behind a page in the browser, and adds it to the
 * children, so that it ends before those that it needs. Null when it did not start, and has said why.
 * @throws {UsageError} when the window was insisted on and does not open
 */
async function startAtm(
  start: AtmStart,
  showing: Showing,
  place: Place,
  children: Child<unknown>[],
): Promise<AtmReady | null> {
  if (showing.how !== "browser") {
    const window = startWindow(start, showing.kiosk, place);
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
  const page = startPage(start, place);
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

/** An ATM in a window. Its own thread may call native code; the worker with the keys hardly any. */
function startWindow(start: AtmStart, kiosk: boolean, place: Place): Child<WindowReady> {
  const { key, folder, name } = start.terminal;
  const permissions = atmPermissions(folder, key, [start.bank], place);
  permissions.read.push(`${place.project}/server`); // its worker loads all of main.ts anew
  const args = ["atm-window", ...atmArguments(start), `--terminal=${name}`];
  if (place.webview) args.push(`--webview=${place.webview}`);
  if (kiosk) args.push("--kiosk");
  return new Child(denoArguments(place.main, { ...permissions, ffi: true }), args, {
    mayEnd: true,
    env: { ...drawnWithoutGraphicsCard, ...Deno.env.toObject() },
  });
}

function startPage(start: AtmStart, place: Place): Child<PageReady> {
  const { key, folder } = start.terminal;
  // Port 0 on loopback is the page's host; the rest of the network is the bank alone.
  const permissions = atmPermissions(folder, key, [start.bank, "127.0.0.1:0"], place);
  const args = ["atm", ...atmArguments(start)];
  return new Child(denoArguments(place.main, permissions), args, { mayEnd: true });
}

function atmArguments({ terminal: { key, folder }, bank, own }: AtmStart): string[] {
  const flags = own.map((flag) => `--${flag}`);
  return [`--bank=${bank}`, `--key=${key}`, `--data=${folder}`, ...flags];
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
function terminalOf(flags: ParsedCommand["flags"], place: Place): Terminal {
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
    return readTerminalKey(key).name;
  } catch (error) {
    if (mayWait && error instanceof UsageError) return "";
    throw error;
  }
}

/**
 * A terminal's key, of a file that is private.
 * @throws {UsageError} when it is missing, readable by others, or no key file
 */
export function readTerminalKey(path: string): NamedTerminalKey {
  let text: string;
  try {
    requirePrivate(path, Deno.statSync(path).mode);
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${path} cannot be read: make a terminal key with 'deno task bank terminal enroll NAME --out FILE' on the bank's host`,
    );
  }
  return parseTerminalKey(text, path);
}

/**
 * The URL of a PostgreSQL database, of a file that is private: a password may be in it.
 * @throws {UsageError} when it is missing, readable by others, or has no URL
 */
export function readDatabaseUrl(path: string): string {
  let text: string;
  try {
    requirePrivate(path, Deno.statSync(path).mode);
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `--database-url-file ${path} cannot be read (${(error as Error).message})`,
    );
  }
  return requireDatabaseUrl(text, path);
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
