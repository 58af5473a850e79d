/**
 * Recomputes the money from the movements: balances, holds, charges of days, running balances, the
 * balances at the ends of days, and terminals' newest movements; some accounts at a time.
 */
import { accountsCheckedMax } from "../../lib/limits.ts";
import { type CheckKeys, type Counts, type OnRead, Wrong } from "./checking.ts";
import { setBacksOf } from "./day.ts";
import type { Account, Movement, MovementId, TerminalId } from "./model.ts";
import type { Hold, ReadStore } from "./store.ts";
import { accountParts, dayEndParts, holdParts, movementParts, rowsOf } from "./walk.ts";

/**
 * Checks the money of all accounts.
 * @throws {Wrong} naming the first account or movement whose money does not follow from the
 * movements
 */
export async function checkMoney(
  store: ReadStore,
  keys: CheckKeys,
  counts: Counts,
  onRead: OnRead,
): Promise<void> {
  const weightOf = dayWeights(keys);
  let sum = 0n;
  let some: Account[] = [];
  let holds: OpenMovements | null = new OpenMovements(rowsOf(holdParts(store)));
  const checkSome = async () => {
    await checkAccounts(store, some, holds, weightOf, onRead);
    holds = null; // all movements were read
    some = [];
  };
  for await (const part of accountParts(store)) {
    counts.accounts += part.length;
    for (const account of part) sum += account.balance;
    some.push(...part);
    if (some.length >= accountsCheckedMax) await checkSome();
  }
  if (some.length > 0) await checkSome();
  if (sum !== 0n) throw new Wrong(`the books sum to ${sum}, not to zero`);
}

/** An account as computed from its movements. */
interface Reckoned {
  balance: bigint;
  held: bigint;
  version: number;
  /** The last day that was charged, and its charge. */
  day: number;
  dayOut: bigint;
  dayIn: bigint;
  /** The running balances after the movements minus those before them, each as `mixed`. */
  running: bigint;
  /** The movements of each day, weighted by the day. */
  days: bigint;
}

const nothing: Reckoned = {
  balance: 0n,
  held: 0n,
  version: 0,
  day: 0,
  dayOut: 0n,
  dayIn: 0n,
  running: 0n,
  days: 0n,
};

type WeightOf = (day: number) => bigint;

/**
 * Returns a secret 64-bit weight for each day: the balances of many days are compared as one sum,
 * which cannot be forged without the weights.
 */
function dayWeights(keys: CheckKeys): WeightOf {
  const weights = new Map<number, bigint>();
  return (day) => {
    const weight = weights.get(day) ?? BigInt.asUintN(64, keys.digestOf(`day ${day}`));
    weights.set(day, weight);
    return weight;
  };
}

async function checkAccounts(
  store: ReadStore,
  accounts: readonly Account[],
  holds: OpenMovements | null,
  weightOf: WeightOf,
  onRead: OnRead,
): Promise<void> {
  const reckoned = new Map(accounts.map(({ id }) => [id, { ...nothing }]));
  const newest = holds && new NewestMovements();
  let first: Movement | undefined;
  let open: Movement | null = null;
  for await (const part of movementParts(store)) {
    for (const row of part) {
      if (row.step === 1) {
        if (first) await holds?.next(first.id, open);
        newest?.next(row);
        [first, open] = [row, row.action === "authorise" && row.outcome === "ok" ? row : null];
      }
      if (first?.id !== row.id) throw new Wrong(`movement ${row.id} has no first row`);
      if (row.step === 2) open = null;
      reckon(row, first, reckoned, weightOf);
    }
    onRead(part.length);
  }
  if (first) await holds?.next(first.id, open);
  await holds?.end();
  await newest?.compare(store);
  const days = await listedDays(store, accounts, weightOf);
  for (const account of accounts) {
    compare(account, reckoned.get(account.id)!);
    const should = account.kind === "customer" ? reckoned.get(account.id)!.days : 0n;
    if ((days.get(account.id) ?? 0n) !== should) throw await wrongDay(store, account);
  }
}

