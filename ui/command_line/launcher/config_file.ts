/** Finds and reads the bank's configuration file. */
import { textOf } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { systemFiles } from "../../../lib/system.ts";
import { type ConfigFile, configPathDefault, configVariable } from "../settings.ts";
import { pathFrom } from "../values.ts";
import type { Place } from "./paths.ts";

/**
 * Reads the file of `--config`, else of the environment, else the default one if it exists.
 * @throws {UsageError} if it cannot be read, or other users can write to it
 */
export function readConfigFile(flag: string | undefined, { startedIn }: Place): ConfigFile | null {
  const named = flag ?? Deno.env.get(configVariable);
  const path = named === undefined ? configPathDefault : pathFrom(startedIn)(named);
  try {
    const mode = systemFiles.facts(path)?.mode ?? null;
    if (mode !== null && (mode & 0o022) !== 0) {
      throw new UsageError(`${path} can be written by other users. Run 'chmod go-w ${path}'`);
    }
    return { path, text: textOf(systemFiles.read(path)) };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { name, message } = error as Error;
    if (name === "NotFound" && named === undefined) return null;
    throw new UsageError(`${path} cannot be read: ${message}. Choose another with --config FILE`);
  }
}
