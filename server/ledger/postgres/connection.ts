/** One connection to PostgreSQL: statements sent together, and what may be known of their fate. */
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

type Value = bigint | number | string | Uint8Array | null;

/** Statements of one name have one text: the database keeps their plan. */
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

/** The connection is gone, and nobody knows how far the statements under way have come. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

/** What is used of npm:pg, which has no types of its own. */
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

/** Five letters or digits: a refusal by the database itself, after which the connection goes on. */
const sqlState = /^[0-9A-Z]{5}$/;
/** What is asked of a database first. Of its notices, only warnings say something about a commit. */
const greeting: Statement[] = [
  { name: "read_only", text: "SHOW transaction_read_only" },
  { name: "durable", text: "SHOW synchronous_commit" },
  { name: "superuser", text: "SHOW is_superuser" },
  { name: "notices", text: "SET client_min_messages TO warning" },
];

/**
 * Everything is looked for by its key. A plan that was kept from when a table was small would read all of
 * it when it has grown (measured: 5 ms a movement in the place of 0.1). Other databases of this kind may
 * not know these settings.
 */
const byKeys: Statement[] = ["seqscan", "hashjoin", "mergejoin"].map((way) => ({
  name: `no_${way}`,
  text: `SET enable_${way} TO off`,
}));

/** States of class 57 and the like that end the connection, or say that this server takes no writes. */
const lostStates = /^(57P0[1-5]|08...|25006|53300)$/;

export class PostgresConnection {
  #lost: Error | null = null;
  #warned = false;

  private constructor(private readonly client: PgClient) {
    client.on("error", (error) => this.#lost ??= error);
    client.on("notice", () => this.#warned = true);
  }

  /**
   * Connects to the first of a URL's hosts that takes writes.
   * @param url may name several, as PostgreSQL's own library has it: postgresql://user@one:5432,two/bank
   * @throws {ConnectionLost} when there is none
   * @throws {UsageError} when commits there would not be durable, or nothing could be forbidden
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
      // A server that freezes amid a batch must not keep its rows from the others.
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
        throw new ConnectionLost("the database takes no writes: it is a standby");
      }
      if (durable!.rows[0]!.synchronous_commit === "off") {
        throw new UsageError(
          "the database's synchronous_commit is off, and what it confirms may be lost: set it on",
        );
      }
      if (superuser!.rows[0]!.is_superuser === "on") {
        throw new UsageError(
          "the database's role is a superuser, to whom nothing is forbidden: give the bank a role of its own",
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
   * Sends all statements at once, and gives their results in order.
   * @throws {ConnectionLost} when there is no knowing how far they came
   * @throws what the database refused first; the statements after it had no effect within a transaction
   */
  async run(statements: readonly Statement[]): Promise<Result[]> {
    if (this.#lost) throw new ConnectionLost(this.#lost.message);
    const answers = await Promise.allSettled(
      statements.map(({ name, text, values = [] }) =>
        this.client.query({ name, text, values: [...values] })
      ),
    );
    const results: Result[] = [];
    for (const answer of answers) {
      if (answer.status === "rejected") throw this.#explained(answer.reason);
      results.push(answer.value);
    }
    return results;
  }

  /** Whether the database warned since this was last asked: a commit that did is perhaps not safe. */
  takeWarning(): boolean {
    const warned = this.#warned;
    this.#warned = false;
    return warned;
  }

  /** Lets the connection go, whatever is under way on it. */
  close(): void {
    this.#lost ??= new Error("the connection is closed");
    this.client.end().catch(() => {});
  }

  #explained(error: Error & { code?: string }): Error {
    const refused = sqlState.test(error.code ?? "") && !lostStates.test(error.code!);
    if (refused) return error;
    this.#lost ??= error;
    this.close();
    return new ConnectionLost(error.message);
  }
}

/** The state by which the database names what it refused; undefined for what is not its refusal. */
export function stateOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}