/** Adds a row's effect to those of its accounts that are among these. */
function reckon(
  row: Movement,
  first: Movement,
  accounts: ReadonlyMap<number, Reckoned>,
  weightOf: WeightOf,
): void {
  const [debit, credit] = [row.debit, row.credit].map((id) =>
    id === null ? undefined : accounts.get(id)
  );
  if (debit && row.booked > 0n) move(debit, row, -row.booked, row.debitBalance!, weightOf);
  if (credit && row.booked > 0n) move(credit, row, row.booked, row.creditBalance!, weightOf);
  if (row.outcome !== "ok") return;
  if (debit) hold(debit, row);
  charge(row, first, { debit, credit });
}

function move(
  account: Reckoned,
  { day }: Movement,
  amount: bigint,
  balanceAfter: bigint,
  weightOf: WeightOf,
): void {
  account.balance += amount;
  account.version++;
  account.running += mixed(balanceAfter) - mixed(balanceAfter - amount);
  account.days += amount * weightOf(day);
}

/**
 * Maps a balance to a number. Each movement's balance before it must be another's balance after it,
 * so the sum of all after minus all before is that of the last one minus that of zero.
 */
const mixed = (balance: bigint) => balance * balance * balance + 3n * balance * balance;

function hold(debit: Reckoned, { kind, step, action, amount, booked }: Movement): void {
  if (kind !== "withdrawal" || step > 2 || action === "book") return;
  debit.held += step === 1 ? amount : -amount;
  if (booked === 0n) debit.version++; // otherwise counted with the booked amount
}

/** The sides of a movement that are among the accounts under check. */
interface Sides {
  debit: Reckoned | undefined;
  credit: Reckoned | undefined;
}

function charge(
  { kind, step, action, amount, booked }: Movement,
  { day }: Movement,
  { debit, credit }: Sides,
): void {
  if (step > 2) return;
  const charged = step === 1 ? amount : booked - amount; // the amount that was not moved is returned to its day
  const add = (account: Reckoned | undefined, out: bigint, taken: bigint) => {
    if (!account || day < account.day) return;
    if (day > account.day) Object.assign(account, { day, dayOut: 0n, dayIn: 0n });
    account.dayOut += out;
    account.dayIn += taken;
  };
  if (kind === "withdrawal") { for (const side of [debit, credit]) add(side, charged, 0n); }
  if (kind === "deposit") add(debit, 0n, charged);
  if (kind === "transfer" && action === "book") add(debit, charged, 0n);
}

/** Compares an account with its computed state. @throws {Wrong} */
function compare(account: Account, reckoned: Reckoned): void {
  const { number, kind, balance, held, version, day, dayOut, dayIn } = account;
  const requireSame = <T>(what: string, is: T, should: T) => {
    if (is !== should) {
      throw new Wrong(`account ${number}: ${what} ${is}, its movements make ${should}`);
    }
  };
  requireSame("the balance is", balance, reckoned.balance);
  requireSame("held are", held, reckoned.held);
  requireSame("its day is", day, reckoned.day);
  requireSame("its day was charged with", dayOut, reckoned.dayOut);
  requireSame("its day took in", dayIn, reckoned.dayIn);
  requireSame("its version is", version, reckoned.version);
  if (reckoned.running !== mixed(balance)) {
    throw new Wrong(`account ${number}: the balances after its movements are inconsistent`);
  }
  if (kind === "customer" && balance < held) {
    throw new Wrong(`account ${number}: the balance is ${balance}, and ${held} are held`);
  }
}

/** Returns the weighted sums of the balances at the ends of days, for each of these accounts. */
async function listedDays(
  store: ReadStore,
  accounts: readonly Account[],
  weightOf: WeightOf,
): Promise<ReadonlyMap<number, bigint>> {
  const last = accounts.at(-1)!.id;
  const sums = new Map<number, bigint>();
  let before = { account: NaN, balance: 0n };
  for await (const end of rowsOf(dayEndParts(store, accounts[0]!.id))) {
    if (end.account > last) break;
    const balanceBefore = end.account === before.account ? before.balance : 0n;
    const change = (end.balance - balanceBefore) * weightOf(end.day);
    sums.set(end.account, (sums.get(end.account) ?? 0n) + change);
    before = end;
  }
  return sums;
}

