/**
 * The ledger's store on PostgreSQL, which several servers share. A batch is one transaction in two
 * round trips: the first locks and loads its rows, the second commits its changes. Locks are taken
 * in one order, which prevents deadlocks: the writer's chain, accounts by id, counters of failures,
 * then the ids of movements. Each statement sees earlier commits (READ COMMITTED), so a batch that
 * waited for an account then sees the movements that it waited for.
 *
 * Every batch writes at least its chain's row: so a commit that the database confirms without a
 * warning confirms everything that the batch read, on a synchronous standby too.
 */
import { type Bytes, equalInConstantTime } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { databaseLoadsMax, databaseOutageMsMax, databaseRetryMs } from "../../../lib/limits.ts";
import { pause, type World } from "../../../lib/world.ts";
import type { SealedEntry } from "../../audit/entry.ts";
import type { Changes, Loaded, Settings } from "../model.ts";
import { bytesOf, numberOf } from "../rows.ts";
import {
  type CommitOutcome,
  InDoubt,
  type ReadStore,
  Refused,
  type Store,
  TryAgain,
} from "../store.ts";
import type { Touch } from "../touch.ts";
import { addChain, findChain, lockChain, makeSure, nameBatch } from "./chain_row.ts";
import { changesWhatIsShared, commitStatements, touchOfChanges } from "./commit.ts";
import {
  CommitUnsure,
  ConnectionLost,
  openPrepared,
  PostgresConnection,
  type Result,
  type Statement,
  stateOf,
} from "./connection.ts";
import { type Known, loadedOf, loadStatements } from "./load.ts";
import { ReadConnection } from "./read_connection.ts";
import { PostgresReads } from "./reads.ts";
import { prepareSchema, versions } from "./versions.ts";

const begin: Statement = { name: "begin", text: "BEGIN" };
const rollBack: Statement = { name: "roll_back", text: "ROLLBACK" };

const anotherWriter = "another process writes to the same chain of the log, with a copy of this " +
  "server's folder. End one of them";

/** SQLSTATEs of conflicts with others: a retry may succeed. */
const conflictStates = new Set(["40001", "40P01", "55P03", "23505"]);

/** A transaction that has loaded its batch. */
interface Batch {
  connection: PostgresConnection;
  /** The id in the chain's row, which this transaction has locked. */
  lastBatchId: Uint8Array;
  known: Known;
  /** Whether the bank's own accounts and its settings are locked, too. */
  wide: boolean;
}

/** The database has been unavailable for longer than a batch waits. */
class Unreachable extends Error {}

export class PostgresStore extends PostgresReads implements Store {
  #connection: PostgresConnection | null = null;
  /** Since when there has been no connection; null while there is one. */
  #awaySinceMs: number | null = null;
  #batch: Batch | null = null;
  /** The chain of this store's writer; null before it is opened. */
  #chain: number | null = null;
  /**
   * The id of the last batch that this store found or committed: no other writer may extend its
   * chain.
   */
  #lastBatchId = new Uint8Array(16);
  /** Whether the next batch locks the rows shared by all servers: only few batches change them. */
  #wideNext = false;
  #isInDoubt = false;
  readonly #closing = new AbortController();

  private constructor(
    private readonly world: World,
    private readonly url: string,
    private readonly reads: ReadConnection,
  ) {
    super((statement) => reads.rows(statement));
  }

