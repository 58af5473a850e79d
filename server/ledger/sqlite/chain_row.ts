/**
 * The row of a chain, for its writer's commits: it has the id of the last committed batch, so that
 * a batch's outcome can be looked up.
 */
import { equalInConstantTime } from "../../../lib/bytes.ts";
import { bytesOf, numberOf } from "../rows.ts";
import type { CommitOutcome } from "../store.ts";
import type { SqliteConnection } from "./connection.ts";

/** The chain of this store's writer, and its last committed batch. */
export interface OwnChain {
  number: number;
  batchId: Uint8Array;
}

/**
 * Finds the chain with this id, or adds it; writes its row, so that everything read afterwards is
 * durable.
 */
export function openChain(connection: SqliteConnection, id: Uint8Array): OwnChain {
  connection.run(
    "INSERT INTO audit_chains (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET sure = sure + 1",
    id,
  );
  const row = connection.one("SELECT number, batch_id FROM audit_chains WHERE id = ?", id)!;
  return { number: numberOf(row.number), batchId: bytesOf(row.batch_id) };
}

/**
 * Writes the id and the time of this transaction's batch.
 * @throws if another writer of the chain has committed since
 */
export function nameBatch(
  connection: SqliteConnection,
  { number, batchId }: OwnChain,
  { id, timeMs }: { id: Uint8Array; timeMs: number },
): void {
  const named = connection.run(
    "UPDATE audit_chains SET batch_id = ?, time_ms = ? WHERE number = ? AND batch_id = ?",
    id,
    timeMs,
    number,
    batchId,
  );
  if (named !== 1) throw new Error("another process writes to the same chain of the log. End it");
}

/**
 * Looks up a batch in doubt, and writes the chain's row: an uncommitted batch finds another id
 * there from now on.
 * @param fresh an id that no batch has
 */
export function settleBatch(
  connection: SqliteConnection,
  chain: OwnChain,
  { id, fresh }: { id: Uint8Array; fresh: Uint8Array },
): { outcome: CommitOutcome; batchId: Uint8Array } {
  const row = connection.one("SELECT batch_id FROM audit_chains WHERE number = ?", chain.number)!;
  const isCommitted = equalInConstantTime(bytesOf(row.batch_id), id);
  const batchId = isCommitted ? id : fresh;
  connection.run(
    "UPDATE audit_chains SET batch_id = ?, sure = sure + 1 WHERE number = ?",
    batchId,
    chain.number,
  );
  return { outcome: isCommitted ? "committed" : "not_committed", batchId };
}
