/**
 * A server's files where its bank is in a file of SQLite's: databases lie in a real folder, since SQLite
 * opens them itself; all others are on the simulated disk.
 */
import { systemFiles } from "../../lib/system.ts";
import type { Files } from "../../lib/world.ts";
import type { Process } from "./host.ts";

/** Where the database of this path really is. */
export const realPath = (folder: string, path: string) => `${folder}/${path.split("/").at(-1)}`;

const isDatabase = (path: string) => path.includes(".sqlite") || path.includes("/bank.backup-");

export function filesWithSqlite(simulated: Files, folder: string, process: Process): Files {
  const real = (path: string) => {
    process.requireAlive();
    return realPath(folder, path);
  };
  return {
    ...simulated,
    facts: (path) => isDatabase(path) ? systemFiles.facts(real(path)) : simulated.facts(path),
    read: (path) => isDatabase(path) ? systemFiles.read(real(path)) : simulated.read(path),
    open: (path, how) =>
      isDatabase(path) ? systemFiles.open(real(path), how) : simulated.open(path, how),
    rename(from, to) {
      if (!isDatabase(from)) return simulated.rename(from, to);
      process.point(`before renaming ${from}`);
      systemFiles.rename(real(from), real(to));
      process.point(`after renaming ${from}`);
    },
    remove: (path) => isDatabase(path) ? systemFiles.remove(real(path)) : simulated.remove(path),
    names: (path) => [...simulated.names(path), ...systemFiles.names(folder)],
  };
}
