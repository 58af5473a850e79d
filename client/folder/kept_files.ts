/** Receipts and histories that customers have saved: a folder beside the machine's, so many at most. */
import { savedFilesMax } from "../../lib/limits.ts";

/**
 * Writes a text into the folder, for its owner alone; the oldest file gives way where there are too many.
 * @returns the file's path
 * @throws {Error} when the disk refuses it
 */
export function keepFile(folder: string, name: string, text: string): string {
  Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = `${folder}/${name}`;
  Deno.writeTextFileSync(path, text, { createNew: true, mode: 0o600 });
  const files = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile)
    .map(({ name }) => ({ name, writtenMs: writtenMsOf(`${folder}/${name}`) }))
    .sort((a, b) => b.writtenMs - a.writtenMs || (a.name < b.name ? 1 : -1));
  for (const { name } of files.slice(savedFilesMax)) Deno.removeSync(`${folder}/${name}`);
  return path;
}

function writtenMsOf(path: string): number {
  return Deno.statSync(path).mtime?.getTime() ?? 0;
}
