/**
 * The ledger's store on PostgreSQL, which several servers share. A batch is one transaction in two
 * round trips: the first locks and loads what it touches, the second commits what it changed. Locks are
 * taken in one order, so that batches wait for each other in no circle: the writer's chain, accounts by
 * id, counters of failures, then the ids of movements. Each statement sees what was committed before it
 * (READ COMMITTED), so whoever waited for an account then sees the movements that it waited for.
 *
 * Every batch writes, if only to its chain's row: so a commit that the database confirms without a
 * warning confirms all that the batch saw, on a synchronous standby too. What became of a commit without
 * an answer the chain's row tells: whoever holds its lock knows that no commit of this chain is still
 * under way, and `commit_id` says which was the last.
 */
import { equalInConstantTime } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { databaseLoadsMax, databaseOutageMsMax, databaseRetryMs } from "../../../lib/limits.ts";
import { pause, type World } from "../../../lib/world.ts";
import type { SealedEntry } from "../../audit/entry.ts";
import type { Changes, Loaded, Settings } from "../model.ts";
import type { Touch } from "../touch.ts";
import { ConnectionLost, PostgresConnection, type Statement, stateOf } from "./connection.ts";
import { loadedOf, loadStatements } from "./load.ts";
import { PostgresReads } from "./reads.ts";
import { prepareSchema, versions } from "./versions.ts";
import { changesWhatIsShared, commitStatements, type Known, touchOfChanges } from "./commit.ts";
import { bytesOf, type Row } from "../rows.ts";
import { type ReadStore, type Store, TryAgain } from "../store.ts";

const begin: Statement = { name: "begin", text: "BEGIN" };
const commit: Statement = { name: "commit", text: "COMMIT" };
const rollBack: Statement = { name: "roll_back", text: "ROLLBACK" };

/** What the database calls a conflict with others: the same may go through when it is run again. */
const conflictStates = new Set(["40001", "40P01", "55P03", "23505"]);

/** A transaction that has loaded what a batch touches. */
interface Batch {
  connection: PostgresConnection;
  known: Known;
  /** Whether the bank's own accounts and its settings are locked, too. */
  wide: boolean;
}

/** A commit of which nobody can say yet whether it will last. */
class Unsure extends Error {}
/** The database has been gone for longer than a batch waits. */
class Unreachable extends Error {}

const isInDoubt = (error: unknown) => error instanceof ConnectionLost || error instanceof Unsure;
const isConflict = (error: unknown) => conflictStates.has(stateOf(error) ?? "");

export class PostgresStore extends PostgresReads implements Store {
  #connection: PostgresConnection | null = null;
  /** Since when there has been no connection; null while there is one. */
  #goneSinceMs: number | null = null;
  #batch: Batch | null = null;
  /** The chain of this store's writer; 0 before it is known. */
  #chain = 0;
  /** The next batch locks what all servers share: only few batches change it. */
  #wideNext = false;

  private constructor(
    private readonly world: World,
    private readonly url: string,
    private readonly reads: ReadConnection,
  ) {
    super((statement) => reads.rows(statement));
  }

