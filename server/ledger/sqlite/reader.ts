/** A bank's file, opened read-only. */
import type { Files } from "../../../lib/world.ts";
import type { FileReader } from "../store.ts";
import { SqliteConnection } from "./connection.ts";
import { SqliteReads } from "./reads.ts";
import { requireBank, requireVersion, versions } from "./versions.ts";

export class SqliteReader extends SqliteReads implements FileReader {
  /**
   * Opens it.
   * @throws {UsageError} if there is no bank, or it is damaged, in use, or of another version
   */
  static open(files: Files, path: string): SqliteReader {
    const prepare = (connection: SqliteConnection) => requireVersion(connection, versions);
    return new SqliteReader(SqliteConnection.openToRead(files, path, prepare));
  }

  /**
   * Opens a file before it is opened for writing; returns null for one that will be upgraded then.
   * @throws {UsageError} if there is no bank, or it is damaged, in use, or of a newer version
   */
  static inspect(files: Files, path: string): SqliteReader | null {
    let version = 0;
    const findVersion = (connection: SqliteConnection) => {
      version = requireBank(connection, versions);
    };
    const reader = new SqliteReader(SqliteConnection.openToRead(files, path, findVersion));
    if (version === versions.length) return reader;
    reader.close();
    return null;
  }

  /** Returns the first fault of a page; null for none. `damage` checks the rows, too. */
  unreadable(): string | null {
    this.connection.exec("PRAGMA ignore_check_constraints = ON");
    const { quick_check: found } = this.connection.one("PRAGMA quick_check(1)")!;
    return found === "ok" ? null : String(found).replaceAll("\n", " ");
  }

  close(): void {
    this.connection.close();
  }
}
