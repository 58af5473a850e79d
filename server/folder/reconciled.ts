/**
 * The last comparison of each terminal with the books, in a file of the bank's folder: `bank
 * reconcile` has it after a restart, too.
 */
import { readPrivateFile, replacePrivateFile } from "../../lib/private_file.ts";
import type { Files } from "../../lib/world.ts";

export interface Reconciled {
  ms: number;
  differences: readonly string[];
}

const reconciledPath = (folder: string) => `${folder}/reconciled.json`;

/** Stores the last comparison of each terminal, by its id. */
export function keepReconciled(
  files: Files,
  folder: string,
  results: ReadonlyMap<string, Reconciled>,
): void {
  replacePrivateFile(files, reconciledPath(folder), `${JSON.stringify([...results])}\n`);
}

/** Returns them; none if the file is missing or damaged, since each terminal reports again. */
export function keptReconciled(files: Files, folder: string): Map<string, Reconciled> {
  try {
    return new Map(JSON.parse(readPrivateFile(files, reconciledPath(folder), "")));
  } catch {
    return new Map();
  }
}
