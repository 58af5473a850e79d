/**
 * Compares each row of the books with the log's digests. First by sums of digests: the movements'
 * rows in parts, all others in one sum. If a sum differs, the names of that part are compared in
 * order, a batch at a time, until the first row that differs is found.
 */
import { comparedRowsMax, digestPartsMax } from "../../lib/limits.ts";
import { isInClear, type LogPlace, placeText } from "../audit/entry.ts";
import {
  canonicalAccount,
  canonicalClock,
  canonicalCustomer,
  canonicalLimits,
  canonicalMovement,
  canonicalRestoring,
  type CanonicalRow,
  canonicalSettings,
  canonicalStaff,
  canonicalTerminal,
} from "./canonical.ts";
import {
  addDigests,
  type CheckKeys,
  type Counts,
  type OnRead,
  type OpenedWithDigests,
  subtractDigests,
  Wrong,
} from "./checking.ts";
import type { Movement } from "./model.ts";
import type { ReadStore } from "./store.ts";
import { accountParts, customerParts, entryParts, movementParts, rowsOf } from "./walk.ts";

/**
 * Checks all rows.
 * @throws {Wrong} naming the first row that differs from its entries
 */
export async function checkRows(
  store: ReadStore,
  keys: CheckKeys,
  counts: Counts,
  onRead: OnRead,
): Promise<void> {
  const movements = new MovementSums();
  let others = 0n;
  for await (const { text } of otherRows(store)) others = addDigests(others, keys.digestOf(text));
  for await (const part of movementParts(store)) {
    counts.movements += part.length;
    for (const { name, text } of part.map(canonicalMovement)) {
      movements.add(name, keys.digestOf(text));
    }
    onRead(part.length);
  }
  const times = new EntryTimes();
  for await (const { name, digest } of loggedDigests(store, keys, counts, onRead, times)) {
    if (isMovement(name)) movements.subtract(name, digest);
    else others = subtractDigests(others, digest);
  }
  times.end();
  if (others !== 0n) {
    const rows = () => otherRows(store);
    throw await firstDifference(store, keys, { rows, has: (name) => !isMovement(name) });
  }
  const range = movements.firstDifference;
  if (range === null) return;
  const { from, to } = range;
  throw await firstDifference(store, keys, {
    rows: () => movementRows(store, from, to),
    has: (name) => isMovement(name) && name >= from && (to === null || name < to),
  });
}

const isMovement = (name: string) => name.startsWith("movement ");

/** Yields every row that has a digest, except the movements'. */
async function* otherRows(store: ReadStore): AsyncGenerator<CanonicalRow, void, void> {
  yield canonicalSettings(await store.settings());
  yield canonicalLimits(await store.limits());
  const restoring = canonicalRestoring(await store.restoring());
  if (restoring) yield restoring;
  const clock = canonicalClock((await store.times()).confirmed);
  if (clock) yield clock;
  const staff = canonicalStaff(await store.staff());
  if (staff) yield staff;
  for (const terminal of await store.terminals()) yield canonicalTerminal(terminal);
  for await (const account of rowsOf(accountParts(store))) yield canonicalAccount(account);
  for await (const customer of rowsOf(customerParts(store))) yield canonicalCustomer(customer);
}

/** Yields the movements' rows with names from `from` on, and before `to`. */
async function* movementRows(
  store: ReadStore,
  from: string,
  to: string | null,
): AsyncGenerator<CanonicalRow, void, void> {
  const [, id, step] = from.split(" ");
  const first = { id: id!, step: Number(step) as Movement["step"] };
  for await (const movement of rowsOf(movementParts(store, from === "" ? undefined : first))) {
    const row = canonicalMovement(movement);
    if (to !== null && row.name >= to) return;
    yield row;
  }
}

/** A digest of an entry, and the entry's place. */
interface LoggedDigest {
  name: string;
  digest: bigint;
  place: string;
}

/** Yields the log's digests. @throws {Wrong} for an entry that does not open */
async function* loggedDigests(
  store: ReadStore,
  keys: CheckKeys,
  counts: Counts,
  onRead: OnRead,
  times?: EntryTimes,
): AsyncGenerator<LoggedDigest, void, void> {
  for (const { number, id } of await store.chains()) {
    times?.beginChain();
    for await (const part of entryParts(store, number)) {
      for (const stored of part) {
        counts.entries++;
        if (isInClear(stored)) continue;
        const opened = keys.openWithDigests(stored, id);
        if (!opened) throw new Wrong(`entry ${counts.entries} of the log does not open`);
        times?.next(opened, stored);
        for (const digest of opened.digests) yield { ...digest, place: placeText(stored) };
      }
      onRead(part.length);
    }
  }
}

/**
 * Requires that the times of a chain's entries never decrease, unless an operator set the bank's time back:
 * the entry of that is the one that covers the row `clock`, and no time goes back to before it.
 */
class EntryTimes {
  #lastMs = 0;
  #setBackMs = Infinity;
  /** The earliest time that is before that of an earlier entry of its chain. */
  #decrease: { toMs: number; place: string } | null = null;

  beginChain(): void {
    this.#lastMs = 0;
  }

  next({ entry: { timeMs }, digests }: OpenedWithDigests, place: LogPlace): void {
    if (digests.some(({ name }) => name === "clock")) {
      this.#setBackMs = Math.min(this.#setBackMs, timeMs);
    }
    if (timeMs < this.#lastMs && timeMs < (this.#decrease?.toMs ?? Infinity)) {
      this.#decrease = { toMs: timeMs, place: placeText(place) };
    }
    this.#lastMs = timeMs;
  }

