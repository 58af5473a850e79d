/** Texts in files that people send each other. */
import { textOf } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import type { Files } from "./world.ts";

/**
 * Returns a text without what editors and mail programs add: a byte order mark, and carriage returns
 * before line feeds. No note, proof or policy has either.
 * @throws {UsageError} when it cannot be read
 */
export function readTextFile(files: Pick<Files, "read">, path: string): string {
  try {
    return textOf(files.read(path)).replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} cannot be read (${(error as Error).message})`);
  }
}
