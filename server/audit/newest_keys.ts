/** Checks that a server's keys of the log are the bank's newest: it would otherwise make a version twice. */
import { UsageError } from "../../lib/errors.ts";
import { isInClear } from "./entry.ts";
import type { AuditKeyRing } from "./keys.ts";
import type { LogStore } from "./log_store.ts";

type Log = Pick<LogStore, "chains" | "lastEntries">;

/** @throws {UsageError} when the last entries were sealed under a newer version than any of these */
export async function requireNewestKeys(log: Log, keys: AuditKeyRing): Promise<void> {
  for (const { number } of await log.chains()) {
    for (const entry of await log.lastEntries(number, 2)) {
      if (!isInClear(entry) && entry.keyVersion > keys.newest.version) throw notNewest();
    }
  }
}

/** @throws {UsageError} when they are another bank's, too: the last entries do not open under them */
export async function requireSharedKeys(log: Log, keys: AuditKeyRing): Promise<void> {
  for (const { number, id } of await log.chains()) {
    for (const entry of await log.lastEntries(number, 2)) {
      if (!isInClear(entry) && !keys.open(entry, id)) throw notNewest();
    }
  }
}

const notNewest = () =>
  new UsageError(
    "the keys are not this bank's newest: bring its newest bank.keys, of its copy or of another server",
  );
