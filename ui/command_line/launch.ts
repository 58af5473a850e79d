/**
 * The launcher: reads a command line, works out what the program needs, and starts it with those
 * permissions and no others. It holds no key and serves nobody.
 */
import { UsageError } from "../../lib/errors.ts";
import { requirePrivate } from "../../lib/private_file.ts";
import { type NamedTerminalKey, parseTerminalKey } from "../../lib/terminal_key.ts";
import { Child, denoArguments, type Permissions, runInForeground } from "./child.ts";
import { parseAddress, parseCommand, type ParsedCommand, userPath } from "./flags.ts";
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
  startedIn: string;
}

export interface ServerReady {
  address: string;
}
export interface AtmReady {
  link: string;
  /** A private file that forwards a browser to another link. */
  file: string;
}
export interface DemoReady extends ServerReady {
  customers: { username: string; password: string }[];
  terminals: { key: string; folder: string; name: string }[];
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
  return await keep([startServer("server", folder, [folder], listen, place)], async ([server]) => {
    const ready = await server!.ready as ServerReady | null;
    if (ready) console.log(`The bank listens on ${ready.address}. Ctrl-C ends it.`);
    return ready !== null;
  });
}

async function launchAtm({ flags }: ParsedCommand, place: Place): Promise<number> {
  const bank = String(flags.bank ?? defaultAddress);
  parseAddress(bank, "--bank");
  const { key, folder } = terminalOf(flags, place);
  const own = ["demo", "wait"].filter((flag) => flags[flag] === true);
  const atm = startAtm({ bank, key, folder }, own, place);
  return await keep([atm], async () => {
    const ready = await atm.ready;
    if (!ready) return false;
    if (flags.json) console.log(JSON.stringify({ bank, atm: ready.link, data: folder }));
    else await show(ready, flags["no-open"] === true);
    return true;
  });
}

async function launchDemo({ flags }: ParsedCommand, place: Place): Promise<number> {
  const data = pathFlag(flags.data, "data", place);
  const atms = Number(flags.atms ?? 1);
  if (!Number.isInteger(atms) || atms < 1 || atms > 8) {
    throw new UsageError(`--atms ${flags.atms}: write a number from 1 to 8`, 2);
  }
  const bank = startServer("demo-bank", data, [data], "127.0.0.1:0", place, [`--atms=${atms}`]);
  return await keep([bank], async (children) => {
    const ready = await bank.ready as DemoReady | null;
    if (!ready) return false;
    const { address, customers, terminals } = ready;
    const started = terminals.map((terminal) =>
      startAtm({ ...terminal, bank: address }, ["demo"], place)
    );
    children.unshift(...started); // the ATMs end first
    const links: AtmReady[] = [];
    for (const atm of started) {
      const link = await atm.ready;
      if (!link) return false;
      links.push(link);
    }
    if (flags.json) {
      const [first] = links;
      const more = links.length > 1 ? { atms: links.map(({ link }) => link) } : {};
      console.log(JSON.stringify({ bank: address, atm: first!.link, data, customers, ...more }));
      return true;
    }
    console.log(`A demo bank listens on ${address}; all of it is in ${data}.\n`);
    console.log("DEMO customers (for trying out: these passwords protect nothing real):");
    for (const { username, password } of customers) {
      console.log(`  ${username.padEnd(8)} ${password}`);
    }
    console.log();
    for (const link of links) await show(link, flags["no-open"] === true);
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
  const out = name === "bank terminal enroll"
    ? pathFlag(flags.out, `${words[0]}.key`, place, true)
    : null;
  const permissions = serverPermissions([folder, ...(out ? [out] : [])], [
    operatorSocket(folder),
  ], place);
  permissions.env.push("USER", "LOGNAME");
  const passed = Object.entries<string | boolean | undefined>({
    ...flags,
    data: folder,
    ...(out && { out }),
  })
    .map(([flag, value]) => value === true ? `--${flag}` : `--${flag}=${value}`);
  const args = [...name.split(" "), ...passed, "--", ...words];
  return await runInForeground(denoArguments(place.main, permissions), args);
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
): Child<ServerReady | DemoReady> {
  const bankFolder = role === "demo-bank" ? `${folder}/bank` : folder;
  const permissions = serverPermissions(
    folders,
    [listen, operatorSocket(bankFolder)],
    place,
  );
  return new Child(
    denoArguments(place.main, permissions),
    [role, `--data=${folder}`, `--listen=${listen}`, ...more],
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

function startAtm(
  { bank, key, folder }: { bank: string; key: string; folder: string },
  flags: string[],
  place: Place,
): Child<AtmReady> {
  // Port 0 on loopback is the page's host; the rest of the network is the bank alone.
  const permissions = atmPermissions(folder, key, [bank, "127.0.0.1:0"], place);
  const args = [
    "atm",
    `--bank=${bank}`,
    `--key=${key}`,
    `--data=${folder}`,
    ...flags.map((flag) => `--${flag}`),
  ];
  return new Child(denoArguments(place.main, permissions), args);
}

/**
 * Keeps children until the launcher should end or one of them ends by itself.
 * @param whenStarted says whether all is up; it may add children, to be ended in their order
 */
async function keep(
  children: Child<unknown>[],
  whenStarted: (children: Child<unknown>[]) => Promise<boolean>,
): Promise<number> {
  const told = endOfLauncher().then(() => "told" as const);
  const started = await Promise.race([whenStarted(children), told]);
  const why = started === true
    ? await Promise.race([
      told,
      ...children.map((child) => child.ended.then(() => "child" as const)),
    ])
    : started;
  const codes: number[] = [];
  for (const child of children) codes.push(await child.end());
  if (why === "told") return Math.max(...codes) === 0 ? 0 : startFailed;
  return codes.find((code) => code !== 0) ?? startFailed;
}

/** Which terminal this machine is: the key given, its folder's, or the only one there is. */
function terminalOf(flags: ParsedCommand["flags"], place: Place): { key: string; folder: string } {
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
  const { name } = readTerminalKey(key);
  const home = flags.key === undefined ? found[0] : undefined;
  return { key, folder: given ?? home ?? `${place.project}/data/atm-${name}` };
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

async function show({ link, file }: AtmReady, onlyPrint: boolean): Promise<void> {
  if (!onlyPrint && await openInBrowser(file)) {
    console.log("An ATM opens in your browser.");
  } else {
    console.log(`An ATM is ready. This link opens it, once: ${link}`);
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
