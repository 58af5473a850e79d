/** A customer's history as a file that spreadsheets open: RFC 4180. */
import type { HistoryEntry } from "../lib/atm.ts";
import { type Currency, decimalText } from "../lib/money.ts";

const columns = ["time", "action", "kind", "outcome", "amount", "currency", "terminal", "place"];

/** Times are RFC 3339 in UTC, amounts decimals; newest first, as they are given. */
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

/** What begins as a formula does is made a text: spreadsheets run formulas. */
function cell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) && !/^-?[0-9.]+$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
