/** A bank in PostgreSQL, opened read-only. */
import type { StoreReader } from "../store.ts";
import { openPrepared } from "./connection.ts";
import { ReadConnection } from "./read_connection.ts";
import { PostgresReads } from "./reads.ts";
import { requireVersion, versions } from "./versions.ts";

export class PostgresReader extends PostgresReads implements StoreReader {
  private constructor(private readonly connection: ReadConnection) {
    super((statement) => connection.rows(statement));
  }

  /**
   * Opens a bank read-only.
   * @throws {UsageError} if it cannot be reached, or has no bank, or one of another version
   */
  static async open(url: string): Promise<PostgresReader> {
    (await openPrepared(url, (connection) => requireVersion(connection, versions))).close();
    return new PostgresReader(new ReadConnection(url));
  }

  close(): void {
    this.connection.close();
  }
}
