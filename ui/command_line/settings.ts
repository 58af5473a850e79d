/**
 * The bank's settings from outside the command line: a TOML file, and environment variables, which
 * are stronger; flags are stronger than both. Each setting is a flag of `server` or of the bank's
 * commands, by its name.
 *
 *     [bank]
 *     data = "/srv/bank"
 *     [server]
 *     listen = "0.0.0.0:4848"
 *     share-port = true
 */
import { parse, TomlError } from "smol-toml";
import { databaseUrlVariable } from "../../lib/database_url.ts";
import { UsageError } from "../../lib/errors.ts";
import { nearestOf } from "./words.ts";

/** Every setting, by its table. Those of `bank` are flags of each command of the bank, too. */
export const settingNames = {
  bank: ["data", "database-url-file"],
  server: [
    "listen",
    "proxy-from",
    "checkpoints",
    "checkpoint-minutes",
    "backups",
    "metrics",
    "log",
    "policy",
    "share-port",
  ],
} as const;

/** The folder for data of an installed package, in which the project's folder is read-only. */
export const homeVariable = "STRONGROOM_HOME";
export const configVariable = "STRONGROOM_CONFIG";
/** The file that is read if neither `--config` nor the environment names one. */
export const configPathDefault = "/etc/strongroom/bank.toml";

const prefix = "STRONGROOM_";
const otherVariables: ReadonlySet<string> = new Set([
  configVariable,
  homeVariable,
  databaseUrlVariable,
  "STRONGROOM_WEBVIEW",
]);

/** A value, and where it comes from. */
export interface Setting {
  /** As a flag's argument; `true` and `false` for a flag without one. */
  text: string;
  source: "config" | "env";
  /** Names it in errors: `/etc/strongroom/bank.toml: [server] listen`. */
  name: string;
  /** The folder to which its paths are relative; absent for the present one. */
  folder?: string;
}

/** Settings by their flag: `listen`. */
export type Settings = ReadonlyMap<string, Setting>;

/** A configuration file. */
export interface ConfigFile {
  path: string;
  text: string;
}

/**
 * Returns all settings.
 * @throws {UsageError} for anything that is not a setting, with the nearest one
 */
export function settingsOf(
  file: ConfigFile | null,
  environment: Readonly<Record<string, string>>,
): Settings {
  return new Map([...inFile(file), ...inEnvironment(environment)]);
}

function* inFile(file: ConfigFile | null): Generator<[string, Setting]> {
  if (file === null) return;
  const { path } = file;
  const folder = path.replace(/\/[^/]*$/, "") || "/";
  for (const [table, values] of Object.entries(tablesOf(file))) {
    const names = settingNames[known(path, "table", table, ["bank", "server"])];
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw new UsageError(`${path}: ${table} is not a table. Write [${table}]`, 2);
    }
    for (const [key, value] of Object.entries(values)) {
      known(`${path}: [${table}]`, "setting", key, names);
      const name = `${path}: [${table}] ${key}`;
      yield [key, { text: textOf(name, value), source: "config", name, folder }];
    }
  }
}

function tablesOf({ path, text }: ConfigFile): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new UsageError(`${path}, line ${error.line}: ${what}`, 2);
  }
}

function textOf(name: string, value: unknown): string {
  const texts = Array.isArray(value) ? value : [value];
  if (texts.every((each) => ["string", "number", "boolean"].includes(typeof each))) {
    return texts.join(",");
  }
  throw new UsageError(`${name}: write a text, a number, true or false, or a list of texts`, 2);
}

function* inEnvironment(
  environment: Readonly<Record<string, string>>,
): Generator<[string, Setting]> {
  const names: string[] = Object.values(settingNames).flat();
  const variables = new Map(names.map((name) => [variableOf(name), name]));
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(prefix) || otherVariables.has(variable)) continue;
    known("the environment", "variable", variable, [...variables.keys()]);
    yield [variables.get(variable)!, { text, source: "env", name: variable }];
  }
}

/** Returns whether a command has a setting as its flag. */
export function hasSetting(command: string, name: string): boolean {
  const isServer = command === "server";
  const isOfBank = isServer || command.startsWith("bank ");
  const has = (names: readonly string[]) => names.includes(name);
  return isOfBank && has(settingNames.bank) || isServer && has(settingNames.server);
}

/** Returns the variable of a setting: "STRONGROOM_SHARE_PORT". */
export const variableOf = (name: string) => prefix + name.replaceAll("-", "_").toUpperCase();

/** @throws {UsageError} with the nearest name, if it is not one of these */
function known<const Name extends string>(
  where: string,
  what: string,
  name: string,
  names: readonly Name[],
): Name {
  if ((names as readonly string[]).includes(name)) return name as Name;
  const near = nearestOf(name, names);
  const advice = near === null ? `Write one of ${names.join(", ")}` : `Did you mean '${near}'?`;
  throw new UsageError(`${where}: unknown ${what} '${name}'. ${advice}`, 2);
}

/**
 * Takes `--config FILE` out of the arguments.
 * @throws {UsageError} if its file is missing
 */
export function withoutConfig(args: readonly string[]): { args: string[]; config?: string } {
  const rest = [...args];
  const at = rest.findIndex((arg) => arg === "--config" || arg.startsWith("--config="));
  if (at < 0) return { args: rest };
  const [flag] = rest.splice(at, 1);
  const config = flag!.includes("=") ? flag!.slice("--config=".length) : rest.splice(at, 1)[0];
  if (!config || config.startsWith("--")) throw new UsageError("--config: name a file", 2);
  return { args: rest, config };
}
