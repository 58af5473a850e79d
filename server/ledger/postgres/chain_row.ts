/**
 * The row of a chain, for its writer's commits: it has the id of the last committed batch. Each
 * batch locks it in its first statement, so while one transaction holds it no other commit of the
 * chain is in progress.
 */
import type { Statement } from "./connection.ts";

export const lockChain = (chain: number): Statement => ({
  name: "lock_chain",
  text: "SELECT batch_id FROM audit_chains WHERE number = $1 FOR UPDATE",
  values: [chain],
});

/**
 * Writes the id of this transaction's batch; fails if the row has a different id from the one found
 * earlier.
 */
export const nameBatch = (
  chain: number,
  { found, id, timeMs }: { found: Uint8Array; id: Uint8Array; timeMs: number },
): Statement => ({
  name: "name_batch",
  text: `UPDATE audit_chains SET batch_id = CASE WHEN batch_id = $3 THEN $2::bytea END, time_ms = $4
    WHERE number = $1`,
  values: [chain, id, found, timeMs],
});

/** A commit without changes, ordered after the chain's last one. */
export const makeSure = (chain: number, id: Uint8Array): Statement => ({
  name: "make_sure",
  text: "UPDATE audit_chains SET batch_id = $2, sure = sure + 1 WHERE number = $1",
  values: [chain, id],
});

export const addChain = (id: Uint8Array): Statement => ({
  name: "add_chain",
  text: `INSERT INTO audit_chains (number, id)
    SELECT coalesce(max(number), 0) + 1, $1::bytea FROM audit_chains ON CONFLICT (id) DO NOTHING`,
  values: [id],
});

export const findChain = (id: Uint8Array): Statement => ({
  name: "find_chain",
  text: "SELECT number FROM audit_chains WHERE id = $1",
  values: [id],
});
