/** The database of a bank in PostgreSQL, which a program may then reach. */
import { databaseUrlVariable, findDatabaseUrl } from "../../../lib/database_url.ts";
import { systemFiles } from "../../../lib/system.ts";

export interface Database {
  url: string;
  /** The file that names it, where the environment doesn't. */
  file?: string;
}

/**
 * Returns the database that a file or the environment names; undefined for a bank in a file.
 * @throws {UsageError} when what is named is no URL, or in a file that others can read
 */
export function findDatabase(file: string | undefined): Database | undefined {
  const url = findDatabaseUrl(systemFiles, file, Deno.env.get(databaseUrlVariable));
  return url === undefined ? undefined : { url, file };
}
