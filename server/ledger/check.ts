/**
 * Whether the books are right: every balance, hold and day worked out from the movements alone, and
 * the log compared with them. Gives the first thing that is wrong.
 */
import type { Account, Movement, MovementId } from "./model.ts";
import type { ReadStore } from "./store.ts";
import { entryParts, movementParts, rowsOf } from "./walk.ts";
import { type AuditEntry, isInClear, type SealedEntry } from "../audit/entry.ts";

/** In the place of an entry that is the chain's own: an epoch's end, or the start of a chain. */
export const saysNothing = "says nothing";

/** In memory, or as they are read. */
type Rows<T> = Iterable<T> | AsyncIterable<T>;

export interface BooksToCheck {
  accounts: readonly Account[];
  /** Every row; those of one movement follow each other in the order of their steps. */
  movements: Rows<Movement>;
  /** The movements that the database lists as open. */
  holds: readonly MovementId[];
  /** Every entry of the log; null for one that does not open. */
  entries: Rows<AuditEntry | typeof saysNothing | null>;
}

export interface CheckedBooks {
  /** The first thing that is wrong; null when all is right. */
  problem: string | null;
  accounts: number;
  movements: number;
  entries: number;
}

/** An account as its movements make it. */
interface Reckoned {
  balance: bigint;
  held: bigint;
  /** Charged to the account's present day. */
  dayOut: bigint;
  dayIn: bigint;
}

/** Ends a check at the first thing that is wrong. */
class Wrong extends Error {}

const entrySteps = { authorise: 1, book: 1, settle: 2, report: 3 };

/** Opens a stored entry; null for one that does not open. */
export type OpenEntry = (entry: SealedEntry, chainId: Uint8Array) => AuditEntry | null;

/** Checks a database: its file, then its books and its log, a chunk of rows at a time. */
export async function checkStore(store: ReadStore, open: OpenEntry): Promise<CheckedBooks> {
  const damage = await store.damage();
  if (damage !== null) {
    return { problem: `the database is damaged: ${damage}`, accounts: 0, movements: 0, entries: 0 };
  }
  const stray = await store.strayEntries();
  if (stray !== null) return { problem: stray, accounts: 0, movements: 0, entries: 0 };
  return await checkBooks({
    accounts: await store.accounts(),
    movements: rowsOf(movementParts(store)),
    holds: await store.holdIds(),
    entries: entriesOf(store, open),
  });
}

async function* entriesOf(
  store: ReadStore,
  open: OpenEntry,
): AsyncGenerator<AuditEntry | typeof saysNothing | null, void, void> {
  for (const { number, id } of await store.chains()) {
    for await (const entry of rowsOf(entryParts(store, number))) {
      yield isInClear(entry) ? saysNothing : open(entry, id);
    }
  }
}

export async function checkBooks(books: BooksToCheck): Promise<CheckedBooks> {
  const counts = { accounts: books.accounts.length, movements: 0, entries: 0 };
  try {
    const logged = await readLog(books.entries, counts);
    const reckoned = await reckon(books, logged, counts);
    for (const account of books.accounts) compare(account, reckoned.accounts.get(account.id)!);
    const sum = books.accounts.reduce((total, { balance }) => total + balance, 0n);
    if (sum !== 0n) throw new Wrong(`the books sum to ${sum}, not to zero`);
    compareHolds(books.holds, reckoned.open);
    for (const [key] of logged.rows) {
      throw new Wrong(`the log speaks of ${wordsOf(key)}, which is no row of the books`);
    }
    return { problem: null, ...counts };
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { problem: error.message, ...counts };
  }
}

/** The log's part of the check. */
interface Logged {
  /** The entry of each row, by the row's id and step. */
  rows: Map<string, AuditEntry>;
  /** Every movement that an entry names. */
  named: Set<MovementId>;
}

async function readLog(
  entries: BooksToCheck["entries"],
  counts: { entries: number },
): Promise<Logged> {
  const logged: Logged = { rows: new Map(), named: new Set() };
  for await (const entry of entries) {
    counts.entries++;
    if (entry === null) throw new Wrong(`entry ${counts.entries} of the log does not open`);
    if (entry === saysNothing) continue;
    const { movement, step } = entry;
    if (!movement) continue;
    logged.named.add(movement);
    if (!step) continue;
    const key = `${movement}/${entrySteps[step]}`;
    if (logged.rows.has(key)) throw new Wrong(`the log speaks twice of ${wordsOf(key)}`);
    logged.rows.set(key, entry);
  }
  return logged;
}

