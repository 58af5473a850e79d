/** The URL of a PostgreSQL database: postgresql://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME?sslmode=verify-full */
import { UsageError } from "./errors.ts";
import { readPrivateFile } from "./private_file.ts";
import type { Files } from "./world.ts";

/** The variable of the environment that it may stand in. */
export const databaseUrlVariable = "STRONGROOM_DATABASE_URL";

const shape = /^(postgres(?:ql)?:\/\/)((?:[^@/\s]*@)?)([^/?\s]+)(\/[^?\s]*)?(\?\S*)?$/;
const defaultPort = 5432;
/** What proves the database to the server; and, on a network that nobody else is on, nothing. */
const sslModes = ["verify-full", "disable"];
/** Parameters that name files. */
const fileParameters = ["sslrootcert", "sslcert", "sslkey"];

/**
 * The text without what may stand around it.
 * @param where it comes from, for the message, which never has the URL itself
 * @throws {UsageError} with exit code 2 when it is none
 */
export function requireDatabaseUrl(text: string, where: string): string {
  const url = text.trim();
  const mode = shape.test(url) ? parametersOf(url).get("sslmode") : undefined;
  if (mode !== undefined && (mode === null || sslModes.includes(mode))) return url;
  throw new UsageError(
    mode === undefined
      ? `${where}: write postgresql://USER:PASSWORD@HOST:PORT/NAME`
      : `${where}: write sslmode=${sslModes.join(" or sslmode=")}`,
    2,
  );
}

/** A URL for each host that it names, as PostgreSQL's own library takes several. */
export function urlsOf(url: string): string[] {
  const [, scheme, who, hosts, name = "", parameters = ""] = shape.exec(url)!;
  return hosts!.split(",").map((host) => `${scheme}${who}${host}${name}${parameters}`);
}

/** The `host:port` of each of its hosts. */
export function databaseHostsOf(url: string): string[] {
  return shape.exec(url)![3]!.split(",").map((host) =>
    /:\d+$/.test(host) ? host : `${host}:${defaultPort}`
  );
}

/** The files that it names: certificates, and the key to one. */
export function databaseFilesOf(url: string): string[] {
  const parameters = parametersOf(url);
  return fileParameters.flatMap((name) => parameters.get(name) ?? []);
}

const parametersOf = (url: string) => new URLSearchParams(shape.exec(url)?.[5] ?? "");

/**
 * The URL in a file, or else the one in the environment; undefined where neither names a database.
 * @throws {UsageError} when the file can be read by others, or what is named is no URL
 */
export function findDatabaseUrl(
  files: Pick<Files, "facts" | "read">,
  file: string | undefined,
  inEnvironment: string | undefined,
): string | undefined {
  if (file !== undefined) {
    const text = readPrivateFile(files, file, "name another with --database-url-file");
    return requireDatabaseUrl(text, file);
  }
  return inEnvironment ? requireDatabaseUrl(inEnvironment, databaseUrlVariable) : undefined;
}