  /** @throws {Wrong} */
  end(): void {
    if (!this.#decrease || this.#decrease.toMs >= this.#setBackMs) return;
    throw new Wrong(`entry ${this.#decrease.place} of the log is earlier than the one before it`);
  }
}

/**
 * Sums of the digests of movements' rows minus those in the log, in parts of adjacent names. The
 * first part begins before all names, the last one has no end.
 */
class MovementSums {
  /** The first name of each part. */
  #firsts: string[] = [];
  #sums: bigint[] = [];
  #rowsInLast = 0;
  #rowsInPart = 1;

  /** Adds a row; rows must arrive in the order of their names. */
  add(name: string, digest: bigint): void {
    if (this.#firsts.length === 0 || this.#rowsInLast === this.#rowsInPart) this.#begin(name);
    const last = this.#sums.length - 1;
    this.#sums[last] = addDigests(this.#sums[last]!, digest);
    this.#rowsInLast++;
  }

  /** Subtracts a digest of the log, after all rows have been added. */
  subtract(name: string, digest: bigint): void {
    const index = this.#partOf(name);
    this.#sums[index] = subtractDigests(this.#sums[index] ?? 0n, digest);
  }

  /** The range of names of the first part whose rows differ from the log. */
  get firstDifference(): { from: string; to: string | null } | null {
    const index = this.#sums.findIndex((sum) => sum !== 0n);
    if (index < 0) return null;
    return {
      from: index === 0 ? "" : this.#firsts[index]!,
      to: this.#firsts[index + 1] ?? null,
    };
  }

  #begin(name: string): void {
    if (this.#firsts.length === digestPartsMax) {
      this.#firsts = this.#firsts.filter((_, index) => index % 2 === 0);
      this.#sums = this.#firsts.map((_, index) =>
        addDigests(this.#sums[2 * index]!, this.#sums[2 * index + 1]!)
      );
      this.#rowsInPart *= 2;
    }
    this.#firsts.push(name);
    this.#sums.push(0n);
    this.#rowsInLast = 0;
  }

  #partOf(name: string): number {
    let [low, high] = [0, this.#firsts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#firsts[middle]! <= name) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** The rows among which one differs. */
interface Suspects {
  rows(): AsyncGenerator<CanonicalRow, void, void>;
  has(name: string): boolean;
}

async function firstDifference(
  store: ReadStore,
  keys: CheckKeys,
  { rows, has }: Suspects,
): Promise<Wrong> {
  const counts = { accounts: 0, movements: 0, entries: 0 };
  for (let after = "";;) {
    const compared = new ComparedRows(after);
    for await (const { name, text } of rows()) compared.add(name, keys.digestOf(text));
    for await (const logged of loggedDigests(store, keys, counts, () => {})) {
      if (has(logged.name)) compared.subtract(logged);
    }
    const difference = compared.firstDifference;
    if (difference !== null) return new Wrong(difference);
    if (compared.last === null) throw new Error("sums of digests differ, and no row's do");
    after = compared.last;
  }
}

/** A row's digest minus those in the log. */
interface ComparedRow {
  sum: bigint;
  isThere: boolean;
  /** The place of the last entry that covers it. */
  place: string | null;
}

/** The rows with the lowest names after a given one, as many as are compared at a time. */
class ComparedRows {
  readonly #rows = new Map<string, ComparedRow>();
  /** The last name; null while there is room for all names. */
  last: string | null = null;

  constructor(private readonly after: string) {}

  add(name: string, digest: bigint): void {
    const row = this.#rowOf(name);
    if (!row) return;
    row.sum = addDigests(row.sum, digest);
    row.isThere = true;
  }

  subtract({ name, digest, place }: LoggedDigest): void {
    const row = this.#rowOf(name);
    if (!row) return;
    row.sum = subtractDigests(row.sum, digest);
    row.place = place;
  }

  get firstDifference(): string | null {
    const name = [...this.#rows.keys()].sort().find((name) => this.#rows.get(name)!.sum !== 0n);
    if (name === undefined) return null;
    const { isThere, place } = this.#rows.get(name)!;
    const words = inWords(name);
    if (place === null) return `${words} is not in the log`;
    return isThere
      ? `${words} differs from entry ${place} of the log`
      : `the log has ${words}, which is not in the books`;
  }

  #rowOf(name: string): ComparedRow | null {
    if (name <= this.after || (this.last !== null && name > this.last)) return null;
    const row = this.#rows.get(name) ?? { sum: 0n, isThere: false, place: null };
    this.#rows.set(name, row);
    if (this.#rows.size > 2 * comparedRowsMax) this.#keepLowest();
    return row;
  }

  #keepLowest(): void {
    const names = [...this.#rows.keys()].sort();
    this.last = names[comparedRowsMax - 1]!;
    for (const name of names.slice(comparedRowsMax)) this.#rows.delete(name);
  }
}

function inWords(name: string): string {
  const [kind, id, step] = name.split(" ");
  if (kind === "movement") return `row ${step} of movement ${id}`;
  if (name === "bank") return "the row of the bank's settings";
  if (name === "limits") return "the row of the bank's limits";
  if (name === "operators") return "the row of the bank's operators";
  return name === "restoring" ? "the row of a restored bank's terminals" : name;
}
