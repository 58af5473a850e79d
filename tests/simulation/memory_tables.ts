/**
 * A bank's tables in memory, with what the databases themselves refuse and book: written from the
 * schemas, and held to the same tests. Every change can be undone, so that a transaction is whole or
 * not there, and a fail-over can lose what no standby had.
 */
import { isAccountNumber } from "../../lib/account_number.ts";
import { fromHex } from "../../lib/bytes.ts";
import type { SealedEntry } from "../../server/audit/entry.ts";
import type {
  Account,
  Changes,
  ConfirmedClock,
  Customer,
  Failures,
  Limits,
  Line,
  Movement,
  Restoring,
  Settings,
  Staff,
  Terminal,
} from "../../server/ledger/model.ts";
import { isRestored } from "../../server/ledger/settings.ts";
import type { DayEnd } from "../../server/ledger/store.ts";

/** A chain of the log, and the id of the last batch that its writer committed. */
export interface Chain {
  readonly number: number;
  readonly id: Uint8Array<ArrayBuffer>;
  readonly batchId: string | null;
  readonly timeMs: number;
}

/** What is there once. */
interface Shared {
  settings: Settings;
  limits: Limits;
  restoring: Restoring | null;
  staff: Staff;
  clock: ConfirmedClock | null;
}

const int64Max = 2n ** 63n;
const amountsOf = ({ amount, booked, debitBalance, creditBalance }: Movement) => [
  amount,
  booked,
  debitBalance ?? 0n,
  creditBalance ?? 0n,
];
const kinds = ["withdrawal", "deposit", "transfer", "load", "opening", "void"];

/** @throws when `holds` does not hold: the transaction is refused */
function require(holds: boolean, what: string): void {
  if (!holds) throw new Error(`refused by the database: ${what}`);
}

/** Returns whether an account's number is one that its kind has. */
function isNumberOf({ kind, number, owner }: Account): boolean {
  if (kind === "terminal") return number === `cash ${owner}`;
  return kind === "customer" ? isAccountNumber(number) : number === kind;
}

export class MemoryTables {
  readonly accounts = new Map<number, Account>();
  /** Ids of accounts, by number and by uid. */
  readonly named = new Map<string, number>();
  /** Ids of accounts, by owner. */
  readonly owned = new Map<string, readonly number[]>();
  readonly movements = new Map<string, readonly Movement[]>();
  /** When the open movements were authorised. */
  readonly holds = new Map<string, number>();
  readonly customers = new Map<string, Customer>();
  readonly terminals = new Map<string, Terminal>();
  /** The newest movement that each terminal began. */
  readonly lastMovements = new Map<string, string>();
  readonly lines = new Map<string, Line & { username: string }>();
  readonly failures = new Map<string, Failures>();
  readonly days = new Map<number, readonly DayEnd[]>();
  readonly shared = new Map<keyof Shared, Shared[keyof Shared]>();
  readonly chains = new Map<number, Chain>();
  /** Entries of each chain, in order. */
  readonly audit = new Map<number, SealedEntry[]>();
  /** All entries, in the order in which they were committed. */
  readonly log: SealedEntry[] = [];
  #undo: (() => void)[] = [];
  /** Names of what the transaction has changed. */
  #touched = new Set<string>();

