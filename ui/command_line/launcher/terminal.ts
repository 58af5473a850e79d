/** Finds the terminal of this host. */
import { UsageError } from "../../../lib/errors.ts";
import type { TerminalFiles } from "../../../lib/programs.ts";
import { isThere } from "../../../lib/private_file.ts";
import { systemFiles } from "../../../lib/system.ts";
import { readTerminalKey } from "../../../lib/terminal_key.ts";
import type { TerminalChoice } from "../launch.ts";
import type { Place } from "./paths.ts";

/**
 * Returns the terminal of the given key, of the given folder, or of the project's only ATM.
 * @param mayWait whether a given folder's key may be installed later: the name is empty then
 * @throws {UsageError} if there is no key, or the choice is ambiguous
 */
export function findTerminal(
  { key: named, folder }: TerminalChoice,
  { data }: Pick<Place, "data">,
  mayWait = false,
): TerminalFiles {
  const found = folder === undefined ? foldersOfAtms(data) : [folder];
  const key = named ?? (found.length === 1 ? `${found[0]}/terminal.key` : null);
  if (key === null) {
    throw new UsageError(
      found.length === 0
        ? "no terminal key. On the bank's host run 'deno task bank terminal enroll NAME --out NAME.key', " +
          "copy the file here, and start 'deno task atm --bank HOST:PORT --key NAME.key'"
        : `there are ${found.length} ATMs in ./data. Choose one with --data or --key`,
    );
  }
  const waits = mayWait && folder !== undefined;
  if (named === undefined && !waits && !isThere(systemFiles, key)) {
    throw new UsageError(
      `no terminal key in ${found[0]}. Give the key of this ATM with --key FILE, as before`,
    );
  }
  const name = nameOf(key, waits);
  const home = named === undefined ? found[0] : undefined;
  return { key, folder: folder ?? home ?? `${data}/atm-${name}`, name };
}

function nameOf(key: string, mayWait: boolean): string {
  try {
    return readTerminalKey(systemFiles, key).name;
  } catch (error) {
    if (mayWait && error instanceof UsageError) return "";
    throw error;
  }
}

function foldersOfAtms(data: string): string[] {
  try {
    return [...Deno.readDirSync(data)]
      .filter(({ name, isDirectory }) => isDirectory && name.startsWith("atm-"))
      .map(({ name }) => `${data}/${name}`);
  } catch {
    return [];
  }
}
