/** Lists as an operator reads them: a table with headers, or a line of JSON for each row. */
import type { OperatorAnswer } from "./request.ts";

/** A row: its cells for people, in the order of the headers, and its facts for scripts. */
export interface Row {
  cells: readonly string[];
  facts: Readonly<Record<string, unknown>>;
}

/** Yields rows as a table, whose headers are there without rows too, or as lines of JSON. */
export function* listed(
  headers: readonly string[],
  rows: readonly Row[],
  json: boolean,
): Generator<OperatorAnswer> {
  if (json) {
    for (const { facts } of rows) yield { line: JSON.stringify(facts) };
    return;
  }
  for (const line of tableOf(headers, rows.map(({ cells }) => cells))) yield { line };
}

/** Returns the lines of a table; its columns are as wide as their widest cell. */
export function tableOf(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [headers.map((header) => header.toUpperCase()), ...rows];
  const widths = headers.map((_, column) =>
    Math.max(...all.map((cells) => widthOf(cells[column] ?? "")))
  );
  return all.map((cells) =>
    cells.map((cell, column) => cell + " ".repeat(widths[column]! - widthOf(cell))).join("  ")
      .trimEnd()
  );
}

const widthOf = (text: string) => [...text].length;

/** Returns a bar of this length: `######----` for 0.6 of 10. */
export function barOf(part: number, length: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * length);
  return "#".repeat(full) + "-".repeat(length - full);
}

/** Returns a length of time in words: "3 d 4 h", "4 h 12 min", "12 min", "8 s". */
export function timeInWords(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor(minutes / 60) % 24];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min` : `${seconds} s`;
}
