/** Key files belong to one user alone: a file that others can read is refused, not mended. */
import { UsageError } from "./errors.ts";

/**
 * @param mode the file's permission bits, null where the system has none
 * @throws {UsageError} when anyone but its owner may read or write it
 */
export function requirePrivate(path: string, mode: number | null): void {
  if (mode !== null && (mode & 0o077) !== 0) {
    throw new UsageError(
      `${path} can be read by others: run 'chmod 600 ${path}', and renew what is in it if they did`,
    );
  }
}
