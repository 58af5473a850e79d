/** What the rules of one batch share: its books, its time, and the rows and entries they write. */
import { type AtmOutcome, inWords } from "../../../lib/errors.ts";
import { formatMoney } from "../../../lib/money.ts";
import type { Account, Books, Movement } from "../books.ts";
import type { AuditEntry, Reply } from "../command.ts";

/** A reply, before the batch's time is put to it. */
export type Answer = Omit<Reply, "timeMs">;

/** A movement's row, before its balances and time are. */
export type NewRow = Omit<Movement, "debitBalance" | "creditBalance" | "timeMs">;

export class Batch {
  readonly entries: AuditEntry[] = [];

  constructor(readonly books: Books, readonly timeMs: number) {}

  log(who: string, action: string, facts: Partial<AuditEntry> & { outcome: AtmOutcome }): void {
    this.entries.push({ who, action, timeMs: this.timeMs, kind: "other", terminal: "", ...facts });
  }

  addRow(row: NewRow): Movement {
    const balance = (id: number | null) => id === null ? null : this.books.account(id)!.balance;
    return this.books.addMovement({
      id: row.id,
      step: row.step,
      action: row.action,
      kind: row.kind,
      terminal: row.terminal,
      customer: row.customer,
      debit: row.debit,
      credit: row.credit,
      amount: row.amount,
      booked: row.booked,
      currency: row.currency,
      outcome: row.outcome,
      debitBalance: balance(row.debit),
      creditBalance: balance(row.credit),
      timeMs: this.timeMs,
    });
  }

  /** A movement in one step. */
  book(
    { movement, kind, terminal, debit, credit, amount, customer = "" }: {
      movement: string;
      kind: "load" | "opening";
      terminal: string;
      debit: Account;
      credit: Account;
      amount: bigint;
      customer?: string;
    },
  ): Movement {
    this.books.adjust(debit.id, { balance: -amount });
    this.books.adjust(credit.id, { balance: amount });
    return this.addRow({
      id: movement,
      step: 1,
      action: "book",
      kind,
      terminal,
      customer,
      debit: debit.id,
      credit: credit.id,
      amount,
      booked: amount,
      currency: debit.currency,
      outcome: "ok",
    });
  }

  money(amount: bigint): string {
    return formatMoney(amount, this.books.settings.currency);
  }

  terminalName(id: string): string {
    return this.books.terminal(id)?.name ?? "";
  }
}

/** The action in the words of the log: "withdraw €100.00 failed - insufficient funds". */
export function failed(action: string, outcome: AtmOutcome): string {
  return outcome === "ok" ? action : `${action} failed - ${inWords(outcome)}`;
}
