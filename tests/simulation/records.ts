/** A bank's rows as judges read them: straight from the tables, past all of the product's own code. */
import { DatabaseSync } from "node:sqlite";
import type { MemoryTables } from "./memory_tables.ts";

export interface AccountRecord {
  number: string;
  kind: string;
  owner: string;
  balance: bigint;
  held: bigint;
}

export interface MovementRecord {
  id: string;
  step: number;
  action: string;
  kind: string;
  terminal: string;
  customer: string;
  operator: string;
  /** Numbers of accounts. */
  debit: string | null;
  credit: string | null;
  amount: bigint;
  booked: bigint;
  outcome: string;
}

/** An entry of the log as it is stored. */
export interface EntryRecord {
  chain: number;
  sequence: number;
  epoch: number;
  keyVersion: number;
  who: Uint8Array;
  commitment: Uint8Array;
  sealed: Uint8Array;
  tag: Uint8Array;
}

/** The operators, and the ids of the proposals that wait. */
export interface StaffRecord {
  operators: { name: string; role: string; publicKey: string }[];
  proposals: string[];
}

export interface Records {
  accounts: AccountRecord[];
  movements: MovementRecord[];
  /** Ids of the movements listed as open. */
  holds: string[];
  /** As they were committed; in a file, each chain after the one before. */
  entries: EntryRecord[];
  chains: { number: number; id: Uint8Array }[];
}

export function recordsInMemory(tables: MemoryTables): Records {
  const numberOf = (id: number | null) => id === null ? null : tables.accounts.get(id)!.number;
  return {
    accounts: [...tables.accounts.values()],
    movements: [...tables.movements.values()].flat().map((row) => ({
      ...row,
      debit: numberOf(row.debit),
      credit: numberOf(row.credit),
    })),
    holds: [...tables.holds.keys()],
    entries: tables.log,
    chains: [...tables.chains.values()],
  };
}

export function staffInMemory(tables: MemoryTables): StaffRecord {
  const { operators, proposals } = tables.share("staff");
  return { operators: [...operators], proposals: proposals.map(({ id }) => id) };
}

/** @param path of a file that no process has open */
export function staffInSqlite(path: string): StaffRecord {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rowsOf = (kind: string) =>
      database.prepare("SELECT value FROM settings WHERE name LIKE ? || ' %'").all(kind)
        .map(({ value }) => JSON.parse(String(value)));
    return { operators: rowsOf("operator"), proposals: rowsOf("proposal").map(({ id }) => id) };
  } finally {
    database.close();
  }
}

/** @param path of a file that no process has open */
export function recordsInSqlite(path: string): Records {
  const database = new DatabaseSync(path);
  try {
    return recordsOf((sql) => {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      return statement.all() as Row[];
    }, "place >> 40 AS chain, place & ((1 << 40) - 1) AS sequence, * FROM audit ORDER BY place");
  } finally {
    database.close();
  }
}

/** Returns the terminals that had not retold yet. @param path of a backup */
export function waitingInSqlite(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare(
      "SELECT substr(name, 8) AS name FROM settings WHERE name LIKE 'retell %'",
    );
    return rows.all().map(({ name }) => String(name));
  } finally {
    database.close();
  }
}

/** @param run runs a statement in the bank's database */
export async function recordsInPostgres(run: (sql: string) => Promise<Row[]>): Promise<Records> {
  const tables = ["accounts", "movements", "holds", "audit ORDER BY position", "audit_chains"];
  const rows = new Map<string, Row[]>();
  for (const table of tables) {
    rows.set(`SELECT * FROM ${table}`, await run(`SELECT * FROM ${table}`));
  }
  return recordsOf((sql) => rows.get(sql)!, "* FROM audit ORDER BY position");
}

// deno-lint-ignore no-explicit-any -- columns are what the schema says
type Row = Record<string, any>;

/** @param audit selects the log's entries, as they were committed */
function recordsOf(all: (sql: string) => Row[], audit: string): Records {
  const accounts = all("SELECT * FROM accounts");
  const numbers = new Map(accounts.map(({ id, number }) => [String(id), number]));
  const numberOf = (id: unknown) => id === null ? null : numbers.get(String(id));
  return {
    accounts: accounts.map((row) => ({
      number: row.number,
      kind: row.kind,
      owner: row.owner,
      balance: BigInt(row.balance),
      held: BigInt(row.held),
    })),
    movements: all("SELECT * FROM movements").map((row) => ({
      id: row.id.toHex(),
      step: Number(row.step),
      action: row.action,
      kind: row.kind,
      terminal: row.terminal,
      customer: row.customer,
      operator: row.operator,
      debit: numberOf(row.debit),
      credit: numberOf(row.credit),
      amount: BigInt(row.amount),
      booked: BigInt(row.booked),
      outcome: row.outcome,
    })),
    holds: all("SELECT * FROM holds").map(({ movement }) => movement.toHex()),
    entries: all(`SELECT ${audit}`).map((row) => ({
      chain: Number(row.chain),
      sequence: Number(row.sequence),
      epoch: Number(row.epoch),
      keyVersion: Number(row.key_version),
      who: row.who,
      commitment: row.commitment,
      sealed: row.sealed,
      tag: row.tag,
    })),
    chains: all("SELECT * FROM audit_chains").map(({ number, id }) => ({
      number: Number(number),
      id,
    })),
  };
}