  /**
   * Opens the bank of a database, or makes it with these settings.
   * @throws {UsageError} when it cannot be reached, has no bank, has one already, or a newer one
   */
  static async open(world: World, url: string, create?: Settings): Promise<PostgresStore> {
    const store = new PostgresStore(world, url, new ReadConnection(url));
    store.#connection = await prepared(
      url,
      (connection) => prepareSchema(connection, { versions, create }),
    );
    return store;
  }

  /**
   * Tries to make a bank of these settings, and makes none.
   * @throws {UsageError} when it could not be made
   */
  static async rehearse(url: string, create: Settings): Promise<void> {
    const rehearsed = new Error("rehearsed");
    const fill = () => Promise.reject(rehearsed);
    try {
      await prepared(
        url,
        (connection) => prepareSchema(connection, { versions, create, fill }),
      );
    } catch (error) {
      if (error !== rehearsed) throw error;
    }
  }

  async load(touch: Touch): Promise<Loaded> {
    try {
      for (let loads = 0; loads < databaseLoadsMax; loads++) {
        const loaded = await this.#load(touch);
        const ids = new Set(loaded.accounts.map(({ id }) => id));
        // A movement that was committed while this waited for an account may be of others, too.
        const whole = loaded.movements.every(({ debit, credit }) =>
          [debit, credit].every((id) => id === null || ids.has(id))
        );
        if (whole) return loaded;
      }
    } catch (error) {
      throw again(error);
    }
    throw new TryAgain("movements that a batch touches are committed meanwhile");
  }

  async #load(touch: Touch): Promise<Loaded> {
    const connection = await this.#connected();
    const wide = this.#wideNext;
    this.#wideNext = false;
    const results = await connection.run([
      rollBack, // a batch that was not committed
      begin,
      lockChain(this.#chain),
      ...loadStatements(touch, wide),
    ]);
    const { loaded, locked } = loadedOf(results.slice(3).map(({ rows }) => rows));
    this.#batch = { connection, wide, known: { ...loaded, locked } };
    return loaded;
  }

  async commit(changes: Changes, entries: readonly SealedEntry[]): Promise<void> {
    if (!this.#batch) {
      this.#wideNext = true;
      await this.load(touchOfChanges(changes));
    }
    const { connection, known, wide } = this.#batch!;
    this.#batch = null;
    if (!wide && changesWhatIsShared(changes, known)) {
      this.#wideNext = true;
      throw new TryAgain("what all servers share changes with this batch");
    }
    const id = this.world.randomBytes(16);
    try {
      await endSurely(connection, [
        ...commitStatements(changes, entries, known),
        nameCommit(this.#chain, id, changes.timeMs),
      ]);
    } catch (error) {
      if (!isInDoubt(error)) throw again(error);
      if (!await this.#isLastCommit(id)) {
        throw new TryAgain("a commit without an answer had failed");
      }
    }
  }

  async confirm(): Promise<void> {
    await this.#makeSure(() => true);
  }

  /** Whether this was the chain's last commit; if so, it surely lasts. */
  #isLastCommit(id: Uint8Array): Promise<boolean> {
    return this.#makeSure((last) => last !== null && equalInConstantTime(last, id));
  }

  /**
   * Reads the id of the chain's last commit and, if it is right, commits once more behind it, until that
   * went through without a doubt.
   * @throws {Unreachable}
   */
  async #makeSure(isRight: (last: Uint8Array | null) => boolean): Promise<boolean> {
    const endMs = this.world.monotonicMs() + databaseOutageMsMax;
    for (;;) {
      try {
        const connection = await this.#connected();
        this.#batch = null;
        const [, , head] = await connection.run([rollBack, begin, lockChain(this.#chain)]);
        const last = head!.rows[0]?.commit_id ?? null;
        if (!isRight(last === null ? null : bytesOf(last))) return false;
        await endSurely(connection, [countOneMore(this.#chain)]);
        return true;
      } catch (error) {
        if (!(isInDoubt(error) || isConflict(error)) || this.world.monotonicMs() > endMs) {
          throw error;
        }
        await pause(this.world, databaseRetryMs);
      }
    }
  }

  /**
   * The connection, another one where it was lost.
   * @throws {Unreachable}
   */
  async #connected(): Promise<PostgresConnection> {
    while (!this.#connection?.usable) {
      try {
        this.#connection = await PostgresConnection.open(this.url);
        this.#goneSinceMs = null;
      } catch (error) {
        this.#goneSinceMs ??= this.world.monotonicMs();
        if (this.world.monotonicMs() - this.#goneSinceMs > databaseOutageMsMax) {
          throw new Unreachable(`the database cannot be reached (${(error as Error).message})`);
        }
        await pause(this.world, databaseRetryMs);
      }
    }
    return this.#connection;
  }

  async openChain(id: Uint8Array): Promise<number> {
    const connection = await this.#connected();
    await connection.run([addChain(id)]);
    const chain = (await this.chains()).find((chain) => equalInConstantTime(chain.id, id))!;
    return this.#chain = chain.number;
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
      "this bank is in PostgreSQL: back it up with PostgreSQL's own means, as docs/OPERATIONS.md says",
    );
  }

  close(): void {
    this.#connection?.close();
    this.reads.close();
  }
}

/** The connection for what is read outside batches, made when it is first needed. */
class ReadConnection {
  #opening: Promise<PostgresConnection> | null = null;
  #connection: PostgresConnection | null = null;

  constructor(private readonly url: string) {}

  async rows(statement: Statement): Promise<Row[]> {
    try {
      return await this.#rows(statement);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      return await this.#rows(statement); // over another connection: reading changes nothing
    }
  }

  async #rows(statement: Statement): Promise<Row[]> {
    if (!this.#connection?.usable) {
      this.#opening ??= PostgresConnection.open(this.url).finally(() => this.#opening = null);
      this.#connection = await this.#opening;
    }
    return (await this.#connection.run([statement]))[0]!.rows;
  }

  close(): void {
    this.#connection?.close();
  }
}

/**
 * A connection on which this went well; one on which it did not is closed, and nothing of it stays.
 * @throws {UsageError} when the database cannot be reached
 */
export async function prepared(
  url: string,
  prepare: (connection: PostgresConnection) => Promise<void>,
): Promise<PostgresConnection> {
  let connection: PostgresConnection | undefined;
  try {
    connection = await PostgresConnection.open(url);
    await prepare(connection);
    return connection;
  } catch (error) {
    connection?.close();
    if (!(error instanceof ConnectionLost)) throw error;
    throw new UsageError(
      `the database cannot be used (${error.message}): look whether it runs, and at its URL`,
    );
  }
}

/** Sends these and COMMIT, and returns when it is surely done. */
async function endSurely(
  connection: PostgresConnection,
  statements: readonly Statement[],
): Promise<void> {
  connection.takeWarning();
  const results = await connection.run([...statements, commit]);
  // A wait for the standby that was cancelled ends with a warning, and then with what looks like success.
  if (connection.takeWarning()) throw new Unsure("a commit ended with a warning");
  if (results.at(-1)!.command !== "COMMIT") throw new Error("the database rolled a commit back");
}

function again(error: unknown): unknown {
  return isInDoubt(error) || isConflict(error) ? new TryAgain((error as Error).message) : error;
}

const lockChain = (chain: number): Statement => ({
  name: "lock_chain",
  text: "SELECT commit_id FROM audit_chains WHERE number = $1 FOR UPDATE",
  values: [chain],
});

const nameCommit = (chain: number, id: Uint8Array, timeMs: number): Statement => ({
  name: "name_commit",
  text: `UPDATE audit_chains SET commit_id = $2, time_ms = $3 WHERE number = $1`,
  values: [chain, id, timeMs],
});

/** A write behind the chain's last commit that changes nothing else. */
const countOneMore = (chain: number): Statement => ({
  name: "count_one_more",
  text: "UPDATE audit_chains SET sure = sure + 1 WHERE number = $1",
  values: [chain],
});

const addChain = (id: Uint8Array): Statement => ({
  name: "add_chain",
  text: `INSERT INTO audit_chains (number, id, sure, time_ms)
    SELECT coalesce(max(number), 0) + 1, $1::bytea, 0, 0 FROM audit_chains ON CONFLICT (id) DO NOTHING`,
  values: [id],
});
