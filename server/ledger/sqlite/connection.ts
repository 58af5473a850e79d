/** One connection to a bank's file: its settings of SQLite, its statements, its transactions. */
import { backup, DatabaseSync, type StatementSync } from "node:sqlite";
import { UsageError } from "../../../lib/errors.ts";
import {
  probeBytes,
  sqliteBackupPages,
  sqliteCheckpointPages,
  sqliteLockMsMax,
} from "../../../lib/limits.ts";
import { isThere, type OnCopied, removeIfThere } from "../../../lib/private_file.ts";
import type { Files } from "../../../lib/world.ts";
import { numberOf, type Row } from "../rows.ts";
import { CannotOpen, DiskFull, FileInUse, UnusableFile } from "../store.ts";

export type Value = number | bigint | string | Uint8Array | null;

/**
 * COMMIT failed, or so did the ROLLBACK after an earlier failure: the file's state is unknown, and
 * this connection may read an older state than another one will.
 */
export class CommitFailed extends Error {
  override name = "CommitFailed";
}

export class SqliteConnection {
  readonly #statements = new Map<string, StatementSync>();
  /** Why the last commit is in doubt. */
  #fault = "";

  private constructor(
    readonly path: string,
    private readonly database: DatabaseSync,
    private readonly onClosed = () => {},
  ) {}

  /**
   * Opens a file for this process alone, and creates it if it is missing. First copies the
   * write-ahead log of an earlier connection into the file: after a failed sync the next one may
   * succeed without having written the lost pages.
   * @param prepare runs in the first transaction; if it throws, the file is closed unchanged
   * @throws SQLite's error if another process has the file, it is damaged, or cannot be written
   */
  static open(path: string, prepare: (connection: SqliteConnection) => void): SqliteConnection {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
      database.exec(`PRAGMA busy_timeout = ${sqliteLockMsMax}; PRAGMA locking_mode = EXCLUSIVE`);
      database.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA recursive_triggers = ON",
      );
      database.exec(`PRAGMA wal_autocheckpoint = ${sqliteCheckpointPages}`);
      const connection = new SqliteConnection(path, database);
      connection.#emptyLog();
      connection.transaction(() => prepare(connection));
      return connection;
    } catch (error) {
      database?.close();
      throw error;
    }
  }

  /**
   * Opens a file read-only. Files that SQLite adds to it are removed when it is closed.
   * @param prepare the file is closed if it throws
   * @throws {UsageError} if the file is missing, damaged, or another process has it
   */
  static openToRead(
    files: Files,
    path: string,
    prepare: (connection: SqliteConnection) => void,
  ): SqliteConnection {
    const added = [`${path}-wal`, `${path}-shm`].filter((each) => !isThere(files, each));
    const removeAdded = () => added.forEach((each) => removeIfThere(files, each));
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { readOnly: true });
      database.exec(`PRAGMA busy_timeout = ${sqliteLockMsMax}`);
      const connection = new SqliteConnection(path, database, removeAdded);
      prepare(connection);
      return connection;
    } catch (error) {
      database?.close();
      removeAdded();
      throw explained(files, error as Error, path);
    }
  }

  /**
   * Opens a bank's file for this process alone and commits nothing, so that a full disk does not
   * prevent it. In this mode SQLite needs no file for the index of the write-ahead log.
   * @throws SQLite's error if another process has the file, or it is damaged
   */
  static openUnchanged(path: string): SqliteConnection {
    const database = new DatabaseSync(path);
    try {
      database.exec(`PRAGMA busy_timeout = ${sqliteLockMsMax}; PRAGMA locking_mode = EXCLUSIVE`);
      database.exec("PRAGMA query_only = ON");
      return new SqliteConnection(path, database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /**
   * Runs `act` in a transaction: durable once this returns, rolled back if it throws.
   * @throws {CommitFailed} if neither is certain
   */
  transaction(act: () => void): void {
    this.#requireOpen();
    this.database.exec("BEGIN IMMEDIATE");
    try {
      act();
    } catch (error) {
      if (this.database.isTransaction) this.#end("ROLLBACK");
      throw error;
    }
    this.#end("COMMIT");
  }

  #end(how: "COMMIT" | "ROLLBACK"): void {
    try {
      this.database.exec(how);
    } catch (error) {
      this.#fault = (error as Error).message;
      throw new CommitFailed(this.#fault, { cause: error });
    }
  }

  /** Copies the write-ahead log into the file, syncs that, and empties the log. */
  #emptyLog(): void {
    const { busy } = this.one("PRAGMA wal_checkpoint(TRUNCATE)")!;
    if (numberOf(busy) !== 0) throw new Error("the write-ahead log could not be emptied");
  }

  /** Runs statements that have no parameters and give no rows. */
  exec(sql: string): void {
    this.database.exec(sql);
  }

  /** Runs a statement and returns the number of rows that it changed. */
  run(sql: string, ...values: Value[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  one(sql: string, ...values: Value[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /**
   * Copies the database at one moment to a file.
   * @param onCopied called with the bytes copied, and their total
   */
  async copyTo(path: string, onCopied: OnCopied): Promise<void> {
    const pageBytes = numberOf(this.one("PRAGMA page_size")!.page_size);
    await backup(this.database, path, {
      rate: sqliteBackupPages,
      progress: ({ totalPages, remainingPages }) =>
        onCopied((totalPages - remainingPages) * pageBytes, totalPages * pageBytes),
    });
  }

  get isOpen(): boolean {
    return this.database.isOpen;
  }

  close(): void {
    if (!this.database.isOpen) return;
    this.database.close();
    this.onClosed();
  }

  #requireOpen(): void {
    if (this.database.isOpen) return;
    throw new Error(`the database is closed: a commit is in doubt: ${this.#fault}`);
  }

  #statement(sql: string): StatementSync {
    this.#requireOpen();
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.database.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** Returns an error of opening a file as a `UsageError` that names the remedy, if it has one. */
export function explained(files: Files, error: Error, path: string): Error {
  if (error instanceof UsageError) return error;
  if (/is full|disk I\/O error/.test(error.message) && !hasRoom(files, path)) {
    return new DiskFull(
      `${path} cannot be opened: its disk is full. Make room on it; nothing that was committed is lost`,
    );
  }
  if (/database is locked/.test(error.message)) {
    return new FileInUse(
      `${path} is in use by another process. End it, or send the command to its server`,
    );
  }
  if (/not a database|malformed/.test(error.message)) {
    const { message } = error;
    return new UnusableFile(`${path} is damaged (${message}). Restore it from a backup`, message);
  }
  if (/unable to open|readonly|permission|disk I\/O error|is full/i.test(error.message)) {
    return new CannotOpen(
      `${path} cannot be opened for writing (${error.message}). Check the folder, its permissions, its disk and the limit of open files ('ulimit -n')`,
    );
  }
  return error;
}

/**
 * Returns whether the disk of a file has room. SQLite reports a full disk as an I/O error where it
 * opens a file read-only.
 */
function hasRoom(files: Files, path: string): boolean {
  const probe = `${path}.probe`;
  try {
    const file = files.open(probe, "create");
    try {
      file.writeAt(0, new Uint8Array(probeBytes));
    } finally {
      file.close();
    }
    return true;
  } catch (error) {
    return !/no space/i.test((error as Error).message);
  } finally {
    removeIfThere(files, probe);
  }
}