  /**
   * Runs a transaction.
   * @returns what it changed, and how to undo it
   * @throws what `change` throws: nothing is changed then
   */
  transact(change: () => void): { touched: ReadonlySet<string>; undo: () => void } {
    this.#undo = [];
    this.#touched = new Set();
    const [steps, touched] = [this.#undo, this.#touched];
    const undo = () => {
      for (const step of steps.splice(0).reverse()) step();
    };
    try {
      change();
    } catch (error) {
      undo();
      throw error;
    }
    return { touched, undo };
  }

  share<K extends keyof Shared>(name: K): Shared[K] {
    return this.shared.get(name) as Shared[K];
  }

  setShared<K extends keyof Shared>(name: K, value: Shared[K]): void {
    this.#set(this.shared, name, value, "shared");
  }

  setChain(chain: Chain): void {
    this.#set(this.chains, chain.number, chain, `chain ${chain.number}`);
  }

  addAccount(account: Account): void {
    const { id, number, uid, owner } = account;
    require(!this.accounts.has(id), "an account's id is taken");
    require(isNumberOf(account), "an account's number is not of its kind");
    require(fromHex(uid, 16) !== null, "an account's uid has another length");
    for (const name of [number, uid]) {
      require(!this.named.has(name), "an account's number or uid is taken");
      this.#set(this.named, name, id, `account named ${name}`);
    }
    require(
      ["customer", "terminal", "vault", "differences"].includes(account.kind),
      "an unknown kind of account",
    );
    this.#setAccount({ ...account, balance: 0n, held: 0n });
    this.#set(this.owned, owner, [...this.owned.get(owner) ?? [], id], `owner ${owner}`);
  }

  /** What a batch changed, in the databases' order. */
  write(changes: Changes, entries: readonly SealedEntry[]): void {
    for (const account of changes.accounts) this.#writeAccount(account);
    for (const row of changes.movements) this.#addMovement(row);
    if (changes.limits) this.setShared("limits", changes.limits);
    if (changes.restoring) {
      const { restoring } = changes;
      this.setShared("restoring", isRestored(restoring) ? null : restoring);
    }
    if (changes.staff) this.setShared("staff", changes.staff);
    if (changes.clock) {
      const { setsBack, ...confirmed } = changes.clock;
      this.setShared("clock", confirmed);
      for (const chain of setsBack ? this.chains.values() : []) {
        this.setChain({ ...chain, timeMs: Math.min(chain.timeMs, changes.timeMs) });
      }
    }
    for (const customer of changes.customers) {
      const before = this.customers.get(customer.username)?.passwordVersion ?? 1;
      require(customer.passwordVersion >= before, "a password's version never goes back");
      const others = [...this.customers.values()].filter(({ username, card }) =>
        username !== customer.username && card !== undefined
      );
      require(
        others.every(({ card }) => card!.hash !== customer.card?.hash),
        "two customers have the same card",
      );
      this.#set(this.customers, customer.username, customer, `customer ${customer.username}`);
    }
    for (const terminal of changes.terminals) this.#writeTerminal(terminal);
    for (const line of changes.lines) {
      this.#set(this.lines, line.terminal, { ...line, username: "" }, `line ${line.terminal}`);
    }
    for (const { terminal, connection, username } of changes.lineVisits) {
      const line = this.lines.get(terminal);
      if (line?.connection !== connection) continue;
      this.#set(this.lines, terminal, { ...line, username }, `line ${terminal}`);
    }
    for (const row of changes.failures) {
      this.#set(this.failures, row.source, row, `failures ${row.source}`);
    }
    for (const entry of entries) this.#addEntry(entry);
  }

  #writeAccount(account: Account): void {
    const before = this.accounts.get(account.id);
    if (!before) return this.addAccount(account);
    require(account.version >= before.version, "an account's version never goes back");
    require(before.state !== "closed" || account.state === "closed", "a closed account stays so");
    const { balance, held, number, uid, kind, owner, currency } = before;
    this.#setAccount({ ...account, balance, held, number, uid, kind, owner, currency });
  }

