/** The books and the time of one batch, and the rows and entries that the rules write. */
import { inWords, type LoggedOutcome, type Outcome } from "../../../lib/errors.ts";
import { formatMoney } from "../../../lib/money.ts";
import type { Books } from "../books.ts";
import type { Account, Failures, Movement } from "../model.ts";
import {
  type AuditEntry,
  type EntryWithRows,
  type RowChange,
  stepNumbers,
} from "../../audit/entry.ts";
import { canonicalMovement, changeOf } from "../canonical.ts";
import type { Reply } from "../command.ts";
import { bankDayOf } from "../day.ts";

/** A reply without the batch's time. */
export type Answer = Omit<Reply, "timeMs">;

/** A movement's row without its balances and time. */
export type NewRow =
  & Omit<
    Movement,
    "debitBalance" | "creditBalance" | "day" | "timeMs" | "operator" | "messageHash" | "token"
  >
  & Partial<Pick<Movement, "operator" | "messageHash" | "token">>
  & {
    /** The day to which the movement was charged, if it is not the batch's. */
    chargedDay?: number;
    /** The device's status on which a later row rests. */
    status?: string;
  };

/** The clocks that a batch depends on, as well as its own time. */
export interface BatchClocks {
  /** The store's clock. */
  nowMs: number;
  /** The store's clock, as if it had run on while it is in doubt: throttles count by it. */
  steadyMs: number;
  /** The bank's time before the batch, which sets it back; null for a batch that does not. */
  setBackFromMs: number | null;
}

export class Batch {
  readonly entries: EntryWithRows[] = [];

  /** The bank's day. */
  readonly day: number;
  /** The number of times that the bank's time was set back, this batch included. */
  readonly setBacks: number;

  constructor(readonly books: Books, readonly timeMs: number, readonly clocks: BatchClocks) {
    this.setBacks = books.setBacks + (clocks.setBackFromMs === null ? 0 : 1);
    this.day = this.dayOf(timeMs);
  }

  /** The store's clock, by which throttles count. */
  get steadyMs(): number {
    return this.clocks.steadyMs;
  }

  /** Returns the bank's day at an instant since its time was last set back. */
  dayOf(timeMs: number): number {
    return bankDayOf(timeMs, this.books.settings.timeZone, this.setBacks);
  }

  log(
    who: string,
    action: string,
    facts: Partial<EntryWithRows> & { outcome: LoggedOutcome },
  ): void {
    const entry: EntryWithRows = {
      who,
      action,
      timeMs: this.timeMs,
      kind: "other",
      terminal: "",
      ...facts,
    };
    if (facts.step) entry.rows = [this.#rowOf(entry)];
    this.entries.push(entry);
  }

  /** Returns the movement's row that an entry covers, which is written before its entry. */
  #rowOf({ movement, step }: AuditEntry): RowChange {
    const row = this.books.movement(movement!, stepNumbers[step!])!;
    return changeOf(null, canonicalMovement(row));
  }

  /**
   * Adds a command's changes other than by movements to its last entry without a step; to its last one
   * if each has a step.
   * @param next the index of its first entry
   */
  logAdministered(next: number): void {
    const rows = this.books.takeAdministered();
    if (rows.length === 0) return;
    const other = this.entries.findLastIndex(({ step }, at) => at >= next && !step);
    const index = other < 0 ? this.entries.length - 1 : other;
    if (index < next) throw new Error(`no entry covers ${rows[0]!.name}`);
    const entry = this.entries[index]!;
    this.entries[index] = { ...entry, rows: [...entry.rows ?? [], ...rows] };
  }

  /**
   * Adds an operator's signed request to the first entry of the operator's.
   * @param next the index of the command's first entry
   */
  sign(next: number, signed: string): void {
    const index = this.entries.findIndex(({ who }, at) =>
      at >= next && who.startsWith("operator ")
    );
    if (index >= 0) this.entries[index] = { ...this.entries[index]!, signed };
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
      operator: row.operator ?? "",
      debit: row.debit,
      credit: row.credit,
      amount: row.amount,
      booked: row.booked,
      currency: row.currency,
      outcome: row.outcome,
      debitBalance: balance(row.debit),
      creditBalance: balance(row.credit),
      day: row.chargedDay ?? this.day,
      timeMs: this.timeMs,
      messageHash: row.messageHash ?? "",
      token: (row.step === 1 ? row.token : row.status) ?? "",
    });
  }

  /** Returns the charges of an account's present day. */
  chargedToday({ day, dayOut, dayIn }: Account): { dayOut: bigint; dayIn: bigint } {
    return day === this.day ? { dayOut, dayIn } : { dayOut: 0n, dayIn: 0n };
  }

  /** Books a movement of the bank's own in one step; a refused one is a row that moves nothing. */
  book(
    { movement, kind, terminal, debit, credit, amount, currency, outcome, customer = "" }: {
      movement: string;
      kind: "load" | "opening";
      terminal: string;
      debit: Account | undefined;
      credit: Account | undefined;
      amount: bigint;
      currency: string;
      outcome: Outcome;
      customer?: string;
    },
  ): Movement {
    if (outcome === "ok") {
      this.books.adjust(debit!.id, { balance: -amount });
      this.books.adjust(credit!.id, { balance: amount });
    }
    return this.addRow({
      id: movement,
      step: 1,
      action: "book",
      kind,
      terminal,
      customer,
      debit: debit?.id ?? null,
      credit: credit?.id ?? null,
      amount,
      booked: outcome === "ok" ? amount : 0n,
      currency,
      outcome,
    });
  }

  money(amount: bigint): string {
    return formatMoney(amount, this.books.settings.currency);
  }

  terminalName(id: string): string {
    return this.books.terminal(id)?.name ?? "";
  }
}

/**
 * Returns the failures of a source. Those with a later time, by a clock that was ahead, count from now on:
 * no wait is longer than its maximum.
 */
export function failuresOf({ books, steadyMs }: Batch, source: string): Failures {
  const failures = books.failures(source);
  if (failures.lastMs <= steadyMs) return failures;
  const fromNow = { ...failures, lastMs: steadyMs };
  books.setFailures(fromNow);
  return fromNow;
}

/** Returns the action in the words of the log: "withdraw €100.00 failed - insufficient funds". */
export function failed(action: string, outcome: LoggedOutcome): string {
  return outcome === "ok" ? action : `${action} failed - ${inWords(outcome)}`;
}
