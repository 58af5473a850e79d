/** The ledger's store on SQLite: one file, one owner, every commit on disk before it returns. */
import type { WorldWithFiles } from "../../../lib/world.ts";
import type { SealedEntry } from "../../audit/entry.ts";
import type { Changes, Loaded, Settings } from "../model.ts";
import { numberOf } from "../rows.ts";
import type { ReadStore, Store } from "../store.ts";
import type { Touch } from "../touch.ts";
import { writeBatch } from "./commit.ts";
import { SqliteConnection } from "./connection.ts";
import { KeptRows } from "./kept_rows.ts";
import { load } from "./load.ts";
import { SqliteReads } from "./reads.ts";
import { prepareSchema, versions } from "./versions.ts";

export class SqliteStore extends SqliteReads implements Store {
  readonly #kept = new KeptRows();

  private constructor(private readonly world: WorldWithFiles, connection: SqliteConnection) {
    super(connection);
  }

  /**
   * Opens the bank's file, or makes it with these settings; takes it for this process alone.
   * @throws {UsageError} when another process has it, when it is damaged or of a newer version, or when
   *   there is no such file
   */
  static open(world: WorldWithFiles, path: string, create?: Settings): SqliteStore {
    const prepare = (connection: SqliteConnection) =>
      prepareSchema(connection, { versions, create });
    return new SqliteStore(world, SqliteConnection.open(path, prepare));
  }

  load(touch: Touch): Loaded {
    return load(this.connection, this.#kept, touch);
  }

  commit(changes: Changes, entries: readonly SealedEntry[]): void {
    try {
      this.connection.transaction(() => writeBatch(this.connection, changes, entries));
      this.#kept.committed(changes);
    } catch (error) {
      this.#kept.clear();
      throw error;
    }
  }

  /** What can be read here is on disk. */
  confirm(): void {}

  openChain(id: Uint8Array): number {
    const { connection } = this;
    connection.run("INSERT INTO audit_chains (id) VALUES (?) ON CONFLICT DO NOTHING", id);
    return numberOf(connection.one("SELECT number FROM audit_chains WHERE id = ?", id)!.number);
  }

  /** All else waits until it is read, since this thread does one thing at a time. */
  snapshot<T>(read: (store: ReadStore) => Promise<T>): Promise<T> {
    return read(this);
  }

  /** Nothing commits meanwhile. */
  async backUp(path: string): Promise<void> {
    await this.connection.copyTo(path);
    const copy = this.world.files.open(path, "write");
    copy.sync();
    copy.close();
  }

  close(): void {
    this.connection.close();
  }
}