  /**
   * Opens the bank of a database, or creates it with these settings.
   * @throws {UsageError} if it cannot be reached, has no bank, already has one, or a newer one
   */
  static async open(world: World, url: string, create?: Settings): Promise<PostgresStore> {
    const store = new PostgresStore(world, url, new ReadConnection(url));
    store.#connection = await openPrepared(
      url,
      (connection) => prepareSchema(connection, { versions, create }),
    );
    return store;
  }

  /**
   * Checks that a bank with these settings could be created, and rolls back.
   * @throws {UsageError} if it could not
   */
  static async rehearse(url: string, create: Settings): Promise<void> {
    const rehearsed = new Error("rehearsed");
    const fill = () => Promise.reject(rehearsed);
    try {
      await openPrepared(
        url,
        (connection) => prepareSchema(connection, { versions, create, fill }),
      );
    } catch (error) {
      if (error !== rehearsed) throw error;
    }
  }

  async load(touch: Touch): Promise<Loaded> {
    if (this.#isInDoubt) throw new Error("a commit is in doubt");
    try {
      for (let loads = 0; loads < databaseLoadsMax; loads++) {
        const loaded = await this.#load(touch);
        const ids = new Set(loaded.accounts.map(({ id }) => id));
        // A movement that was committed during the wait for an account may involve other accounts.
        const named = loaded.movements.filter(({ id }) => touch.movements.has(id));
        const whole = named.every(({ debit, credit }) =>
          [debit, credit].every((id) => id === null || ids.has(id))
        );
        if (whole) return loaded;
      }
    } catch (error) {
      throw mayBeRunAgain(error) ? new TryAgain((error as Error).message, { cause: error }) : error;
    }
    throw new TryAgain("movements of the batch were committed meanwhile");
  }

  async #load(touch: Touch): Promise<Loaded> {
    const wide = this.#wideNext;
    this.#wideNext = false;
    const { connection, lastBatchId, results } = await this.#begin(
      this.#ownChain(),
      loadStatements(touch, wide),
    );
    if (!equalInConstantTime(lastBatchId, this.#lastBatchId)) {
      await connection.run([rollBack]); // the other writer does not wait for this one
      throw new Refused(anotherWriter);
    }
    const known = loadedOf(results.map(({ rows }) => rows));
    this.#batch = { connection, lastBatchId, wide, known };
    return known;
  }

  /** Begins a transaction that locks the chain's row, after rolling back an uncommitted one. */
  async #begin(
    chain: number,
    statements: readonly Statement[],
  ): Promise<{ connection: PostgresConnection; lastBatchId: Uint8Array; results: Result[] }> {
    const connection = await this.#connected();
    this.#batch = null;
    const [, , locked, ...results] = await connection.run([
      rollBack,
      begin,
      lockChain(chain),
      ...statements,
    ]);
    return { connection, lastBatchId: bytesOf(locked!.rows[0]!.batch_id), results };
  }

  async commit(changes: Changes, entries: readonly SealedEntry[]): Promise<void> {
    if (!this.#batch) await this.#loadToCommit(changes);
    const { connection, lastBatchId, known, wide } = this.#batch!;
    this.#batch = null;
    if (!wide && changesWhatIsShared(changes, known)) {
      this.#wideNext = true;
      throw new TryAgain("the batch changes rows that all servers share");
    }
    const id = this.world.randomBytes(16);
    try {
      await connection.commit([
        ...commitStatements(changes, entries, known),
        nameBatch(this.#ownChain(), { id, found: lastBatchId, timeMs: changes.timeMs }),
      ]);
    } catch (error) {
      if (error instanceof CommitUnsure) {
        this.#isInDoubt = true;
        throw new InDoubt(id, error);
      }
      throw refused(error);
    }
    this.#lastBatchId = id;
  }

  /** Loads the rows for changes. @throws {Refused} */
  async #loadToCommit(changes: Changes): Promise<void> {
    this.#wideNext = true;
    try {
      await this.load(touchOfChanges(changes));
    } catch (error) {
      throw error instanceof Refused ? error : refused(error);
    }
  }

  async outcomeOf(batchId: Uint8Array): Promise<CommitOutcome> {
    const fresh = this.world.randomBytes(16);
    for (;;) {
      try {
        const outcome = await this.#settle(batchId, fresh);
        this.#isInDoubt = false;
        return outcome;
      } catch (error) {
        if (this.#closing.signal.aborted) throw error;
        await pause(this.world, databaseRetryMs, this.#closing.signal);
      }
    }
  }

  /**
   * Determines a batch's outcome, in one attempt: once this transaction holds the chain's row, no
   * other commit of the chain is in progress. An uncommitted batch finds another id there from now
   * on.
   * @param fresh an id that no batch has
   * @throws if another writer's batch is there: the outcome can no longer be determined
   */
  async #settle(batchId: Uint8Array, fresh: Bytes): Promise<CommitOutcome> {
    const chain = this.#ownChain();
    const { connection, lastBatchId } = await this.#begin(chain, []);
    const isCommitted = equalInConstantTime(lastBatchId, batchId);
    const isOwn = [batchId, this.#lastBatchId, fresh].some((id) =>
      equalInConstantTime(lastBatchId, id)
    );
    if (!isOwn) {
      await connection.run([rollBack]);
      throw new Error(anotherWriter);
    }
    const id = isCommitted ? new Uint8Array(batchId) : fresh;
    await connection.commit([makeSure(chain, id)]);
    this.#lastBatchId = id;
    return isCommitted ? "committed" : "not_committed";
  }

  async openChain(id: Uint8Array): Promise<number> {
    const endMs = this.world.monotonicMs() + databaseOutageMsMax;
    for (;;) {
      try {
        const connection = await this.#connected();
        const [, found] = await connection.run([addChain(id), findChain(id)]);
        this.#chain = numberOf(found!.rows[0]!.number);
        const { lastBatchId } = await this.#begin(this.#chain, []);
        await connection.commit([makeSure(this.#chain, lastBatchId)]);
        this.#lastBatchId = new Uint8Array(lastBatchId);
        return this.#chain;
      } catch (error) {
        const isUnsure = error instanceof CommitUnsure || mayBeRunAgain(error);
        if (!isUnsure || this.world.monotonicMs() > endMs) throw error;
        await pause(this.world, databaseRetryMs, this.#closing.signal);
      }
    }
  }

  #ownChain(): number {
    if (this.#chain === null) throw new Error("no chain of the log is opened");
    return this.#chain;
  }

  /**
   * Returns the connection, reconnecting if it was lost.
   * @throws {Unreachable}
   */
  async #connected(): Promise<PostgresConnection> {
    const { signal } = this.#closing;
    while (!this.#connection?.usable) {
      if (signal.aborted) throw new Unreachable("the store is closed");
      try {
        this.#connection = await PostgresConnection.open(this.url);
        this.#awaySinceMs = null;
        if (signal.aborted) this.#connection.close();
      } catch (error) {
        this.#awaySinceMs ??= this.world.monotonicMs();
        if (this.world.monotonicMs() - this.#awaySinceMs > databaseOutageMsMax) {
          throw new Unreachable(`the database cannot be reached (${(error as Error).message})`);
        }
        await pause(this.world, databaseRetryMs, signal);
      }
    }
    return this.#connection;
  }

  async snapshot<T>(read: (store: ReadStore) => Promise<T>): Promise<T> {
    const connection = await PostgresConnection.open(this.url);
    try {
      await connection.run([{
        name: "snapshot",
        text: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
      }]);
      return await read(
        new PostgresReads(async (statement) => (await connection.run([statement]))[0]!.rows),
      );
    } finally {
      connection.close();
    }
  }

  backUp(): Promise<void> {
    throw new UsageError(
      "this bank is in PostgreSQL. Back it up with PostgreSQL's tools, see docs/OPERATIONS.md",
    );
  }

  close(): void {
    this.#closing.abort();
    this.#connection?.close();
    this.reads.close();
  }
}

function refused(error: unknown): Refused {
  const { message } = error as Error;
  const options = { cause: error };
  return mayBeRunAgain(error) ? new TryAgain(message, options) : new Refused(message, options);
}

/** Returns whether a retry may succeed, since nothing was changed. */
function mayBeRunAgain(error: unknown): boolean {
  return error instanceof ConnectionLost || conflictStates.has(stateOf(error) ?? "");
}
