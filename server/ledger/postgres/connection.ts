/** One connection to PostgreSQL: sends statements together, and determines their outcome. */
import pg from "pg";
import { urlsOf } from "../../../lib/database_url.ts";
import { UsageError } from "../../../lib/errors.ts";
import {
  databaseAnswerMsMax,
  databaseConnectMsMax,
  databaseLockMsMax,
  databaseRestMsMax,
} from "../../../lib/limits.ts";
import type { Row } from "../rows.ts";

export type Value = bigint | number | string | Uint8Array | null;

/** Statements with the same name have the same text: the database caches their plan. */
export interface Statement {
  name: string;
  text: string;
  values?: readonly (Value | readonly Value[])[];
}

export interface Result {
  rows: Row[];
  rowCount: number | null;
  /** "COMMIT", "ROLLBACK", "UPDATE" … */
  command: string;
}

/** The connection is lost: the outcome of pending statements is unknown. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

/** It is unknown whether a transaction is committed, or will stay committed. */
export class CommitUnsure extends Error {
  override name = "CommitUnsure";
}

/** The used part of npm:pg, which has no types. */
interface PgClient {
  connect(): Promise<void>;
  query(statement: { name: string; text: string; values: unknown[] }): Promise<Result>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "notice", listener: () => void): void;
}

/** PostgreSQL's numbers for the types that the schema uses. */
const parsers: Record<number, (text: string) => unknown> = {
  17: (text) => Uint8Array.fromHex(text.slice(2)), // bytea, as \x…
  20: BigInt,
  21: Number,
  23: Number,
};

/** Five letters or digits: an error of the database, which has rolled back the transaction. */
const sqlState = /^[0-9A-Z]{5}$/;
/** States that end the connection, with an unknown outcome of pending statements. */
const cutStates = /^(57P0.|08...)$/;
/**
 * States after which the connection is closed: also those of a server that is read-only or has no
 * free connections.
 */
const lostStates = /^(57P0.|08...|25006|53300)$/;

/** Sent first. Of the notices, only warnings concern a commit. */
const greeting: Statement[] = [
  { name: "read_only", text: "SHOW transaction_read_only" },
  { name: "durable", text: "SHOW synchronous_commit" },
  { name: "superuser", text: "SHOW is_superuser" },
  { name: "notices", text: "SET client_min_messages TO warning" },
];

/**
 * Every row is found by its key. A plan cached from when a table was small would scan all of it
 * after it has grown (measured: 5 ms per movement instead of 0.1). Other databases with this
 * protocol may lack these settings.
 */
const byKeys: Statement[] = ["seqscan", "hashjoin", "mergejoin"].map((way) => ({
  name: `no_${way}`,
  text: `SET enable_${way} TO off`,
}));

export class PostgresConnection {
  #lost: Error | null = null;
  #warned = false;

