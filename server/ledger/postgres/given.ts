/** Builds statements about many rows, which are passed as arrays, one per column. */
import type { Statement, Value } from "./connection.ts";

/** A column of the rows that are passed to a statement. */
export type Column = [name: string, type: string, values: readonly Value[]];

/** Inserts rows that the table does not have yet. */
export function insert(name: string, table: string, columns: Column[]): Statement[] {
  const names = columns.map(([name]) => name).join(", ");
  return given(
    `insert_${name}`,
    `INSERT INTO ${table} (${names}) SELECT ${names} FROM given`,
    columns,
  );
}

/** Returns a statement about rows, which it calls `given`; no statement if there are no rows. */
export function given(name: string, text: string, columns: Column[]): Statement[] {
  if (columns[0]![2].length === 0) return [];
  const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(", ");
  const names = columns.map(([name]) => name).join(", ");
  const rows = `unnest(${arrays}) AS given (${names})`;
  return [{
    name,
    text: text.replace("FROM given", `FROM ${rows}`),
    values: columns.map(([, , values]) => values),
  }];
}
