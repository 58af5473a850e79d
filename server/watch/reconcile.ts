/** Finds the differences between a terminal's own report of its day and the books. Pure. */
import { type Currency, formatMoney } from "../../lib/money.ts";
import type { AskOf } from "../../lib/protocol/message.ts";
import type { Movement } from "../ledger/model.ts";

export type TerminalReport = Omit<AskOf<"reconcile">, "op">;

/** The books about a terminal. */
export interface BooksOfTerminal {
  terminal: string;
  /** Rows of movements that the report names, in the order of steps. */
  rows: ReadonlyMap<string, readonly Movement[]>;
  /** Value of the notes in the terminal. */
  cash: bigint;
}

/** Returns every difference in words; an empty result without differences. */
export function differencesOf(
  { cash, movements }: TerminalReport,
  books: BooksOfTerminal,
  currency: Currency,
): string[] {
  const money = (minor: bigint) => formatMoney(minor, currency);
  const differences = movements.flatMap(({ movement, amount }) => {
    const rows = books.rows.get(movement) ?? [];
    // A transfer in doubt that operators have decided: the terminal has no other outcome of it.
    if (rows.some(({ kind, operator }) => kind === "transfer" && operator !== "")) return [];
    const booked = bookedBy(rows, books.terminal);
    const moved = absolute(BigInt(amount));
    if (booked === moved || (booked === "nothing" && moved === 0n)) return [];
    const has = booked === "open"
      ? "has it open"
      : `has ${booked === "nothing" ? booked : money(booked)}`;
    return [`movement ${movement}: the ATM has ${money(moved)}, the bank ${has}`];
  });
  const over = BigInt(cash) - books.cash;
  if (over !== 0n) {
    const what = over > 0n ? `${money(over)} over` : `${money(-over)} missing`;
    differences.push(
      `notes: the ATM has ${money(BigInt(cash))}, the bank has ${money(books.cash)}: ${what}`,
    );
  }
  return differences;
}

/** Returns what the books have of a movement, as the terminal's devices should have it. */
function bookedBy(rows: readonly Movement[], terminal: string): bigint | "nothing" | "open" {
  const last = rows.filter(({ action }) => action !== "correct" && action !== "doubt").at(-1);
  if (last === undefined || last.terminal !== terminal) return "nothing";
  if (last.action === "authorise") return last.outcome === "ok" ? "open" : "nothing";
  if (last.action === "report") return last.amount;
  return last.outcome === "ok" ? last.booked : "nothing";
}

const absolute = (amount: bigint) => amount < 0n ? -amount : amount;
