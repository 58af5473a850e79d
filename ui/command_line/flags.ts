/** Command lines, checked: every flag that is wrong is named, with the mend. */
import { isIP } from "node:net";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { type Language, languageCodes } from "../../lib/atm.ts";
import { UsageError } from "../../lib/errors.ts";

/** What a command takes. `json: { type: "boolean" }` as in node:util's parseArgs. */
export interface CommandShape {
  /** "bank terminal enroll": names the command in messages. */
  name: string;
  options: ParseArgsOptionsConfig;
  /** The names of what comes without a flag: all are needed. */
  words?: string[];
  /** True when the last word may come several times. */
  many?: boolean;
}

export interface ParsedCommand {
  flags: Record<string, string | boolean | undefined>;
  words: string[];
}

/**
 * Reads a command line.
 * @throws {UsageError} with exit code 2 when it does not fit the shape
 */
export function parseCommand(
  { name, options, words = [], many }: CommandShape,
  args: string[],
): ParsedCommand {
  const see = `see 'deno task ${name} --help'`;
  try {
    const { values, positionals } = parseArgs({
      args,
      options,
      allowPositionals: true,
      strict: true,
    });
    const missing = words[positionals.length];
    if (missing) throw new Error(`${missing} is missing`);
    if (positionals.length > words.length && !many) {
      throw new Error(`'${positionals[words.length]}' is one word too many`);
    }
    return { flags: values as ParsedCommand["flags"], words: positionals };
  } catch (error) {
    const [problem] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${name}: ${problem}; ${see}`, 2);
  }
}

/** A path as the user meant it: relative to where the task was started, not to the project. */
export function userPath(path: string, startedIn: string): string {
  const absolute = path.startsWith("/") || /^[a-zA-Z]:[\\/]/.test(path);
  return (absolute ? path : `${startedIn}/${path}`).replace(/(.)\/+$/, "$1");
}

/**
 * The language of an ATM's screens; English where the flag was not given.
 * @throws {UsageError} with exit code 2
 */
export function parseLanguage(text: string | boolean | undefined): Language {
  const language = languageCodes.find((code) => code === (text ?? "en"));
  if (language) return language;
  throw new UsageError(`--language ${text}: choose one of ${languageCodes.join(", ")}`, 2);
}

/**
 * IP addresses, separated by commas; none where the flag was not given.
 * @throws {UsageError} with exit code 2
 */
export function parseIpList(text: string | boolean | undefined, flag: string): string[] {
  if (text === undefined) return [];
  const addresses = String(text).split(",");
  if (addresses.some((address) => isIP(address) === 0)) {
    throw new UsageError(`${flag} ${text}: write IP addresses, such as 10.0.0.5,10.0.0.6`, 2);
  }
  return addresses;
}

/**
 * `HOST:PORT`, `[IPV6]:PORT`.
 * @param port0 whether port 0, any free one, is allowed
 * @throws {UsageError} with exit code 2
 */
export function parseAddress(
  text: string,
  flag: string,
  port0 = false,
): { hostname: string; port: number } {
  const [, six, four, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const hostname = six ?? four;
  if (!hostname || port > 65_535 || (port === 0 && !port0)) {
    throw new UsageError(`${flag} ${text}: write HOST:PORT, for example 127.0.0.1:4848`, 2);
  }
  return { hostname, port };
}
