/**
 * Files that belong to one user alone: keys, lists of passwords, copies of the books. One that others
 * can read is refused, not mended.
 */
import { type Bytes, textOf, utf8 } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import { copyChunkBytes } from "./limits.ts";
import type { Files } from "./world.ts";

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

/**
 * Reads a private file.
 * @param otherwise what to do when it cannot be read, as the rest of a sentence
 * @throws {UsageError} when it is missing, not to be read, or can be read by others
 */
export function readPrivateFile(
  files: Pick<Files, "facts" | "read">,
  path: string,
  otherwise: string,
): string {
  try {
    requirePrivate(path, files.facts(path)?.mode ?? null);
    return textOf(files.read(path));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} cannot be read (${(error as Error).message}): ${otherwise}`);
  }
}

/** Writes a private file that must not exist, and waits for the disk. */
export function writePrivateFile(files: Files, path: string, text: string): void {
  const file = reservePrivateFile(files, path);
  try {
    file.write(text);
    file.finish();
  } finally {
    file.close();
  }
}

/** Replaces a private file whole, or not at all, and waits for the disk. */
export function replacePrivateFile(files: Files, path: string, text: string): void {
  const fresh = `${path}.new`;
  removeIfThere(files, fresh);
  writePrivateFile(files, fresh, text);
  files.rename(fresh, path);
  files.syncFolder(path.slice(0, path.lastIndexOf("/")) || "/");
}

/** A private file that is made now and filled later; closing one that is not finished removes it. */
export interface ReservedFile {
  /** Appends. */
  write(content: string | Bytes): void;
  /** Waits for the disk: the file stays. */
  finish(): void;
  close(): void;
}

/** @throws {UsageError} when it exists already, or cannot be made */
export function reservePrivateFile(files: Files, path: string): ReservedFile {
  let file: ReturnType<Files["open"]>;
  try {
    file = files.open(path, "new");
  } catch (error) {
    const { name, message } = error as Error;
    throw new UsageError(
      name === "AlreadyExists"
        ? `${path} is there already: move it away, or choose another`
        : `${path} cannot be written (${message}): choose another`,
    );
  }
  let [written, finished] = [0, false];
  return {
    write(content) {
      const bytes = typeof content === "string" ? utf8(content) : content;
      file.writeAt(written, bytes);
      written += bytes.length;
    },
    finish() {
      file.sync();
      finished = true;
    },
    close() {
      file.close();
      if (!finished) files.remove(path);
    },
  };
}

/**
 * Copies a file to a private one that must not exist yet, and waits for the disk.
 * @throws {UsageError} when the one cannot be read, or the other not be written
 */
export function copyPrivateFile(files: Files, from: string, to: string): void {
  const copy = reservePrivateFile(files, to);
  try {
    appendFile(files, from, copy);
    copy.finish();
  } finally {
    copy.close();
  }
}

/**
 * Appends all of a file to a reserved one.
 * @throws {UsageError} when it cannot be read
 */
export function appendFile(files: Files, from: string, to: Pick<ReservedFile, "write">): void {
  let source: ReturnType<Files["open"]>;
  try {
    source = files.open(from, "read");
  } catch (error) {
    throw new UsageError(
      `${from} cannot be read (${(error as Error).message}): name a backup's file`,
    );
  }
  try {
    const chunk = new Uint8Array(copyChunkBytes);
    for (let offset = 0, count; (count = source.readAt(offset, chunk)) > 0; offset += count) {
      to.write(chunk.subarray(0, count));
    }
  } finally {
    source.close();
  }
}

export function isThere(files: Pick<Files, "facts">, path: string): boolean {
  return files.facts(path) !== null;
}

export function removeIfThere(files: Pick<Files, "facts" | "remove">, path: string): void {
  if (isThere(files, path)) files.remove(path);
}
