/**
 * The row of a chain, as its writer's commits use it: it names the last batch that is committed, so that
 * the fate of a batch can be looked up.
 */
import { equalInConstantTime } from "../../../lib/bytes.ts";
import { bytesOf, numberOf } from "../rows.ts";
import type { CommitOutcome } from "../store.ts";
import type { SqliteConnection } from "./connection.ts";

/** The chain of this store's writer, and the last batch of it that is committed. */
export interface OwnChain {
  number: number;
  batchId: Uint8Array;
}

/** Finds the chain with this id, or adds it; writes its row, so that a durable commit lies behind it. */
export function openChain(connection: SqliteConnection, id: Uint8Array): OwnChain {
  connection.run(
    "INSERT INTO audit_chains (id) VALUES (?) ON CONFLICT (id) DO UPDATE SET sure = sure + 1",
    id,
  );
  const row = connection.one("SELECT number, batch_id FROM audit_chains WHERE id = ?", id)!;
  return { number: numberOf(row.number), batchId: bytesOf(row.batch_id) };
}

/**
 * Names the batch of this transaction.
 * @throws when another writer of the chain has committed since
 */
export function nameBatch(
  connection: SqliteConnection,
  { number, batchId }: OwnChain,
  id: Uint8Array,
): void {
  const named = connection.run(
    "UPDATE audit_chains SET batch_id = ? WHERE number = ? AND batch_id = ?",
    id,
    number,
    batchId,
  );
  if (named !== 1) throw new Error("another process writes the same chain of the log: end it");
}

/**
 * Looks a batch in doubt up, and writes the chain's row: a batch that is not committed finds another id
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