  private constructor(private readonly client: PgClient) {
    client.on("error", (error) => this.#lost ??= error);
    client.on("notice", () => this.#warned = true);
  }

  /**
   * Connects to the first of a URL's hosts that accepts writes.
   * @param url may list several, as in libpq: postgresql://user@one:5432,two/bank
   * @throws {ConnectionLost} if none exists
   * @throws {UsageError} if commits there would not be durable, or the role is a superuser
   */
  static async open(url: string): Promise<PostgresConnection> {
    let why: Error | undefined;
    for (const each of urlsOf(url)) {
      try {
        return await PostgresConnection.#openOne(each);
      } catch (error) {
        why = error as Error;
      }
    }
    throw why;
  }

  static async #openOne(url: string): Promise<PostgresConnection> {
    const client = new pg.Client({
      connectionString: url,
      pipeline: true,
      keepAlive: true,
      connectionTimeoutMillis: databaseConnectMsMax,
      // A server that freezes during a batch must not keep its rows locked.
      idle_in_transaction_session_timeout: databaseRestMsMax,
      lock_timeout: databaseLockMsMax,
      query_timeout: databaseAnswerMsMax,
      types: { getTypeParser: (type: number) => parsers[type] ?? String },
    }) as PgClient;
    const connection = new PostgresConnection(client);
    try {
      await client.connect();
      const [readOnly, durable, superuser] = await connection.run(greeting);
      if (readOnly!.rows[0]!.transaction_read_only === "on") {
        throw new ConnectionLost("the database is read-only: it is a standby");
      }
      if (durable!.rows[0]!.synchronous_commit === "off") {
        throw new UsageError(
          "the database's synchronous_commit is off: confirmed commits may be lost. Set it to on",
        );
      }
      if (superuser!.rows[0]!.is_superuser === "on") {
        throw new UsageError(
          "the database's role is a superuser, which bypasses all restrictions. Use another role for the bank",
        );
      }
      await connection.run(byKeys).catch(() => {});
      return connection;
    } catch (error) {
      connection.close();
      const known = error instanceof ConnectionLost || error instanceof UsageError;
      throw known ? error : new ConnectionLost((error as Error).message);
    }
  }

  /** Whether statements can still be sent. */
  get usable(): boolean {
    return this.#lost === null;
  }

  /**
   * Sends all statements at once, and returns their results in order.
   * @throws {ConnectionLost} if their outcome is unknown
   * @throws the database's first error; within a transaction the later statements had no effect
   */
  async run(statements: readonly Statement[]): Promise<Result[]> {
    const results: Result[] = [];
    for (const answer of await this.#send(statements)) {
      if (answer.status === "rejected") throw this.#explained(answer.reason);
      results.push(answer.value);
    }
    return results;
  }

  /**
   * Sends the last statements of a transaction, and COMMIT.
   * @throws {CommitUnsure} if the commit has no answer, fails, or ends with a warning: 01000
   *   means that the wait for a standby was cancelled
   * @throws the database's error: the transaction is rolled back
   */
  async commit(statements: readonly Statement[]): Promise<void> {
    this.#warned = false;
    const answers = await this.#send([...statements, { name: "commit", text: "COMMIT" }]);
    const failed = answers.findIndex(({ status }) => status === "rejected");
    if (failed >= 0) {
      const { reason } = answers[failed] as PromiseRejectedResult;
      const isRefused = failed < statements.length && sqlState.test(reason.code ?? "") &&
        !cutStates.test(reason.code);
      this.#explained(reason);
      throw isRefused ? reason : new CommitUnsure(reason.message, { cause: reason });
    }
    const { command } = (answers.at(-1) as PromiseFulfilledResult<Result>).value;
    if (command === "ROLLBACK") throw new Error("the database rolled a commit back");
    if (this.#warned || command !== "COMMIT") {
      throw new CommitUnsure("a commit ended with a warning");
    }
  }

  /** Sends statements. @throws {ConnectionLost} if the connection was already lost */
  async #send(statements: readonly Statement[]): Promise<PromiseSettledResult<Result>[]> {
    if (this.#lost) throw new ConnectionLost(this.#lost.message);
    return await Promise.allSettled(
      statements.map(({ name, text, values = [] }) =>
        this.client.query({ name, text, values: [...values] })
      ),
    );
  }

  /** Closes the connection, with any pending statements. */
  close(): void {
    this.#lost ??= new Error("the connection is closed");
    this.client.end().catch(() => {});
  }

  /** Closes the connection after errors that make it unusable; returns the error to throw. */
  #explained(error: Error & { code?: string }): Error {
    const refused = sqlState.test(error.code ?? "") && !lostStates.test(error.code!);
    if (refused) return error;
    this.#lost ??= error;
    this.close();
    return new ConnectionLost(error.message);
  }
}

/** Returns the SQLSTATE of a database's error; undefined for any other error. */
export function stateOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

/**
 * Opens a connection and prepares it; closes it if that fails.
 * @throws {UsageError} if the database cannot be reached
 */
export async function openPrepared(
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
      `the database cannot be used (${error.message}). Check that it is running and that the URL is correct`,
    );
  }
}
