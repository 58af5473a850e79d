/** Whether a server has the keys of the log that the bank's other servers have. */
import { UsageError } from "../../lib/errors.ts";
import { isInClear } from "./entry.ts";
import type { AuditKeyRing } from "./keys.ts";
import type { LogStore } from "./log_store.ts";

/** @throws {UsageError} when what was written last does not open under them */
export async function requireNewestKeys(
  store: Pick<LogStore, "chains" | "lastEntries">,
  keys: AuditKeyRing,
): Promise<void> {
  for (const { number, id } of await store.chains()) {
    for (const entry of await store.lastEntries(number, 2)) {
      if (isInClear(entry) || keys.open(entry, id)) continue;
      throw new UsageError(
        "the keys are not this bank's newest: bring bank.keys of another server",
      );
    }
  }
}
