/** The ledger's store on SQLite: one file, one owner, every commit on disk before it returns. */
import { databaseRetryMs } from "../../../lib/limits.ts";
import type { OnCopied } from "../../../lib/private_file.ts";
import { pause, type WorldWithFiles } from "../../../lib/world.ts";
import type { SealedEntry } from "../../audit/entry.ts";
import type { Changes, Loaded, Settings, Staff } from "../model.ts";
import { type CommitOutcome, InDoubt, type ReadStore, Refused, type Store } from "../store.ts";
import type { Touch } from "../touch.ts";
import { nameBatch, openChain, type OwnChain, settleBatch } from "./chain_row.ts";
import { writeBatch } from "./commit.ts";
import { CommitFailed, explained, SqliteConnection } from "./connection.ts";
import { KeptRows } from "./kept_rows.ts";
import { load } from "./load.ts";
import { SqliteReads } from "./reads.ts";
import { prepareSchema, versions } from "./versions.ts";

export class SqliteStore extends SqliteReads implements Store {
  readonly #kept = new KeptRows();
  readonly #closing = new AbortController();
  #chain: OwnChain | null = null;
  /** Whether a copy of the file is being made while a commit is in doubt. */
  #isCopied = false;

  private constructor(private readonly world: WorldWithFiles, connection: SqliteConnection) {
    super(connection);
  }

  /**
   * Opens the bank's file, or creates it with these settings, for this process alone.
   * @throws {UsageError} if another process has it, it is damaged or of a newer version, or
   *   missing
   */
  static open(world: WorldWithFiles, path: string, create?: Settings): SqliteStore {
    const prepare = (connection: SqliteConnection) =>
      prepareSchema(connection, { versions, create });
    try {
      return new SqliteStore(world, SqliteConnection.open(path, prepare));
    } catch (error) {
      throw explained(world.files, error as Error, path);
    }
  }

  load(touch: Touch): Loaded {
    return load(this.connection, this.#kept, touch);
  }

  commit(changes: Changes, entries: readonly SealedEntry[]): void {
    const { connection } = this;
    const chain = this.#ownChain();
    const batchId = this.world.randomBytes(16);
    try {
      connection.transaction(() => {
        nameBatch(connection, chain, { id: batchId, timeMs: changes.timeMs });
        writeBatch(connection, changes, entries, (id) => this.#kept.accountBefore(id));
      });
    } catch (error) {
      this.#kept.clear();
      if (!(error instanceof CommitFailed)) {
        throw new Refused((error as Error).message, { cause: error });
      }
      connection.close(); // it may read an older state than the file has
      throw new InDoubt(batchId, error);
    }
    chain.batchId = batchId;
    this.#kept.committed(changes);
  }

  async outcomeOf(batchId: Uint8Array): Promise<CommitOutcome> {
    const { signal } = this.#closing;
    const chain = this.#ownChain();
    for (;;) {
      if (signal.aborted) throw new Error("the store is closed: a commit is still in doubt");
      try {
        if (!this.#isCopied) return this.#settle(chain, batchId);
      } catch {
        // the next attempt may succeed
      }
      await pause(this.world, databaseRetryMs, signal);
    }
  }

  /**
   * Determines a batch's outcome, in one attempt, on another connection: the one whose commit
   * failed may read an older state.
   */
  #settle(chain: OwnChain, id: Uint8Array): CommitOutcome {
    this.connection.close();
    let settled: ReturnType<typeof settleBatch>;
    this.connection = SqliteConnection.open(this.connection.path, (connection) => {
      settled = settleBatch(connection, chain, { id, fresh: this.world.randomBytes(16) });
    });
    chain.batchId = settled!.batchId;
    return settled!.outcome;
  }

  openChain(id: Uint8Array): number {
    const { connection } = this;
    connection.transaction(() => {
      this.#chain = openChain(connection, id);
    });
    return this.#ownChain().number;
  }

  #ownChain(): OwnChain {
    if (!this.#chain) throw new Error("no chain of the log is opened");
    return this.#chain;
  }

  /** Reads everything at one moment: this thread runs nothing else. */
  snapshot<T>(read: (store: ReadStore) => Promise<T>): Promise<T> {
    return read(this);
  }

  /** Returns the operators, also while a commit is in doubt: one may back up the bank then. */
  override staff(): Staff {
    if (this.connection.isOpen) return super.staff();
    const connection = SqliteConnection.openUnchanged(this.connection.path);
    try {
      return new SqliteReads(connection).staff();
    } finally {
      connection.close();
    }
  }

  /** Copies the bank to a file; nothing commits meanwhile. Works while a commit is in doubt, too. */
  async backUp(path: string, onCopied: OnCopied = () => {}): Promise<void> {
    if (this.connection.isOpen) {
      return await copyAndSync(this.world, this.connection, path, onCopied);
    }
    this.#isCopied = true;
    try {
      await SqliteStore.copy(this.world, this.connection.path, path, onCopied);
    } finally {
      this.#isCopied = false;
    }
  }

  /** Copies a bank's file, which no connection has open, and commits nothing to it. */
  static async copy(
    world: WorldWithFiles,
    from: string,
    to: string,
    onCopied: OnCopied = () => {},
  ): Promise<void> {
    const connection = SqliteConnection.openUnchanged(from);
    try {
      await copyAndSync(world, connection, to, onCopied);
    } finally {
      connection.close();
    }
  }

  close(): void {
    this.#closing.abort();
    this.connection.close();
  }
}

async function copyAndSync(
  { files }: WorldWithFiles,
  connection: SqliteConnection,
  path: string,
  onCopied: OnCopied,
): Promise<void> {
  await connection.copyTo(path, onCopied);
  const copy = files.open(path, "write");
  copy.sync();
  copy.close();
}
