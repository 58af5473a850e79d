/** A bank's file, opened read-only. */
import type { StoreReader } from "../store.ts";
import { SqliteConnection } from "./connection.ts";
import { SqliteReads } from "./reads.ts";
import { requireVersion, versions } from "./versions.ts";

export class SqliteReader extends SqliteReads implements StoreReader {
  /**
   * Opens it.
   * @throws {UsageError} if there is no bank, or it is damaged, in use, or of another version
   */
  static open(path: string): SqliteReader {
    const requireBank = (connection: SqliteConnection) => requireVersion(connection, versions);
    return new SqliteReader(SqliteConnection.openToRead(path, requireBank));
  }

  close(): void {
    this.connection.close();
  }
}
