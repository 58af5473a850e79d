/** Receipts of entries of the log, for their customers and for operators. */
import type { FoundEntry } from "./audit/find_entry.ts";
import { originOf } from "./audit/tree.ts";
import type { Bank } from "./bank.ts";

/**
 * Returns a function that signs the receipt of an entry, of this server's chain or another, or why
 * there is no receipt. To be called once the entry is durable.
 * @param customer whose entry it must be; if absent, any customer's
 */
export function receiptOf(
  { auditKeys, settings, checkpoints }: Bank,
  { stored, chain }: FoundEntry,
  customer?: string,
): (() => string) | "unknown_movement" | "signing_stopped" {
  const opened = auditKeys.openForStranger(stored, chain.id);
  if (!opened?.entry.movement) return "unknown_movement";
  const { entry: { who, terminal, movement: reference }, opening } = opened;
  if (customer !== undefined && who !== customer) return "unknown_movement";
  if (checkpoints.isStopped) return "signing_stopped";
  const origin = originOf(settings.bankName, chain.id);
  const index = stored.sequence - 1;
  return () => checkpoints.receipt({ ...opening, terminal, reference, origin, index });
}
