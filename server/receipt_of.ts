/** Receipts of entries of the log, for their customers and for operators. */
import { equalInConstantTime } from "../lib/bytes.ts";
import type { FoundEntry } from "./audit/find_entry.ts";
import type { Bank } from "./bank.ts";

/**
 * Returns a function that signs the receipt of an entry, or why there is no receipt. To be called
 * once the entry is durable.
 * @param customer whose entry it must be; if absent, any customer's
 */
export function receiptOf(
  { auditKeys, keys, checkpoints }: Bank,
  { stored, chain }: FoundEntry,
  customer?: string,
): (() => string) | "unknown_movement" | "signed_elsewhere" {
  const opened = auditKeys.openForStranger(stored, chain.id);
  if (!opened?.entry.movement) return "unknown_movement";
  const { entry: { who, terminal, movement: reference }, opening } = opened;
  if (customer !== undefined && who !== customer) return "unknown_movement";
  const isOwn = equalInConstantTime(chain.id, keys.chainId);
  if (!isOwn || checkpoints.isStopped) return "signed_elsewhere";
  const index = stored.sequence - 1;
  return () => checkpoints.receipt({ ...opening, terminal, reference, index });
}