/**
 * Returns the first day of an account whose balance at its end does not follow from the movements.
 */
async function wrongDay(store: ReadStore, { id, number, kind }: Account): Promise<Wrong> {
  if (kind !== "customer") {
    return new Wrong(`account ${number} has balances of days, and no customer`);
  }
  const changes = new Map<number, bigint>();
  for await (const { debit, credit, booked, day } of rowsOf(movementParts(store))) {
    if (debit !== id && credit !== id) continue;
    changes.set(day, (changes.get(day) ?? 0n) + (debit === id ? -booked : booked));
  }
  const listed = new Map((await store.dayBalances(id, 0)).map((end) => [end.day, end.balance]));
  let balance = 0n;
  for (const day of [...new Set([...changes.keys(), ...listed.keys()])].sort((a, b) => a - b)) {
    balance += changes.get(day) ?? 0n;
    const is = listed.get(day);
    if (is === balance) continue;
    const what = `what it had at the end of day ${day} is ${is ?? "missing"}`;
    return new Wrong(`account ${number}: ${what}, its movements make ${balance}`);
  }
  throw new Error(`the days of account ${number} differ in sum, but not individually`);
}

/** Compares the list of the newest movement that each terminal began. */
class NewestMovements {
  /** Several have the time of one batch. */
  readonly #newest = new Map<TerminalId, { of: Movement; ids: Set<MovementId> }>();

  /** Called with the first row of each movement. */
  next(row: Movement): void {
    if (row.terminal === "") return;
    const last = this.#newest.get(row.terminal);
    const later = last ? byTime(row, last.of) : 1;
    if (later > 0) this.#newest.set(row.terminal, { of: row, ids: new Set([row.id]) });
    if (later === 0) last!.ids.add(row.id);
  }

  /** @throws {Wrong} if the list differs */
  async compare(store: ReadStore): Promise<void> {
    for (const { id, name } of await store.terminals()) {
      const listed = (await store.booksOf(id))?.movement;
      const ids = this.#newest.get(id)?.ids ?? new Set<string | undefined>([undefined]);
      if (ids.has(listed)) continue;
      throw new Wrong(`terminal ${name}: movement ${listed ?? "none"} is listed as its newest`);
    }
  }
}

/** Compares the times of movements, of which some may be by a clock that was set back since. */
const byTime = (one: Movement, other: Movement) =>
  setBacksOf(one.day) - setBacksOf(other.day) || one.timeMs - other.timeMs;

/** Compares the list of open movements, which is in the order of all movements. */
class OpenMovements {
  #listed: Hold | undefined;
  #begun = false;

  constructor(private readonly list: AsyncGenerator<Hold, void, void>) {}

  /**
   * Called with each movement.
   * @param open its first row, if it is open
   * @throws {Wrong} if the list differs
   */
  async next(id: string, open: Movement | null): Promise<void> {
    if (!this.#begun) await this.#advance();
    const listed = this.#listed;
    if (listed && (listed.id < id || (listed.id === id && !open))) throw notOpen(listed);
    if (!open) return;
    if (listed?.id !== id) throw new Wrong(`movement ${id} is open, but not in the list`);
    if (listed.timeMs !== open.timeMs) {
      throw new Wrong(`movement ${id} is in the list with another time`);
    }
    await this.#advance();
  }

  /** Called after the last movement. */
  async end(): Promise<void> {
    if (!this.#begun) await this.#advance();
    if (this.#listed) throw notOpen(this.#listed);
  }

  async #advance(): Promise<void> {
    this.#begun = true;
    this.#listed = (await this.list.next()).value ?? undefined;
  }
}

const notOpen = ({ id }: Hold) =>
  new Wrong(`movement ${id} is in the list of open movements, but not open`);
