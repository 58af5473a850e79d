/**
 * Files that only their owner may read: keys, lists of passwords, copies of the books. A file that
 * other users can read is refused; its mode is not changed.
 */
import { type Bytes, textOf, utf8 } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import { copyChunkBytes } from "./limits.ts";
import type { Files } from "./world.ts";

/**
 * Checks a private file's mode.
 * @param mode the file's permission bits, null where the system has none
 * @throws {UsageError} if anyone but its owner may read or write it
 */
export function requirePrivate(path: string, mode: number | null): void {
  if (mode !== null && (mode & 0o077) !== 0) {
    throw new UsageError(
      `${path} can be read by other users. Run 'chmod 600 ${path}', and replace the secrets in it if they were read.`,
    );
  }
}

/** @throws {UsageError} if other users can write to a folder, and so replace its files */
export function requireOwnFolder(files: Pick<Files, "facts">, path: string): void {
  const mode = files.facts(path)?.mode ?? null;
  if (mode === null || (mode & 0o022) === 0) return;
  throw new UsageError(
    `${path} can be written by other users. Run 'chmod go-w ${path}', and check its files`,
  );
}

/**
 * Reads a private file.
 * @param otherwise the remedy if it cannot be read, appended to the message
 * @throws {UsageError} if it is missing, unreadable, or readable by other users
 */
export function readPrivateFile(
  files: Pick<Files, "facts" | "read">,
  path: string,
  otherwise: string,
): string {
  return parsePrivateFile(files, path, otherwise, (text) => text);
}

/**
 * Reads a private file of one kind.
 * @param parse throws a UsageError for a file of another kind, whose mode does not matter
 * @throws {UsageError} if it is missing, unreadable, of another kind, or readable by other users
 */
export function parsePrivateFile<T>(
  files: Pick<Files, "facts" | "read">,
  path: string,
  otherwise: string,
  parse: (text: string) => T,
): T {
  try {
    const content = parse(textOf(files.read(path)));
    requirePrivate(path, files.facts(path)?.mode ?? null);
    return content;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { name, message } = error as Error;
    if (name === "IsADirectory") throw new UsageError(`${path} is a folder: ${otherwise}`);
    throw new UsageError(`${path} cannot be read (${message}): ${otherwise}`);
  }
}

/** Creates a private file, which must not exist, and syncs it to disk. */
export function writePrivateFile(files: Files, path: string, text: string): void {
  const file = reservePrivateFile(files, path);
  try {
    file.write(text);
    file.finish();
  } finally {
    file.close();
  }
}

/** Replaces a private file atomically and syncs it to disk. */
export function replacePrivateFile(files: Files, path: string, text: string): void {
  const fresh = `${path}.new`;
  removeIfThere(files, fresh);
  writePrivateFile(files, fresh, text);
  files.rename(fresh, path);
  files.syncFolder(path.slice(0, path.lastIndexOf("/")) || "/");
}

/** A private file that is created first and filled later; closing it before `finish` removes it. */
export interface ReservedFile {
  /**
   * Appends.
   * @throws {UsageError} if the disk is full or broken, as `finish` does
   */
  write(content: string | Bytes): void;
  /** Syncs the file to disk and keeps it. */
  finish(): void;
  close(): void;
}

/**
 * Creates a private file to be filled later.
 * @throws {UsageError} if it exists already or cannot be created
 */
export function reservePrivateFile(files: Files, path: string): ReservedFile {
  let file: ReturnType<Files["open"]>;
  try {
    file = files.open(path, "new");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { name, message } = error as Error;
    throw new UsageError(
      name === "AlreadyExists"
        ? `${path} already exists: move it, or choose another path`
        : `${path} cannot be written (${message}): choose another path`,
    );
  }
  let [written, finished] = [0, false];
  const onDisk = (act: () => void) => {
    try {
      act();
    } catch (error) {
      throw new UsageError(
        `${path} cannot be written (${
          (error as Error).message
        }): make room on its disk, or choose ` +
          "another path",
      );
    }
  };
  return {
    write(content) {
      const bytes = typeof content === "string" ? utf8(content) : content;
      onDisk(() => file.writeAt(written, bytes));
      written += bytes.length;
    },
    finish() {
      onDisk(() => file.sync());
      finished = true;
    },
    close() {
      file.close();
      if (!finished) files.remove(path);
    },
  };
}

/** Called with the bytes copied, and their total. */
export type OnCopied = (done: number, of: number) => void;

/**
 * Copies a file to a new private one and syncs it to disk.
 * @throws {UsageError} if the source cannot be read or the target cannot be created
 */
export function copyPrivateFile(
  files: Files,
  from: string,
  to: string,
  onCopied?: OnCopied,
): void {
  const copy = reservePrivateFile(files, to);
  try {
    appendFile(files, from, copy, onCopied);
    copy.finish();
  } finally {
    copy.close();
  }
}

/**
 * Appends the contents of a file to a reserved one.
 * @throws {UsageError} if it cannot be read
 */
export function appendFile(
  files: Files,
  from: string,
  to: Pick<ReservedFile, "write">,
  onCopied: OnCopied = () => {},
): void {
  let source: ReturnType<Files["open"]>;
  try {
    source = files.open(from, "read");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${from} cannot be read (${(error as Error).message}): name a backup's file`,
    );
  }
  try {
    const chunk = new Uint8Array(copyChunkBytes);
    for (let offset = 0, count; (count = source.readAt(offset, chunk)) > 0; offset += count) {
      to.write(chunk.subarray(0, count));
      onCopied(offset + count, source.bytes());
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

/**
 * Removes a file of a program that ends, which does not fail for it.
 * @param log receives a line if the file cannot be removed, as on a disk that has become read-only
 */
export function removeAtEnd(
  files: Pick<Files, "facts" | "remove">,
  path: string,
  log: (line: string) => void,
): void {
  try {
    removeIfThere(files, path);
  } catch (error) {
    log(`${path} cannot be removed: ${(error as Error).message}`);
  }
}
