/**
 * Times in a bank's folder: when a backup was last made, and when the log was last checked. Only
 * the age of such a file counts.
 */
import { replacePrivateFile } from "../../lib/private_file.ts";
import type { Files } from "../../lib/world.ts";

export type Mark = "backup" | "verification";

const markPath = (folder: string, mark: Mark) => `${folder}/last_${mark}`;

/** Stores that this was done at a time. */
export function setMark(files: Files, folder: string, mark: Mark, timeMs: number): void {
  replacePrivateFile(files, markPath(folder, mark), `${new Date(timeMs).toISOString()}\n`);
}

/** Returns when this was last done; null for never. */
export function markedMs(files: Pick<Files, "facts">, folder: string, mark: Mark): number | null {
  return files.facts(markPath(folder, mark))?.writtenMs ?? null;
}
