/**
 * The permissions of each program, and the Deno arguments that grant them. A program's static
 * imports need no read permission; a Worker needs it for its file and each of its static imports.
 */
import {
  databaseFilesOf,
  databaseHostsOf,
  databaseUrlVariable,
} from "../../../lib/database_url.ts";
import {
  type ConsoleStart,
  devicesSocketPath,
  type DevicesStart,
  type WitnessStart,
} from "../../../lib/programs.ts";
import type { OperatorLaunch } from "../launch.ts";
import type { Database } from "./database.ts";
import { addressText, type Place } from "./paths.ts";

/** The permissions of a program; an empty list grants nothing. */
export interface Permissions {
  read: string[];
  write: string[];
  /** `host:port`, `unix:PATH`. */
  net: string[];
  env: string[];
  /** Names of system facts, as Deno's `--allow-sys` takes them. */
  sys: string[];
  /** Whether it may call native libraries: no other permission confines those. */
  ffi?: true;
}

export type ProgramName =
  | "server/programs/bank_server"
  | "server/programs/demo_bank"
  | "server/programs/operator"
  | "server/programs/console"
  | "server/programs/console_window"
  | "server/programs/witness"
  | "client/programs/devices"
  | "client/programs/atm_in_browser"
  | "client/programs/atm_window"
  | "client/programs/atm_cash";

/** Returns Deno's arguments that run a program with exactly these permissions, without prompts. */
export function denoArguments(
  { project }: Pick<Place, "project">,
  program: ProgramName,
  { ffi, ...permissions }: Permissions,
  start: unknown,
): string[] {
  const granted = Object.entries(permissions).flatMap(([name, values]: [string, string[]]) =>
    values.length > 0
      ? [
        `--allow-${name}=${withTargets(values).map((value) => value.replaceAll(",", ",,")).join()}`,
      ]
      : []
  );
  return [
    "run",
    "--no-prompt",
    // No code but the project's and the packages of its lock, which Deno would otherwise extend.
    "--cached-only",
    "--frozen",
    "--no-remote",
    ...granted,
    ...(ffi ? ["--allow-ffi"] : []),
    `${project}/${program}.ts`,
    JSON.stringify(start),
  ];
}

/** Returns paths, and others' values, with the targets of symbolic links: Deno checks these, too. */
function withTargets(values: readonly string[]): string[] {
  return [
    ...new Set(values.flatMap((value) => {
      const [, socket = "", path] = /^(unix:)?(\/.*)$/.exec(value) ?? [];
      return path === undefined ? [value] : [value, `${socket}${targetOf(path)}`];
    })),
  ];
}

/** Returns the path without symbolic links; its end need not exist. */
function targetOf(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const end = path.lastIndexOf("/");
    return end <= 0 ? path : `${targetOf(path.slice(0, end))}${path.slice(end)}`;
  }
}

/** A server's socket for operators, as a permission. */
export const operatorSocket = (folder: string) => `unix:${folder}/operator.sock`;
/** The folder of that socket where the operators have a group. */
export const operatorsFolder = (folder: string) => `${folder}-operators`;

/**
 * Returns the permissions of a bank's program: no FFI, no run, and only the server's source.
 * @param files files and folders that it may read and write
 * @param database the bank's, if it is not a file of the folder
 */
export function bankPermissions(
  { project }: Pick<Place, "project">,
  files: string[],
  net: string[],
  database?: Database,
): Permissions {
  const read = [`${project}/server`, `${project}/lib`, ...files];
  if (database === undefined) return { read, write: files, net, env: [], sys: [] };
  const { url, file } = database;
  return {
    read: [...read, ...databaseFilesOf(url), ...(file === undefined ? [] : [file])],
    write: files,
    net: [...net, ...databaseHostsOf(url)],
    env: [databaseUrlVariable, "PG*"], // the variables of PostgreSQL's own programs, which the driver reads
    sys: [],
  };
}

/** Returns the permissions of the server: those of a bank, and reading how much of a disk is free. */
export function serverPermissions(...bank: Parameters<typeof bankPermissions>): Permissions {
  return { ...bankPermissions(...bank), sys: ["statfs"] };
}

