/**
 * The journal: each step of a movement is written before it is taken. After a crash it has the
 * state of each movement.
 */
import type { DatabaseSync } from "node:sqlite";
import { emptyLog, probeDisk, transact } from "./folder/transact.ts";
import type { NoteCounts } from "./cash/note_mix.ts";

/**
 * A movement's state: `intent` the request may have been sent to the bank · `authorised` the bank
 * authorised it, no note has moved · `acting` the devices may have moved notes · `acted` their
 * outcome is recorded, the bank may not have it yet · `settled` finished · `disputed` finished, but
 * the bank's answer differs: staff must check · `doubtful` the devices lost count: staff must
 * count.
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
   * `transfer`: in one step, without notes. `count`: the difference found by a count, negative for
   * a shortage. `left`: a customer's notes that stayed in the ATM and that the bank has not booked.
   */
  kind: "withdrawal" | "deposit" | "transfer" | "load" | "count" | "left";
  /** Minor units. */
  amount: bigint;
  currency: string;
  /** The number of the customer's account; null if there is no customer. */
  account: string | null;
  /** The account's uid, which is never reused; null if there is no customer. */
  uid: string | null;
  /** The last time received from the bank; null if none was received or there is no customer. */
  bankTimeMs: number | null;
  notes: NoteCounts;
  state: JournalState;
  /** The bank's notes in the ATM before the devices acted. */
  countsBefore: NoteCounts | null;
  /** Minor units that the devices moved; null while unknown. */
  done: bigint | null;
  /** Of a withdrawal at a device with keys: the bank's dispense token; otherwise null. */
  token: string | null;
  /** The bank's nonce for the device's present status; null without a token. */
  statusNonce: string | null;
  /** The device's present status that went to the bank last. */
  status: string | null;
  /** Of a transfer that the bank has booked: its voucher; otherwise null. */
  voucher: string | null;
  /** For `disputed` and `doubtful`: the reason, for staff. */
  why: string | null;
}

/** This terminal in the bank's books: its newest movement, and the value of its notes. */
export interface BankBooks {
  movement: string;
  /** Minor units. */
  cash: bigint;
}

/** A customer who puts notes in. */
export interface Depositor {
  /** The number and the uid of the account. */
  account: string;
  uid: string | null;
  /** The deposit's movement; null before the customer has confirmed it. */
  deposit: string | null;
}

type Intended =
  & Pick<JournalEntry, "movement" | "kind" | "amount" | "currency" | "notes">
  & Partial<Pick<JournalEntry, "account" | "uid" | "bankTimeMs">>;
type Row = Record<string, string | number | null>;

export class Journal {
  constructor(private readonly database: DatabaseSync) {}

  /** Records a movement before it is requested from the bank. */
  intend(entry: Intended, timeMs: number): void {
    this.database.prepare(
      `INSERT INTO journal (movement, kind, amount, currency, account, uid, bank_time_ms, notes, state,
        time_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'intent', ?)`,
    ).run(
      entry.movement,
      entry.kind,
      entry.amount.toString(),
      entry.currency,
      entry.account ?? null,
      entry.uid ?? null,
      entry.bankTimeMs ?? null,
      notesText(entry.notes),
      timeMs,
    );
  }

