/**
 * The ledger's store on tables in memory, in PostgreSQL's shape: several servers on one database, each
 * with a connection that can be lost, and commits of which nobody can say at first whether they lasted.
 * A batch that others got in the way of is refused at its commit instead of waiting for locks.
 */
import { hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { databaseAnswerMsMax, databaseOutageMsMax, databaseRetryMs } from "../../lib/limits.ts";
import type { SealedEntry } from "../../server/audit/entry.ts";
import {
  type Changes,
  firstAccounts,
  type Loaded,
  type Movement,
  noLimits,
  noStaff,
  type Settings,
} from "../../server/ledger/model.ts";
import {
  type CommitOutcome,
  InDoubt,
  type ReadStore,
  Refused,
  type Store,
  TryAgain,
} from "../../server/ledger/store.ts";
import type { Touch } from "../../server/ledger/touch.ts";
import { beginningMs, type Process } from "./host.ts";
import { MemoryReads } from "./memory_reads.ts";
import { MemoryTables } from "./memory_tables.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** The outcome of a commit, each as a probability. */
export interface DatabaseFaults {
  readonly delayMsMean: number;
  /** An error before COMMIT: nothing is done. */
  readonly refuses: number;
  /** The connection is lost before COMMIT reaches the database. */
  readonly losesQuestion: number;
  /** It is lost after the database committed. */
  readonly losesAnswer: number;
  /** It is lost, and the database commits later. */
  readonly commitsLate: number;
  readonly lateMsMax: number;
  /** The standby did not confirm in time: the commit ends with the warning 01000. */
  readonly warns: number;
  /** The database goes away with the commit done or not done, and comes back. */
  readonly goesAway: number;
  readonly awayMsMax: number;
  /** How likely the standby takes over then, without what it had not confirmed. */
  readonly failsOver: number;
}

export const soundDatabase: DatabaseFaults = {
  delayMsMean: 1,
  refuses: 0,
  losesQuestion: 0,
  losesAnswer: 0,
  commitsLate: 0,
  lateMsMax: 0,
  warns: 0,
  goesAway: 0,
  awayMsMax: 0,
  failsOver: 0,
};

type Fate = Exclude<keyof DatabaseFaults, "delayMsMean" | `${string}Max` | "failsOver"> | "good";

const fates = [
  "refuses",
  "losesQuestion",
  "losesAnswer",
  "commitsLate",
  "warns",
  "goesAway",
] as const;

class ConnectionLost extends Error {}
/** A commit that ended with a warning: whether it lasts is not known. */
class Unsure extends Error {}

const isDoubtful = (error: unknown) => error instanceof ConnectionLost || error instanceof Unsure;

/** Where its delays come from; without one it answers at once, for tests of what a store does. */
export interface DatabaseWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** The database: what its servers share. */
export class MemoryDatabase {
  readonly tables = new MemoryTables();
  faults = soundDatabase;
  /** How often each fault happened. */
  readonly counted = new Map<string, number>();
  /** Counts commits. */
  #commits = 0;
  /** Which commit changed what last. */
  readonly #changed = new Map<string, number>();
  /** How to undo what no standby has, oldest first. */
  #unconfirmed: (() => void)[] = [];
  /** Chains with a commit under way, and what waits for its end. */
  readonly #busy = new Map<number, Promise<void>>();
  #isAway = false;
  /** Counts what ends all connections. */
  #generation = 0;
  /** Called with what a batch broke of what the database holds: no batch of the bank's should. */
  onViolation: (what: string) => void = () => {};
  /** Called when the outcome of a commit changes. */
  onFault: () => void = () => {};
  /** Addresses of hosts from which the database cannot be reached. */
  readonly parted = new Set<string>();
  /** Called with what changed, in words: what was committed, and what a fail-over lost. */
  onChanged: (what: string) => void = () => {};

  constructor(readonly world: DatabaseWorld | null = null) {}

  /** @throws {UsageError} when there is a bank already, or none */
  prepare(create: Settings | undefined): void {
    const { tables } = this;
    const isThere = tables.share("settings") !== undefined;
    if (isThere === (create !== undefined)) {
      throw new UsageError(`the database holds ${isThere ? "a bank already" : "no bank"}`);
    }
    if (!create) return;
    tables.transact(() => {
      tables.setShared("settings", create);
      tables.setShared("limits", noLimits);
      tables.setShared("restoring", null);
      tables.setShared("staff", noStaff);
      tables.setShared("clock", null);
      for (const account of firstAccounts(create)) tables.addAccount(account);
    });
  }

  get generation(): number {
    return this.#generation;
  }

  /** The database's clock, which is right; null for a database without a world. */
  clockMs(): number | null {
    return this.world && beginningMs + Math.floor(this.world.scheduler.timeMs);
  }

  get commits(): number {
    return this.#commits;
  }

  /** @throws {ConnectionLost} */
  requireConnected(generation: number, address: string): void {
    if (this.isAway(address) || generation !== this.#generation) {
      throw new ConnectionLost("the connection to the database is lost");
    }
  }

  /** Returns whether a host of this address cannot reach it now. */
  isAway(address: string): boolean {
    return this.#isAway || this.parted.has(address);
  }

  fate(): Fate {
    const random = this.world?.random;
    if (!random) return "good";
    const total = fates.reduce((sum, name) => sum + this.faults[name], 0);
    if (!random.chance(total)) return "good";
    const fate = random.weighed(fates.map((name) => [this.faults[name], name] as const));
    const what = `fault: database ${fate}`;
    this.counted.set(what, (this.counted.get(what) ?? 0) + 1);
    this.onFault();
    return fate;
  }

  /** Waits until no commit of this chain is under way, as a lock of its row does. */
  async locked(chain: number): Promise<void> {
    while (this.#busy.has(chain)) await this.#busy.get(chain);
  }

  /** Commits later, as a database does whose client has gone. */
  commitLate(chain: number, commit: () => void): void {
    const { scheduler, random } = this.world!;
    const done = Promise.withResolvers<void>();
    this.#busy.set(chain, done.promise);
    const generation = this.#generation;
    scheduler.after(random.fraction() * this.faults.lateMsMax, "late commit", () => {
      this.#busy.delete(chain);
      done.resolve();
      if (this.#isAway || generation !== this.#generation) return;
      try {
        commit();
      } catch {
        // its client has gone
      }
    });
  }

  /**
   * Commits, unless others changed what was loaded.
   * @param confirmed whether the standby has it, too
   * @throws when it is refused: nothing is changed
   */
  commit(
    { touched: names, loadedAt }: { touched: Iterable<string>; loadedAt: number },
    confirmed: boolean,
    change: () => void,
  ): void {
    for (const name of names) {
      if ((this.#changed.get(name) ?? 0) > loadedAt) {
        throw new TryAgain(`another server changed ${name} meanwhile`);
      }
    }
    const { touched, undo } = this.tables.transact(change);
    const mark = () => {
      this.#commits++;
      for (const name of touched) this.#changed.set(name, this.#commits);
    };
    mark();
    if (confirmed) this.#unconfirmed = [];
    else {
      this.#unconfirmed.push(() => {
        undo();
        mark();
      });
    }
  }

  /** All connections are lost, and there is no other for a while. */
  goAway(): void {
    const { scheduler, random } = this.world!;
    this.#isAway = true;
    this.#generation++;
    const failsOver = random.chance(this.faults.failsOver);
    scheduler.after(random.fraction() * this.faults.awayMsMax, "database back", () => {
      if (failsOver) this.failOver();
      this.#isAway = false;
    });
  }

  /** The standby takes over: what it had not confirmed is lost, or was there all the same. */
  failOver(): void {
    const lost = this.world!.random.below(this.#unconfirmed.length + 1);
    this.onChanged(`fail-over: ${lost} of ${this.#unconfirmed.length} unconfirmed commits lost`);
    for (const undo of this.#unconfirmed.splice(this.#unconfirmed.length - lost).reverse()) undo();
    this.#unconfirmed = [];
  }
}

function wordsOf({ movements }: Changes, confirmed: boolean): string {
  const rows = movements.map((
    { id, step, kind, action, customer, debit, credit, booked, outcome },
  ) =>
    `; ${kind} ${action} ${id}/${step} of ${customer} from ${debit} to ${credit}: ` +
    `${booked} booked, ${outcome}`
  );
  return `committed${confirmed ? "" : ", unconfirmed"}${rows.join("")}`;
}

/** A transaction that has loaded what a batch touches. */
interface Batch {
  generation: number;
  loadedAt: number;
  touched: ReadonlySet<string>;
  /** The accounts that were there. */
  known: ReadonlySet<number>;
  /** The bank's own accounts and settings cannot have changed meanwhile, either. */
  wide: boolean;
}

/** One server's store. */
export class MemoryStore implements Store {
  readonly #reads: MemoryReads;
  #generation = -1;
  #chain = 0;
  #batch: Batch | null = null;
  #wideNext = false;
  #isClosed = false;
  /** Since when there has been no connection; null while there is one. */
  #goneSinceMs: number | null = null;

  private constructor(
    private readonly database: MemoryDatabase,
    private readonly process: Process | null,
  ) {
    this.#reads = new MemoryReads(database.tables, () => database.clockMs());
  }

  /**
   * Opens the bank of a database, or makes it with these settings.
   * @throws {UsageError} when there is none, or one already
   */
  static async open(
    database: MemoryDatabase,
    process: Process | null,
    create?: Settings,
  ): Promise<MemoryStore> {
    const store = new MemoryStore(database, process);
    await store.#connected();
    database.prepare(create);
    return store;
  }

  async load(touch: Touch): Promise<Loaded> {
    try {
      const generation = await this.#connected();
      await this.#trip(generation);
      await this.#lockChain();
      this.database.requireConnected(generation, this.#address);
      return this.#load(touch, generation);
    } catch (error) {
      throw error instanceof ConnectionLost ? new TryAgain(error.message) : error;
    }
  }

  /** Returns a batch that has loaded nothing, and changes whatever it likes. */
  #emptyBatch(generation: number): Batch {
    const { commits: loadedAt, tables } = this.database;
    const known = new Set(tables.accounts.keys());
    return { generation, loadedAt, touched: new Set(), known, wide: true };
  }

  #load(touch: Touch, generation: number): Loaded {
    const { tables } = this.database;
    const wide = this.#wideNext;
    this.#wideNext = false;
    const movements = [...touch.movements].flatMap((id) => tables.movements.get(id) ?? []);
    const owners = [...touch.terminals, ...touch.customers];
    const numbered = [...touch.accountNumbers].flatMap((number) => tables.named.get(number) ?? []);
    const ids = new Set([
      ...touch.accounts,
      ...numbered,
      ...movements.flatMap(({ debit, credit }) => [debit ?? 0, credit ?? 0]),
      ...["", ...owners].flatMap((owner) => tables.owned.get(owner) ?? []),
    ]);
    const terminals = new Set([...touch.terminals, ...movements.map(({ terminal }) => terminal)]);
    const own = new Set(tables.owned.get("") ?? []);
    const named = numbered.map((id) => tables.accounts.get(id)!);
    const customers = new Set([
      ...touch.customers,
      ...named.filter(({ kind }) => kind === "customer").map(({ owner }) => owner),
    ]);
    this.#batch = {
      generation,
      wide,
      loadedAt: this.database.commits,
      known: ids,
      touched: new Set([
        ...[...ids].filter((id) => wide || !own.has(id)).map((id) => `account ${id}`),
        ...owners.map((owner) => `owner ${owner}`),
        ...[...touch.movements].map((id) => `movement ${id}`),
        ...[...customers].map((name) => `customer ${name}`),
        ...[...terminals].map((id) => `terminal ${id}`),
        ...[...touch.terminalNames].map((name) => `terminal name ${name}`),
        ...[...touch.failureSources].map((source) => `failures ${source}`),
        ...(wide ? ["shared"] : []),
      ]),
    };
    const closing = new Set([...touch.closing].flatMap((number) => tables.named.get(number) ?? []));
    return {
      settings: tables.share("settings"),
      limits: tables.share("limits"),
      restoring: tables.share("restoring"),
      staff: tables.share("staff"),
      accountIdNext: Math.max(0, ...tables.accounts.keys()) + 1,
      ...this.#reads.times(),
      accounts: [...ids].flatMap((id) => tables.accounts.get(id) ?? []),
      movements: [
        ...movements,
        ...[...tables.holds.keys()].flatMap((id) => tables.movements.get(id) ?? [])
          .filter(({ debit, credit }) =>
            [debit, credit].some((id) => id !== null && closing.has(id))
          ),
        ...[...tables.holds.keys()].map((id) => tables.movements.get(id) ?? [])
          .filter(([first]) => touch.devices.has(first!.terminal) && first!.token !== "").flat(),
      ],
      customers: [...customers].flatMap((name) => tables.customers.get(name) ?? []),
      terminals: [
        ...[...terminals].flatMap((id) => tables.terminals.get(id) ?? []),
        ...[...tables.terminals.values()].filter(({ name, device }) =>
          touch.terminalNames.has(name) || touch.terminalNames.has(device?.name ?? "")
        ),
      ],
      failures: [...touch.failureSources].flatMap((source) => tables.failures.get(source) ?? []),
    };
  }

  async commit(changes: Changes, entries: readonly SealedEntry[]): Promise<void> {
    const { database } = this;
    const generation = this.#batch?.generation ?? await this.#connected();
    const batch = this.#batch ?? this.#emptyBatch(generation);
    this.#batch = null;
    if (!batch.wide && this.#changesWhatIsShared(changes)) {
      this.#wideNext = true;
      throw new TryAgain("what all servers share changes with this batch");
    }
    const batchId = this.#newBatchId();
    const write = () => {
      const { accounts, named } = database.tables;
      for (const { id, number } of changes.accounts) {
        if (batch.known.has(id) || !(accounts.has(id) || named.has(number))) continue;
        throw new TryAgain("another server opened an account meanwhile");
      }
      database.tables.write(changes, entries);
      this.#nameBatch(hex(batchId), changes.timeMs);
    };
    try {
      await this.#endBatch(batch, (confirmed) => {
        try {
          database.commit(batch, confirmed, write);
        } catch (error) {
          if (!(error instanceof Refused)) database.onViolation((error as Error).message);
          throw error;
        }
        database.onChanged(wordsOf(changes, confirmed));
      });
    } catch (error) {
      if (isDoubtful(error)) throw new InDoubt(batchId, error as Error);
      throw error instanceof Refused ? error : new Refused((error as Error).message);
    }
  }

  #newBatchId(): Uint8Array {
    return this.process?.world.randomBytes(16) ?? new Uint8Array(16).fill(this.database.commits);
  }

  /**
   * Sends COMMIT, and gives its answer.
   * @throws {ConnectionLost} when there is none
   * @throws {Unsure} when it came with a warning
   */
  async #endBatch({ generation }: Batch, commit: (confirmed: boolean) => void): Promise<void> {
    const { database } = this;
    await this.#trip(generation);
    const fate = database.fate();
    const lose = () => {
      this.#generation = -1;
      throw new ConnectionLost(`the connection to the database is lost: ${fate}`);
    };
    switch (fate) {
      case "refuses":
        throw new Error("refused by the database: could not extend a file");
      case "losesQuestion":
        return lose();
      case "commitsLate":
        database.commitLate(this.#chain, () => commit(true));
        await this.#trip(generation);
        return lose();
      case "goesAway":
        if (database.world!.random.chance(0.5)) commit(database.world!.random.chance(0.5));
        database.goAway();
        return lose();
    }
    commit(fate !== "warns");
    if (fate === "losesAnswer") return lose();
    await this.#trip(generation);
    if (fate === "warns") throw new Unsure("a commit ended with a warning");
  }

  async outcomeOf(batchId: Uint8Array): Promise<CommitOutcome> {
    for (;;) {
      try {
        const last = await this.#makeSure((last) =>
          last === hex(batchId) ? last : hex(this.#newBatchId())
        );
        return last === hex(batchId) ? "committed" : "not_committed";
      } catch (error) {
        this.process?.requireAlive();
        if (this.#isClosed) throw error;
        await this.#pause(databaseRetryMs);
      }
    }
  }

  /**
   * Reads the chain's last batch, and commits once more behind it.
   * @param next the id that the chain's row gets
   */
  async #makeSure(next: (last: string | null) => string | null): Promise<string | null> {
    const generation = await this.#connected();
    this.#batch = null;
    await this.#trip(generation);
    await this.#lockChain();
    this.database.requireConnected(generation, this.#address);
    const last = this.database.tables.chains.get(this.#chain)?.batchId ?? null;
    const batch = this.#emptyBatch(generation);
    await this.#endBatch(batch, (confirmed) => {
      this.database.commit(batch, confirmed, () => this.#nameBatch(next(last)));
    });
    return last;
  }

  #nameBatch(batchId: string | null, timeMs?: number): void {
    const { tables } = this.database;
    const chain = tables.chains.get(this.#chain);
    if (chain) tables.setChain({ ...chain, batchId, timeMs: timeMs ?? chain.timeMs });
  }

  async openChain(id: Uint8Array): Promise<number> {
    const generation = await this.#connected();
    await this.#trip(generation);
    const { tables } = this.database;
    const isSame = (other: Uint8Array) => other.every((byte, at) => byte === id[at]);
    const there = tables.chains.values().find((chain) => isSame(chain.id));
    if (there) {
      this.#chain = there.number;
      const endMs = this.#timeMs() + databaseOutageMsMax;
      for (;;) {
        try {
          await this.#makeSure((last) => last);
          return there.number;
        } catch (error) {
          if (!isDoubtful(error) || this.#timeMs() > endMs) throw error;
          await this.#pause(databaseRetryMs);
        }
      }
    }
    const number = Math.max(0, ...tables.chains.keys()) + 1;
    const chain = { number, id: new Uint8Array(id), batchId: null, timeMs: 0 };
    this.database.commit({ touched: [], loadedAt: 0 }, true, () => tables.setChain(chain));
    return this.#chain = number;
  }

  snapshot<T>(read: (store: ReadStore) => Promise<T>): Promise<T> {
    return read(this.#reads); // without a wait, so that nothing is committed meanwhile
  }

  backUp(): Promise<void> {
    throw new UsageError("this bank is in its own database: back it up with its means");
  }

  close(): void {
    this.#isClosed = true;
    this.#generation = -1;
  }

  #changesWhatIsShared({ limits, restoring, staff, clock, accounts, movements }: Changes): boolean {
    const own = new Set(this.database.tables.owned.get("") ?? []);
    const isOwn = (id: number | null) => id !== null && own.has(id);
    const moves = ({ booked, debit, credit }: Movement) =>
      booked > 0n && (isOwn(debit) || isOwn(credit));
    return limits !== null || restoring !== null || staff !== null || clock !== null ||
      accounts.some(({ id }) => isOwn(id)) || movements.some(moves);
  }

  #timeMs(): number {
    return this.process?.world.monotonicMs() ?? 0;
  }

  get #address(): string {
    return this.process?.host.address ?? "";
  }

  /**
   * Returns the connection, another one where it was lost. @throws when the database is away for
   * too long
   */
  async #connected(): Promise<number> {
    for (;;) {
      this.process?.requireAlive();
      if (!this.database.isAway(this.#address)) {
        this.#goneSinceMs = null;
        if (this.#generation !== this.database.generation) {
          this.#generation = this.database.generation;
          await this.#trip(this.#generation);
        }
        return this.#generation;
      }
      this.#goneSinceMs ??= this.#timeMs();
      if (this.#timeMs() - this.#goneSinceMs > databaseOutageMsMax) {
        throw new Error("the database cannot be reached");
      }
      await this.#pause(databaseRetryMs);
    }
  }

  /** One way to the database or back. */
  async #trip(generation: number): Promise<void> {
    const { world, faults } = this.database;
    if (world) await this.#pause(0.05 + world.random.wait(faults.delayMsMean));
    this.process?.requireAlive();
    this.database.requireConnected(generation, this.#address);
  }

  /** @throws {TryAgain} when a commit of this chain is under way for too long */
  async #lockChain(): Promise<void> {
    const { database } = this;
    if (!database.world) return;
    const late = Promise.withResolvers<never>();
    const cancel = this.process?.world.after(databaseAnswerMsMax, () => {
      late.reject(new TryAgain("the chain's row is locked"));
    });
    try {
      await Promise.race([database.locked(this.#chain), late.promise]);
    } finally {
      cancel?.();
    }
  }

  async #pause(ms: number): Promise<void> {
    if (!this.process) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.process.world.after(ms, resolve);
    await promise;
  }

  // Reads outside batches

  settings = () => this.#read((reads) => reads.settings());
  limits = () => this.#read((reads) => reads.limits());
  restoring = () => this.#read((reads) => reads.restoring());
  staff = () => this.#read((reads) => reads.staff());
  claimKeys = () => true;
  releaseKeys = () => {};
  times = () => this.#read((reads) => reads.times());
  terminals = () => this.#read((reads) => reads.terminals());
  booksOf = (terminal: string) => this.#read((reads) => reads.booksOf(terminal));
  terminalsSum = () => this.#read((reads) => reads.terminalsSum());
  customer = (name: string) => this.#read((reads) => reads.customer(name));
  customerWithCard = (hash: string) => this.#read((reads) => reads.customerWithCard(hash));
  customers = () => this.#read((reads) => reads.customers());
  linesOf = (terminals: readonly string[], usernames: readonly string[]) =>
    this.#read((reads) => reads.linesOf(terminals, usernames));
  failures = () => this.#read((reads) => reads.failures());
  account = (id: number) => this.#read((reads) => reads.account(id));
  accountsAmong = (ids: readonly number[]) => this.#read((reads) => reads.accountsAmong(ids));
  accounts = () => this.#read((reads) => reads.accounts());
  dayBalances = (...args: Parameters<MemoryReads["dayBalances"]>) =>
    this.#read((reads) => reads.dayBalances(...args));
  doubts = () => this.#read((reads) => reads.doubts());
  holds = () => this.#read((reads) => reads.holds());
  movementsAfter = (...args: Parameters<MemoryReads["movementsAfter"]>) =>
    this.#read((reads) => reads.movementsAfter(...args));
  holdsAfter = (...args: Parameters<MemoryReads["holdsAfter"]>) =>
    this.#read((reads) => reads.holdsAfter(...args));
  accountsAfter = (...args: Parameters<MemoryReads["accountsAfter"]>) =>
    this.#read((reads) => reads.accountsAfter(...args));
  customersAfter = (...args: Parameters<MemoryReads["customersAfter"]>) =>
    this.#read((reads) => reads.customersAfter(...args));
  accountsOf = (owners: readonly string[]) => this.#read((reads) => reads.accountsOf(owners));
  accountsNumbered = (...args: Parameters<MemoryReads["accountsNumbered"]>) =>
    this.#read((reads) => reads.accountsNumbered(...args));
  limitedAccounts = () => this.#read((reads) => reads.limitedAccounts());
  customersNamed = (...args: Parameters<MemoryReads["customersNamed"]>) =>
    this.#read((reads) => reads.customersNamed(...args));
  customersShown = (...args: Parameters<MemoryReads["customersShown"]>) =>
    this.#read((reads) => reads.customersShown(...args));
  dayEndsAfter = (...args: Parameters<MemoryReads["dayEndsAfter"]>) =>
    this.#read((reads) => reads.dayEndsAfter(...args));
  damage = () => null;
  strayEntries = () => null;
  settledAmong = (ids: readonly string[]) => this.#read((reads) => reads.settledAmong(ids));
  chains = () => this.#read((reads) => reads.chains());
  lastEntries = (...args: Parameters<MemoryReads["lastEntries"]>) =>
    this.#read((reads) => reads.lastEntries(...args));
  entriesAfter = (...args: Parameters<MemoryReads["entriesAfter"]>) =>
    this.#read((reads) => reads.entriesAfter(...args));
  entriesOf = (...args: Parameters<MemoryReads["entriesOf"]>) =>
    this.#read((reads) => reads.entriesOf(...args));

  async #read<T>(read: (reads: MemoryReads) => T): Promise<T> {
    const { world, faults } = this.database;
    if (world) await this.#pause(0.05 + world.random.wait(faults.delayMsMean));
    this.process?.requireAlive();
    if (this.database.isAway(this.#address)) {
      throw new ConnectionLost("the database cannot be reached");
    }
    return read(this.#reads);
  }
}
