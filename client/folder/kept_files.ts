/** The folder of receipts and histories that customers save: at most `savedFilesMax` files. */
import { utf8 } from "../../lib/bytes.ts";
import { savedFilesMax } from "../../lib/limits.ts";
import type { Files } from "../../lib/world.ts";

/**
 * Writes a text to a private file in the folder, and removes the oldest files beyond
 * `savedFilesMax`.
 * @returns the file's path
 * @throws {Error} if the file cannot be written
 */
export function keepFile(files: Files, folder: string, name: string, text: string): string {
  files.makeFolder(folder);
  const path = `${folder}/${name}`;
  const file = files.open(path, "new");
  try {
    file.writeAt(0, utf8(text));
  } finally {
    file.close();
  }
  const kept = files.names(folder).map((name) => ({
    name,
    facts: files.facts(`${folder}/${name}`),
  }))
    .flatMap(({ name, facts }) => facts?.isFile ? [{ name, writtenMs: facts.writtenMs }] : [])
    .sort((a, b) => b.writtenMs - a.writtenMs || (a.name < b.name ? 1 : -1));
  for (const { name } of kept.slice(savedFilesMax)) files.remove(`${folder}/${name}`);
  return path;
}