  /**
   * Records the bank's authorisation.
   * @param bankTimeMs the bank's time of the movement
   */
  authorised(
    movement: string,
    bankTimeMs: number | null,
    { token, statusNonce }: { token?: string; statusNonce?: string } = {},
  ): void {
    this.#set(
      movement,
      "state = 'authorised', bank_time_ms = ?, token = ?, status_nonce = ?",
      bankTimeMs,
      token ?? null,
      statusNonce ?? null,
    );
  }

  /** Records the device's present status before the bank gets it. */
  attested(movement: string, status: string): void {
    this.#set(movement, "status = ?", status);
  }

  /** Records the notes inside before the devices act: the outcome is the difference. */
  acting(movement: string, countsBefore: NoteCounts): void {
    this.#set(movement, "state = 'acting', counts_before = ?", notesText(countsBefore));
  }

  acted(movement: string, done: bigint): void {
    this.#set(movement, "state = 'acted', done = ?", done.toString());
  }

  settled(movement: string): void {
    this.#end(movement, "state = 'settled'");
  }

  /** Ends a transfer. @param voucher the bank's, if it has booked the transfer */
  transferred(movement: string, voucher: string | undefined): void {
    this.#end(movement, "state = 'settled', voucher = ?", voucher ?? null);
  }

  /** Flags a movement whose answer from the bank differs from the devices' outcome. */
  disputed(movement: string, why: string): void {
    this.#end(movement, "state = 'disputed', why = ?", why);
  }

  /** Flags a movement that the devices lost count of. */
  doubtful(movement: string, why: string): void {
    this.#end(movement, "state = 'doubtful', why = ?", why);
  }

  /** Records for whom the acceptor was opened, before it counts a note. */
  accepting(depositor: Pick<Depositor, "account" | "uid">): void {
    this.database.prepare(
      `INSERT OR REPLACE INTO settings
       SELECT 'depositor', json_object('account', ?, 'uid', ?, 'after', coalesce(max(rowid), 0))
       FROM journal`,
    ).run(depositor.account, depositor.uid);
  }

  /** Returns the customer whose notes the acceptor counted last; null before the first deposit. */
  depositor(): Depositor | null {
    const row = this.database.prepare("SELECT value FROM settings WHERE name = 'depositor'").get();
    if (!row) return null;
    const { account, uid, after } = JSON.parse(row.value as string);
    const deposit = this.database.prepare(
      "SELECT movement FROM journal WHERE kind = 'deposit' AND rowid > ? ORDER BY rowid LIMIT 1",
    ).get(after);
    return { account, uid, deposit: (deposit?.movement ?? null) as string | null };
  }

  /** Flags notes that a customer left in the ATM and that the bank has not booked. */
  left(entry: Omit<Intended, "kind">, why: string, timeMs: number): void {
    this.intend({ ...entry, kind: "left" }, timeMs);
    this.disputed(entry.movement, why);
  }

  /** Movements to be settled with the bank, oldest first. */
  open(): JournalEntry[] {
    return this.#select("state NOT IN ('settled', 'disputed', 'doubtful')");
  }

  /** Movements that staff must check, oldest first. */
  flagged(): JournalEntry[] {
    return this.#select("state IN ('disputed', 'doubtful') AND checked = 0");
  }

  /** Records that staff have counted the notes: they have checked every flagged movement. */
  checked(): void {
    this.database.prepare("UPDATE journal SET checked = 1 WHERE state = 'disputed'").run();
  }

  /** Movements that are not settled, oldest first. */
  unfinished(): JournalEntry[] {
    return this.#select("state <> 'settled'");
  }

  /**
   * Movements begun since then, by the bank's time, oldest first; then those without a bank's time.
   */
  since(bankTimeMs: number): JournalEntry[] {
    return this.#select(
      `bank_time_ms IS NULL OR bank_time_ms >= ${bankTimeMs}`,
      "bank_time_ms IS NULL, bank_time_ms, time_ms, rowid",
    );
  }

  /** Returns the withdrawal of this dispense token; undefined if the journal does not have it. */
  dispensedBy(tokenId: string): string | undefined {
    const sql = "SELECT movement FROM journal WHERE token LIKE '%HMACSHA256=' || ?";
    return this.database.prepare(sql).get(tokenId)?.movement as string | undefined;
  }

  /**
   * Returns whether the bank's newest movement of this terminal is missing here, and no count by
   * staff has confirmed that.
   */
  lacks(movement: string): boolean {
    const found = this.database.prepare(
      `SELECT 1 FROM journal WHERE movement = ?1
       UNION SELECT 1 FROM settings WHERE name = 'confirmed' AND value = ?1`,
    ).get(movement);
    return found === undefined;
  }

  /** Records that this journal lacks the bank's newest movement, until `confirmLost`. */
  lost(books: BankBooks): void {
    const value = JSON.stringify({ ...books, cash: books.cash.toString() });
    this.database.prepare("INSERT OR REPLACE INTO settings VALUES ('lost', ?)").run(value);
  }

  /** Returns the bank's books of this terminal if the journal lacks their newest movement. */
  whatIsLost(): BankBooks | null {
    const row = this.database.prepare("SELECT value FROM settings WHERE name = 'lost'").get();
    if (!row) return null;
    const { movement, cash } = JSON.parse(row.value as string);
    return { movement, cash: BigInt(cash) };
  }

  /**
   * Records that staff have counted an ATM whose journal lacks movements, within the caller's
   * transaction. Movements that are still open here are the bank's to settle.
   */
  confirmLost({ movement }: BankBooks): void {
    this.database.prepare("DELETE FROM settings WHERE name = 'lost'").run();
    this.database.prepare("INSERT OR REPLACE INTO settings VALUES ('confirmed', ?)").run(movement);
    for (const { movement, kind, state } of this.unfinished()) {
      const byStaff = kind === "load" || kind === "count";
      if (!byStaff && state !== "disputed") this.disputed(movement, "the journal was lost");
    }
  }

  /**
   * Records by how much the value of the ATM's notes exceeds the bank's books, in minor units, for
   * the next count. Writes only a change, so that a full disk allows it.
   */
  compared(surplus: bigint): void {
    if (surplus === this.surplus()) return;
    this.database.prepare("INSERT OR REPLACE INTO settings VALUES ('surplus', ?)")
      .run(surplus.toString());
  }

  /**
   * Returns by how much the ATM's notes exceeded the bank's books when they were last compared:
   * each movement since has changed both.
   */
  surplus(): bigint {
    const row = this.database.prepare("SELECT value FROM settings WHERE name = 'surplus'").get();
    return BigInt(row?.value as string ?? "0");
  }

  /** Tries the disk. @throws if it is full or fails */
  probe(): void {
    probeDisk(this.database);
  }

  /** Runs `change` in a transaction; the devices' counters are in the same database. */
  whole(change: () => void): void {
    transact(this.database, change);
  }

  #select(which: string, order = "time_ms, rowid"): JournalEntry[] {
    const sql = `SELECT * FROM journal WHERE ${which} ORDER BY ${order}`;
    return (this.database.prepare(sql).all() as Row[]).map(entryOf);
  }

  /** Ends a movement. Between movements, the write-ahead log is empty. */
  #end(movement: string, change: string, ...values: (string | null)[]): void {
    this.#set(movement, change, ...values);
    emptyLog(this.database);
  }

  #set(movement: string, change: string, ...values: (string | number | null)[]): void {
    const sql = `UPDATE journal SET ${change} WHERE movement = ?`;
    const { changes } = this.database.prepare(sql).run(...values, movement);
    if (Number(changes) !== 1) {
      throw new Error("a movement must be journaled before it changes its state");
    }
  }
}

function entryOf(row: Row): JournalEntry {
  return {
    movement: row.movement as string,
    kind: row.kind as JournalEntry["kind"],
    amount: BigInt(row.amount as string),
    currency: row.currency as string,
    account: row.account as string | null,
    uid: row.uid as string | null,
    bankTimeMs: row.bank_time_ms as number | null,
    notes: notesFromText(row.notes as string),
    state: row.state as JournalState,
    countsBefore: row.counts_before === null ? null : notesFromText(row.counts_before as string),
    done: row.done === null ? null : BigInt(row.done as string),
    token: row.token as string | null,
    statusNonce: row.status_nonce as string | null,
    status: row.status as string | null,
    voucher: row.voucher as string | null,
    why: row.why as string | null,
  };
}

function notesText(notes: NoteCounts): string {
  return JSON.stringify([...notes].map(([value, count]) => [value.toString(), count]));
}

function notesFromText(text: string): NoteCounts {
  return new Map(
    (JSON.parse(text) as [string, number][]).map(([value, count]) => [BigInt(value), count]),
  );
}
