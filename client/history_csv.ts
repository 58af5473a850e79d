/** A customer's history as CSV (RFC 4180). */
import type { HistoryEntry } from "../lib/atm.ts";
import { type Currency, decimalText } from "../lib/money.ts";

const columns = ["time", "action", "kind", "outcome", "amount", "currency", "terminal", "place"];

/** Formats entries in their order. Times are RFC 3339 in UTC, amounts are decimals. */
export function historyCsv(entries: readonly HistoryEntry[], currency: Currency): string {
  const rows = entries.map(({ time, action, kind, outcome, amount, terminal, place }) => [
    time,
    action,
    kind,
    outcome,
    amount === undefined ? "" : decimalText(BigInt(amount), currency.exponent),
    amount === undefined ? "" : currency.code,
    terminal,
    place,
  ]);
  return [columns, ...rows].map((row) => row.map(cell).join(",") + "\r\n").join("");
}

/**
 * Quotes a cell. Escapes a text that begins like a formula, since spreadsheets evaluate formulas.
 */
function cell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) && !/^-?[0-9.]+$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
