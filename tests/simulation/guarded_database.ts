/**
 * An ATM's database, which survives its processes: SQLite in memory. A process reaches it through a
 * guard that refuses a dead one, and that may let the process crash before and after each write.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Process } from "./host.ts";

type Value = null | number | bigint | string | Uint8Array;

export class DurableDatabase {
  readonly #raw = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  /** What was read since the last change, by statement and values: much is read again and again. */
  readonly #found = new Map<string, unknown>();

  get isTransaction(): boolean {
    return this.#raw.isTransaction;
  }

  /** Returns the database as a process has it, until the process ends. */
  openFor(process: Process): DatabaseSync {
    process.atEnd(() => this.isTransaction && this.exec("ROLLBACK"));
    return new GuardedDatabase(this, process) as unknown as DatabaseSync;
  }

  /** Lets `prepare` change the database as it likes. */
  prepared(prepare: (raw: DatabaseSync) => void): void {
    prepare(this.#raw);
    this.#found.clear();
  }

  exec(sql: string): void {
    if (!changesNothing.test(sql)) this.#found.clear();
    this.#raw.exec(sql);
  }

  run(sql: string, values: Value[]): ReturnType<StatementSync["run"]> {
    this.#found.clear();
    return this.#statement(sql).run(...values);
  }

  get(sql: string, values: Value[]): ReturnType<StatementSync["get"]> {
    return this.#read(`get ${sql}`, values, () => this.#statement(sql).get(...values));
  }

  all(sql: string, values: Value[] = []): ReturnType<StatementSync["all"]> {
    return [...this.#read(sql, values, () => this.#statement(sql).all(...values))];
  }

  /** Reads as an onlooker does. */
  look(sql: string): Record<string, string | number | null>[] {
    return this.all(sql) as Record<string, string | number | null>[];
  }

  #read<T>(sql: string, values: Value[], read: () => T): T {
    const key = [sql, ...values].join("\0");
    if (!this.#found.has(key)) this.#found.set(key, read());
    return this.#found.get(key) as T;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.#raw.prepare(sql));
    return statement;
  }
}

const changesNothing = /^(BEGIN|COMMIT|PRAGMA)/;
const writes = /^\s*(INSERT|UPDATE|DELETE|COMMIT)/i;

class GuardedDatabase {
  constructor(private readonly durable: DurableDatabase, private readonly process: Process) {}

  get isTransaction(): boolean {
    return this.process.alive && this.durable.isTransaction;
  }

  exec(sql: string): void {
    this.guarded(sql, () => this.durable.exec(sql));
  }

  prepare(sql: string) {
    this.process.requireAlive();
    const { durable } = this;
    const run = <T>(work: () => T) => this.guarded(sql, work);
    return {
      run: (...values: Value[]) => run(() => durable.run(sql, values)),
      get: (...values: Value[]) => run(() => durable.get(sql, values)),
      all: (...values: Value[]) => run(() => durable.all(sql, values)),
    };
  }

  close(): void {
    this.process.requireAlive();
  }

  private guarded<T>(sql: string, work: () => T): T {
    this.process.requireAlive();
    if (!writes.test(sql)) return work();
    const verb = sql.slice(0, 24).trim().split("\n")[0]!;
    this.process.point(`before ${verb}`);
    const result = work();
    this.process.point(`after ${verb}`);
    return result;
  }
}
