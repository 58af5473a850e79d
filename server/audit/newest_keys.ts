/**
 * Checks that a server has the bank's newest keys of the log: it would otherwise create a version
 * twice.
 */
import { UsageError } from "../../lib/errors.ts";
import { isInClear } from "./entry.ts";
import type { AuditKeyRing } from "./keys.ts";
import type { LogStore } from "./log_store.ts";

type Log = Pick<LogStore, "chains" | "lastEntries">;

/**
 * Checks the version of the keys.
 * @throws {UsageError} if the last entries were sealed under a newer version than any of these
 */
export async function requireNewestKeys(log: Log, keys: AuditKeyRing): Promise<void> {
  if (await newestVersion(log) > keys.newest.version) throw notNewest();
}

/** Returns the newest version of the keys that the last entries of the chains are sealed under. */
export async function newestVersion(log: Log): Promise<number> {
  let newest = 0;
  for (const { number } of await log.chains()) {
    for (const entry of await log.lastEntries(number, 2)) {
      if (!isInClear(entry)) newest = Math.max(newest, entry.keyVersion);
    }
  }
  return newest;
}

/**
 * Checks that the keys are this bank's newest.
 * @throws {UsageError} if not: the last entries do not open under them
 */
export async function requireSharedKeys(log: Log, keys: AuditKeyRing): Promise<void> {
  for (const { number, id } of await log.chains()) {
    for (const entry of await log.lastEntries(number, 2)) {
      if (!isInClear(entry) && !keys.open(entry, id)) throw notNewest();
    }
  }
}

/** Returns the error for keys that are not the newest. */
export const notNewest = () =>
  new UsageError(
    "the keys are not this bank's newest. Copy its newest bank.keys from where you keep it or another server",
  );
