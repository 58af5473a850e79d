/** The URL of a PostgreSQL database: postgresql://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME?sslmode=verify-full */
import { UsageError } from "./errors.ts";
import { readPrivateFile } from "./private_file.ts";
import type { Files } from "./world.ts";

/** The environment variable that may hold the URL. */
export const databaseUrlVariable = "STRONGROOM_DATABASE_URL";

const shape = /^(postgres(?:ql)?:\/\/)((?:[^@/\s]*@)?)([^/?\s]+)(\/[^?\s]*)?(\?\S*)?$/;
const defaultPort = 5432;
/** `verify-full` authenticates the database; `disable` is for a private network. */
const sslModes = ["verify-full", "disable"];
/** Parameters that name files. */
const fileParameters = ["sslrootcert", "sslcert", "sslkey"];

/**
 * Trims and checks a database URL.
 * @param where the URL's source, for the error message, which never contains the URL itself
 * @throws {UsageError} with exit code 2 if the text is not such a URL
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

/** Returns one URL for each host in a URL that, as libpq allows, lists several. */
export function urlsOf(url: string): string[] {
  const [, scheme, who, hosts, name = "", parameters = ""] = shape.exec(url)!;
  return hosts!.split(",").map((host) => `${scheme}${who}${host}${name}${parameters}`);
}

/** Returns the `host:port` of each host. */
export function databaseHostsOf(url: string): string[] {
  return shape.exec(url)![3]!.split(",").map((host) =>
    /:\d+$/.test(host) ? host : `${host}:${defaultPort}`
  );
}

/** Returns the paths of the files that the URL names: certificates and a private key. */
export function databaseFilesOf(url: string): string[] {
  const parameters = parametersOf(url);
  return fileParameters.flatMap((name) => parameters.get(name) ?? []);
}

const parametersOf = (url: string) => new URLSearchParams(shape.exec(url)?.[5] ?? "");

/**
 * Returns the database URL from a file, or else from the environment; undefined if neither has one.
 * @throws {UsageError} if other users can read the file, or its text is not a URL
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