  #setAccount(account: Account): void {
    const { id, kind, balance, held, dayOut, dayIn } = account;
    require(held >= 0n && dayOut >= 0n && dayIn >= 0n, "less than nothing");
    require(kind !== "customer" || balance >= held, "a customer has less than is held");
    require(["open", "locked", "closed"].includes(account.state), "an unknown state");
    this.#set(this.accounts, id, account, `account ${id}`);
  }

  #addMovement(row: Movement): void {
    requireSound(row);
    const before = this.movements.get(row.id) ?? [];
    require(before.every(({ step }) => step !== row.step), "a movement's row is there already");
    for (const id of [row.debit, row.credit]) {
      require(id === null || this.accounts.has(id), "a movement's account is not there");
    }
    if (row.step === 2) this.#requireOpen(row, before);
    if (row.action === "doubt") {
      const [first] = before;
      const fits = first?.kind === "withdrawal" && row.kind === "withdrawal" &&
        first.terminal === row.terminal && first.amount === row.amount;
      require(fits && this.holds.has(row.id), "a doubt fits no open withdrawal");
    } else if (row.step === 3) {
      const settled = before.find(({ step }) => step === 2);
      require(
        settled !== undefined && settled.operator !== "" && settled.terminal === row.terminal &&
          settled.kind === row.kind,
        "a report fits no movement that an operator settled",
      );
    }
    if (row.action === "correct") {
      const [first] = before;
      const fits = first?.step === 1 && first.outcome === "ok" && first.kind === row.kind;
      require(fits && !this.holds.has(row.id), "a correction fits no movement that has ended");
    }
    const rows = [...before, row].sort((a, b) => a.step - b.step);
    this.#set(this.movements, row.id, rows, `movement ${row.id}`);
    if (row.step === 1 && row.terminal !== "") {
      this.#set(this.lastMovements, row.terminal, row.id, `last movement of ${row.terminal}`);
    }
    if (row.action === "authorise" && row.outcome === "ok") this.#hold(row);
    if (row.step === 2 || row.booked > 0n) this.#move(row);
  }

  #requireOpen(row: Movement, before: readonly Movement[]): void {
    const first = before.find(({ step }) => step === 1);
    const fits = first?.action === "authorise" && first.outcome === "ok" &&
      (["kind", "terminal", "customer", "debit", "credit", "amount", "currency"] as const)
        .every((name) => first[name] === row[name]);
    require(fits, "a settling fits no open movement");
  }

  #hold({ id, kind, debit, amount, timeMs }: Movement): void {
    this.#set(this.holds, id, timeMs, `movement ${id}`);
    if (kind !== "withdrawal") return;
    const account = this.accounts.get(debit!)!;
    this.#setAccount({ ...account, held: account.held + amount });
  }

  #move(row: Movement): void {
    const { id, step, kind, debit, credit, amount, booked } = row;
    if (this.holds.has(id)) this.#delete(this.holds, id);
    const held = step === 2 && kind === "withdrawal" ? amount : 0n;
    const sides = [
      [debit, -booked, held, row.debitBalance],
      [credit, booked, 0n, row.creditBalance],
    ] as const;
    for (const [side, change, released, balance] of sides) {
      if (side === null) continue;
      const before = this.accounts.get(side)!;
      const after = { ...before, balance: before.balance + change, held: before.held - released };
      require(before.currency === row.currency, "a movement's currency is not its account's");
      require(after.balance === balance, "the balances after a movement are not its own");
      this.#setAccount(after);
      if (booked > 0n && before.kind === "customer") this.#endDay(side, row.day, after.balance);
    }
  }

  #endDay(account: number, day: number, balance: bigint): void {
    const others = (this.days.get(account) ?? []).filter((end) => end.day !== day);
    const ends = [...others, { day, balance }].sort((a, b) => a.day - b.day);
    this.#set(this.days, account, ends, `account ${account}`);
  }

  #writeTerminal(terminal: Terminal): void {
    const before = this.terminals.get(terminal.id);
    const named = this.terminals.values().find(({ name }) => name === terminal.name);
    require(!named || named.id === terminal.id, "a terminal's name is taken");
    require(before?.state !== "revoked" || terminal.state === "revoked", "it stays revoked");
    require(!before || before.name === terminal.name, "a terminal keeps its name");
    require(!before || before.keyVersion <= terminal.keyVersion, "a key never goes back");
    const [had, has] = [before?.device, terminal.device];
    require(!had || (!!has && had.keyVersion <= has.keyVersion), "a device's keys never go back");
    this.#set(this.terminals, terminal.id, terminal, `terminal ${terminal.id}`);
    this.#touched.add(`terminal name ${terminal.name}`);
    if (has) this.#touched.add(`terminal name ${has.name}`);
  }

  #addEntry(entry: SealedEntry): void {
    const { chain, sequence, keyVersion, who, commitment, sealed, tag } = entry;
    const entries = this.audit.get(chain) ?? [];
    const last = entries.at(-1);
    const isNext = !last || last.sequence < sequence;
    require(
      isNext || !entries.some((each) => each.sequence === sequence),
      "the log has that place already",
    );
    require(sequence > 0 && this.chains.has(chain), "an entry is at no place of a chain");
    require(
      who.length === 16 && commitment.length === 32 && tag.length === 32,
      "an entry's parts have other lengths",
    );
    require(keyVersion === 0 || sealed.length > 0, "an entry about somebody says nothing");
    const kept = {
      ...entry,
      who: who.slice(),
      commitment: commitment.slice(),
      sealed: sealed.slice(),
      tag: tag.slice(),
    };
    this.#push(this.log, kept);
    if (!this.audit.has(chain)) this.audit.set(chain, entries);
    if (isNext) return this.#push(entries, kept);
    entries.push(kept);
    entries.sort((a, b) => a.sequence - b.sequence);
    this.#undo.push(() => void entries.splice(entries.indexOf(kept), 1));
  }

  #push<T>(values: T[], value: T): void {
    values.push(value);
    this.#undo.push(() => void values.pop());
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V, name: string): void {
    const [had, before] = [map.has(key), map.get(key)];
    map.set(key, value);
    this.#undo.push(() => had ? map.set(key, before!) : map.delete(key));
    this.#touched.add(name);
  }

  #delete<K, V>(map: Map<K, V>, key: K): void {
    const before = map.get(key)!;
    map.delete(key);
    this.#undo.push(() => map.set(key, before));
  }
}

/** Returns what the tables check of a movement's row alone. */
function requireSound(row: Movement): void {
  const { id, step, action, kind, debit, credit, amount, booked, outcome } = row;
  const correct = Math.max(step, 4);
  const stepOf = {
    authorise: 1,
    book: 1,
    complete: 2,
    reverse: 2,
    report: 3,
    doubt: 3,
    correct,
  } as const;
  const stepOfAction = action === "void" ? (kind === "void" ? 1 : 2) : stepOf[action];
  const joins = debit !== null && credit !== null && debit !== credit;
  require(/^[0-9a-f]{32}$/.test(id), "a movement's id has another length");
  require(kinds.includes(kind) && step === stepOfAction, "a row's step is not its action's");
  require(amountsOf(row).every((n) => n < int64Max && n >= -int64Max), "beyond 64 bits");
  require(booked >= 0n, "less than nothing is booked");
  if (booked > 0n) {
    require(joins, "money comes from nowhere, or goes there");
    require(
      outcome === "ok" && ["complete", "book", "report", "correct"].includes(action),
      "it books",
    );
    require(booked <= amount || action === "report", "more is booked than was asked for");
  }
  require(action !== "complete" || booked > 0n, "nothing is completed");
  const bookedInOne = action === "book" && outcome === "ok";
  require(!bookedInOne || (booked === amount && amount > 0n), "something else is booked");
  const opens = action === "authorise" && outcome === "ok";
  require(!opens || (joins && amount > 0n), "an authorisation joins no two accounts");
  require(
    (debit === null) === (row.debitBalance === null) &&
      (credit === null) === (row.creditBalance === null),
    "balances without accounts",
  );
}