/** Returns the permissions of an operator's command. */
export function operatorPermissions(
  place: Pick<Place, "project">,
  { start: { folder, operatorKey, command }, reads, writes }: OperatorLaunch,
  database?: Database,
): Permissions {
  const keys = operatorKey === undefined ? [`${folder}-operator.key`, ...homeFolders()] : [];
  const own = command.command === "make_operator_key" ? homeFolders() : [];
  const files = [folder, operatorsFolder(folder), ...writes, ...own];
  const sockets = [folder, operatorsFolder(folder)].map(operatorSocket);
  const bank = bankPermissions(place, files, sockets, database);
  return {
    ...bank,
    read: [...bank.read, ...reads, ...keys],
    env: [...bank.env, "HOME", "USER", "LOGNAME"],
  };
}

/**
 * Returns the permissions of an operator's console: it reads the operator's key and the page, connects to
 * the operators' socket, and serves the page on loopback. With the log's first key it reads the bank's
 * folder, where the end of the log has its key, and notes there when the log was verified; without, it
 * opens nothing there.
 */
export function consolePermissions(
  { project }: Pick<Place, "project">,
  { folder, operatorKey, passphraseFile, page, openFile, firstKeys, checkpoints }: ConsoleStart,
): Permissions {
  const keys = operatorKey === undefined
    ? [`${folder}-operator.key`, ...homeFolders()]
    : [operatorKey];
  const sockets = [folder, operatorsFolder(folder)].map(operatorSocket);
  const paths = sockets.map((socket) => socket.slice("unix:".length)); // to connect is to read and write
  const opens = openFile === undefined ? [] : [openFile];
  const secrets = passphraseFile === undefined ? [] : [passphraseFile];
  const mark = `${folder}/last_verification`;
  const [verifyReads, verifyWrites] = firstKeys.length === 0 ? [[], []] : [
    [`${project}/server`, `${project}/lib`, folder, ...firstKeys, ...checkpoints],
    [mark, `${mark}.new`],
  ];
  return {
    read: [page, ...keys, ...secrets, ...opens, ...paths, ...verifyReads],
    write: [...opens, ...paths, ...verifyWrites],
    net: [...sockets, "127.0.0.1:0"],
    env: ["HOME"],
    sys: [],
  };
}

/** Returns the permissions of a console's window: native code, and the source of its worker. */
export function consoleWindowPermissions({ project }: Pick<Place, "project">): Permissions {
  const source = ["server/programs", "ui/window", "lib"].map((part) => `${project}/${part}`);
  return { read: source, write: [], net: [], env: [], sys: [], ffi: true };
}

/** Returns the folder of a user's own key, if the user has a home. */
export function homeFolders(): string[] {
  const home = Deno.env.get("HOME");
  return home === undefined ? [] : [`${home}/.strongroom`];
}

/** Returns the permissions of a witness: its folder, its policy, and the address it listens on. */
export function witnessPermissions(start: WitnessStart): Permissions {
  const { folder } = start;
  const own = { read: [folder], write: [folder], net: [], env: [], sys: [] };
  if (start.command === "init") return own;
  return { ...own, read: [folder, start.policy], net: [addressText(start.listen)] };
}

/** Returns the permissions of a device service: its folder, its keys, and where it listens. */
export function devicesPermissions(
  { folder, keys }: Pick<DevicesStart, "folder" | "keys">,
  address: string,
): Permissions {
  const read = [folder, ...(keys === undefined ? [] : [keys])];
  const net = [address, `unix:${devicesSocketPath(folder)}`];
  return { read, write: [folder], net, env: [], sys: [] };
}

/**
 * Returns the permissions of an ATM: its own data, its devices and, if it is on, the bank.
 * @param files files that it only reads
 */
export function atmPermissions(
  folder: string,
  key: string,
  net: string[],
  files: string[] = [],
): Permissions {
  return { read: [folder, key, ...files], write: [folder], net, env: [], sys: [] };
}

/**
 * Returns the permissions of an ATM in a window. Its main thread may call native code, its worker
 * only the web view.
 */
export function windowPermissions(
  { project }: Pick<Place, "project">,
  folder: string,
  key: string,
  net: string[],
  files: string[] = [],
): Permissions {
  const atm = atmPermissions(folder, key, net, files);
  const source = ["client", "ui/window", "lib"].map((part) => `${project}/${part}`);
  return { ...atm, read: [...source, ...atm.read], ffi: true };
}
