/**
 * An ATM's database, which survives its processes: SQLite in memory. A process reaches it through a
 * guard that refuses a dead one, and that may let the process crash before and after each write.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Process } from "./host.ts";

type Value = null | number | bigint | string | Uint8Array;

export class DurableDatabase {
  readonly raw = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();

  /** Returns the database as a process has it, until the process ends. */
  openFor(process: Process): DatabaseSync {
    process.atEnd(() => this.raw.isTransaction && this.raw.exec("ROLLBACK"));
    return new GuardedDatabase(this, process) as unknown as DatabaseSync;
  }

  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, statement = this.raw.prepare(sql));
    return statement;
  }

  /** Reads as an onlooker does. */
  look(sql: string): Record<string, string | number | null>[] {
    return this.statement(sql).all() as Record<string, string | number | null>[];
  }
}

const writes = /^\s*(INSERT|UPDATE|DELETE|COMMIT)/i;

class GuardedDatabase {
  constructor(private readonly durable: DurableDatabase, private readonly process: Process) {}

  get isTransaction(): boolean {
    return this.process.alive && this.durable.raw.isTransaction;
  }

  exec(sql: string): void {
    this.guarded(sql, () => this.durable.raw.exec(sql));
  }

  prepare(sql: string) {
    this.process.requireAlive();
    const { durable } = this;
    const statement = durable.statement(sql);
    const run = <T>(work: () => T) => this.guarded(sql, work);
    return {
      run: (...values: Value[]) => run(() => statement.run(...values)),
      get: (...values: Value[]) => run(() => statement.get(...values)),
      all: (...values: Value[]) => run(() => statement.all(...values)),
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