async function reckon(
  { accounts, movements }: BooksToCheck,
  logged: Logged,
  counts: { movements: number },
): Promise<{ accounts: Map<number, Reckoned>; open: Set<MovementId> }> {
  const days = new Map(accounts.map(({ id, day }) => [id, day]));
  const reckoned = new Map<number, Reckoned>();
  for (const { id } of accounts) {
    reckoned.set(id, { balance: 0n, held: 0n, dayOut: 0n, dayIn: 0n });
  }
  const open = new Set<MovementId>();
  let first: Movement | undefined;
  for await (const row of movements) {
    counts.movements++;
    if (row.step === 1) first = row;
    if (!first || first.id !== row.id) throw new Wrong(`${nameOf(row)} has no first row`);
    const of = (id: number | null): Reckoned => {
      const account = id === null ? undefined : reckoned.get(id);
      if (!account) throw new Wrong(`${nameOf(row)} is of account ${id}, which does not exist`);
      return account;
    };
    if (row.booked > 0n) {
      of(row.debit).balance -= row.booked;
      of(row.credit).balance += row.booked;
    }
    if (row.outcome === "ok") hold(row, open, of);
    charge(row, first, (id) => days.get(id!) === first!.day ? of(id) : null);
    checkEntry(row, logged);
  }
  return { accounts: reckoned, open };
}

function hold(row: Movement, open: Set<MovementId>, of: (id: number | null) => Reckoned): void {
  if (row.action === "authorise") open.add(row.id);
  else if (row.step === 2 && !open.delete(row.id)) {
    throw new Wrong(`${nameOf(row)} settles what was not open`);
  }
  if (row.kind !== "withdrawal" || row.step === 3 || row.action === "book") return;
  of(row.debit).held += row.step === 1 ? row.amount : -row.amount;
}

/** @param of the account, when its present day is the one that the movement was charged to */
function charge(
  { kind, step, action, amount, booked, outcome, debit, credit }: Movement,
  first: Movement,
  of: (id: number | null) => Reckoned | null,
): void {
  if (outcome !== "ok" || first.day === 0 || step === 3) return; // before days were counted
  const charged = step === 1 ? amount : booked - amount; // what was not moved is given back
  const [giver, taker] = [of(debit), of(credit)];
  if (kind === "withdrawal") {
    if (giver) giver.dayOut += charged;
    if (taker) taker.dayOut += charged;
  } else if (kind === "deposit" && giver) giver.dayIn += charged;
  else if (kind === "transfer" && action === "book" && giver) giver.dayOut += charged;
}

function checkEntry(row: Movement, { rows, named }: Logged): void {
  const key = `${row.id}/${row.step}`;
  const entry = rows.get(key);
  rows.delete(key);
  if (!entry) {
    // Rows that are booked in one step were named by entries of older versions, and no more than that.
    const enough = (row.action === "book" || row.action === "void") && row.step === 1 &&
      named.has(row.id);
    if (!enough) throw new Wrong(`${nameOf(row)} is not in the log`);
  } else if (entry.outcome !== row.outcome) {
    throw new Wrong(`${nameOf(row)} came to ${row.outcome}, and the log says ${entry.outcome}`);
  }
}

function compare(account: Account, reckoned: Reckoned): void {
  const { number, kind, day, balance, held, dayOut, dayIn } = account;
  const differs = (what: string, is: bigint, should: bigint) => {
    if (is !== should) {
      throw new Wrong(`account ${number}: ${what} ${is}, its movements make ${should}`);
    }
  };
  differs("the balance is", balance, reckoned.balance);
  differs("held are", held, reckoned.held);
  if (day !== 0) {
    differs("its day was charged with", dayOut, reckoned.dayOut);
    differs("its day took in", dayIn, reckoned.dayIn);
  }
  if (kind === "customer" && balance < held) {
    throw new Wrong(`account ${number}: the balance is ${balance}, and ${held} are held`);
  }
}

function compareHolds(holds: readonly MovementId[], open: Set<MovementId>): void {
  for (const id of holds) {
    if (!open.delete(id)) throw new Wrong(`movement ${id} is listed as open, and is not`);
  }
  for (const id of open) throw new Wrong(`movement ${id} is open, and not listed as such`);
}

const nameOf = ({ id, step }: Movement) => wordsOf(`${id}/${step}`);

function wordsOf(key: string): string {
  const [id, step] = key.split("/");
  return `row ${step} of movement ${id}`;
}
