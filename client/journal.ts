/**
 * The journal: what this terminal is about to do with money, written before it is done. After a
 * crash it says, for each movement, how far the terminal had come.
 */
import type { DatabaseSync } from "node:sqlite";
import { transact } from "./folder/transact.ts";
import type { NoteCounts } from "./cash/note_mix.ts";

/**
 * How far a movement has come:
 * `intent` the bank may or may not have been asked · `authorised` it said yes, no note has moved ·
 * `acting` the devices were told to move notes · `acted` what they did is known, the bank may not
 * know · `settled` over · `disputed` over, but the bank says otherwise: for people to look at ·
 * `doubtful` the devices lost count, so nobody knows what they did until people have counted.
 */
export type JournalState =
  | "intent"
  | "authorised"
  | "acting"
  | "acted"
  | "settled"
  | "disputed"
  | "doubtful";

export interface JournalEntry {
  movement: string;
  /**
   * `transfer`: in one step, at the bank alone. `count`: what people found over, or below zero missing. `left`: notes of a customer's that stayed in
   * the machine and that the bank has not booked.
   */
  kind: "withdrawal" | "deposit" | "transfer" | "load" | "count" | "left";
  /** Minor units. */
  amount: bigint;
  currency: string;
  /** The customer's account; null where there is none. */
  account: string | null;
  notes: NoteCounts;
  state: JournalState;
  /** The bank's notes in the machine when the devices were told to act. */
  countsBefore: NoteCounts | null;
  /** Minor units that the devices moved; null before it is known. */
  done: bigint | null;
  /** For `disputed` and `doubtful`: what people should know. */
  why: string | null;
}

type Intended =
  & Pick<JournalEntry, "movement" | "kind" | "amount" | "currency" | "notes">
  & Partial<Pick<JournalEntry, "account">>;
type Row = Record<string, string | number | null>;

export class Journal {
  constructor(private readonly database: DatabaseSync) {}

  /** Writes down what is about to be asked of the bank. */
  intend(entry: Intended, timeMs: number): void {
    this.database.prepare(
      "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, 'intent', NULL, NULL, NULL, ?)",
    ).run(
      entry.movement,
      entry.kind,
      entry.amount.toString(),
      entry.currency,
      entry.account ?? null,
      notesText(entry.notes),
      timeMs,
    );
  }

  authorised(movement: string): void {
    this.#set(movement, "state = 'authorised'");
  }

  /** The devices are about to be told to act; what is inside by then is what the outcome is read from. */
  acting(movement: string, countsBefore: NoteCounts): void {
    this.#set(movement, "state = 'acting', counts_before = ?", notesText(countsBefore));
  }

  acted(movement: string, done: bigint): void {
    this.#set(movement, "state = 'acted', done = ?", done.toString());
  }

  settled(movement: string): void {
    this.#set(movement, "state = 'settled'");
  }

  /** The bank's answer does not fit what the devices did: kept, with what it said. */
  disputed(movement: string, why: string): void {
    this.#set(movement, "state = 'disputed', why = ?", why);
  }

  /** Nobody can know what the devices did: kept open until people have counted. */
  doubtful(movement: string, why: string): void {
    this.#set(movement, "state = 'doubtful', why = ?", why);
  }

  /** Notes that a customer left in the machine: the bank has not booked them, people must. */
  left(entry: Omit<Intended, "kind">, why: string, timeMs: number): void {
    this.intend({ ...entry, kind: "left" }, timeMs);
    this.disputed(entry.movement, why);
  }

  /** What is still to be settled with the bank, oldest first. */
  open(): JournalEntry[] {
    return this.#select("state NOT IN ('settled', 'disputed', 'doubtful')");
  }

  /** What people must look at, oldest first. */
  flagged(): JournalEntry[] {
    return this.#select("state IN ('disputed', 'doubtful')");
  }

  /** All that is not over and done, oldest first. */
  unfinished(): JournalEntry[] {
    return this.#select("state <> 'settled'");
  }

  /** All that was begun since, oldest first. */
  since(timeMs: number): JournalEntry[] {
    return this.#select(`time_ms >= ${timeMs}`);
  }

  /** Runs `change` whole or not at all: the journal and the devices' counters share their disk. */
  whole(change: () => void): void {
    transact(this.database, change);
  }

  #select(which: string): JournalEntry[] {
    const sql = `SELECT * FROM journal WHERE ${which} ORDER BY time_ms, rowid`;
    return (this.database.prepare(sql).all() as Row[]).map(entryOf);
  }

  #set(movement: string, change: string, ...values: string[]): void {
    const sql = `UPDATE journal SET ${change} WHERE movement = ?`;
    const { changes } = this.database.prepare(sql).run(...values, movement);
    if (Number(changes) !== 1) throw new Error("a movement must be journaled before it goes on");
  }
}

function entryOf(row: Row): JournalEntry {
  return {
    movement: row.movement as string,
    kind: row.kind as JournalEntry["kind"],
    amount: BigInt(row.amount as string),
    currency: row.currency as string,
    account: row.account as string | null,
    notes: notesOf(row.notes as string),
    state: row.state as JournalState,
    countsBefore: row.counts_before === null ? null : notesOf(row.counts_before as string),
    done: row.done === null ? null : BigInt(row.done as string),
    why: row.why as string | null,
  };
}

function notesText(notes: NoteCounts): string {
  return JSON.stringify([...notes].map(([value, count]) => [value.toString(), count]));
}

function notesOf(text: string): NoteCounts {
  return new Map(
    (JSON.parse(text) as [string, number][]).map(([value, count]) => [BigInt(value), count]),
  );
}
