/** The connection for reads outside batches. */
import type { Row } from "../rows.ts";
import { ConnectionLost, PostgresConnection, type Statement } from "./connection.ts";

/** Connects on the first read, and again after the connection was lost. */
export class ReadConnection {
  #opening: Promise<PostgresConnection> | null = null;
  #connection: PostgresConnection | null = null;

  constructor(private readonly url: string) {}

  async rows(statement: Statement): Promise<Row[]> {
    try {
      return await this.#rows(statement);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      return await this.#rows(statement); // retried on another connection, since reading changes nothing
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
