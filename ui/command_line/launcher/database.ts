/** Finds the PostgreSQL database of a bank, for a program's permissions. */
import { databaseUrlVariable, findDatabaseUrl } from "../../../lib/database_url.ts";
import { systemFiles } from "../../../lib/system.ts";

export interface Database {
  url: string;
  /** The file with its URL, unless the environment has it. */
  file?: string;
}

/**
 * Returns the database of a URL file or the environment; undefined for a bank in a file.
 * @throws {UsageError} if the text is not a URL, or other users can read its file
 */
export function findDatabase(file: string | undefined): Database | undefined {
  const url = findDatabaseUrl(systemFiles, file, Deno.env.get(databaseUrlVariable));
  return url === undefined ? undefined : { url, file };
}
