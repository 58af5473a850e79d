/** The ledger's store on SQLite: one file, one owner, every commit on disk before it returns. */
import { backup, DatabaseSync, type StatementSync } from "node:sqlite";
import { fromHex, hex } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import type { ChainName, LogPlace, SealedEntry } from "../../audit/entry.ts";
import type {
  Account,
  AccountState,
  Changes,
  ConfirmedClock,
  Customer,
  Failures,
  Limits,
  Loaded,
  Movement,
  MovementId,
  Restoring,
  Settings,
  Terminal,
} from "../model.ts";
import type { Touch } from "../touch.ts";
import { KeptRows } from "./kept_rows.ts";
import {
  accountOf,
  bytesOf,
  customerOf,
  failuresOf,
  movementOf,
  numberOf,
  type Row,
  sumOfTerminals,
  terminalOf,
} from "../rows.ts";
import {
  limitsOf,
  restoredSince,
  restoringOf,
  retellPrefix,
  settingsOf,
  type SettingValues,
  valuesOf,
  valuesOfLimits,
  valuesOfRestoring,
  valuesOfSettings,
} from "../settings.ts";
import type { DayEnd, ReadStore, Store } from "../store.ts";
import { prepareSchema, schemaDamage, versions } from "./versions.ts";

type Value = number | bigint | string | Uint8Array | null;

/** What may change of an account, money aside. */
const valuesOfAccount = (account: Account): Value[] => [
  account.version,
  account.state,
  account.name,
  account.day,
  account.dayOut,
  account.dayIn,
  account.withdrawalMax,
  account.dayOutMax,
  account.dayInMax,
];

/**
 * Pages of the write-ahead log, 4 KiB each, before they are brought into the file itself: a page that
 * changes again and again until then is brought there once.
 */
const checkpointPages = 8_192;
/** Pages that a backup copies at a time. */
const backupPages = 4_096;

export class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #kept = new KeptRows();
  #settings: Settings | undefined;
  #limits: Limits | undefined;
  #restoring: Restoring | null | undefined;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /**
   * Opens the bank's file, or makes it with these settings; takes it for this process alone.
   * @throws {UsageError} when it is someone else's, of a newer version, or no such file
   */
  static open(path: string, create?: Settings): SqliteStore {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
      database.exec("PRAGMA busy_timeout = 500; PRAGMA locking_mode = EXCLUSIVE");
      database.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA recursive_triggers = ON",
      );
      database.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`);
      database.exec("BEGIN IMMEDIATE");
      prepareSchema(database, { path, creating: create !== undefined, versions });
      const store = new SqliteStore(database);
      if (create) store.#create(create);
      database.exec("COMMIT");
      return store;
    } catch (error) {
      database?.close();
      throw explained(error as Error, path);
    }
  }

  load(touch: Touch): Loaded {
    const movements = [...touch.movements].flatMap((id) =>
      this.#all("SELECT * FROM movements WHERE id = ?", fromHex(id, 16)!).map(movementOf)
    );
    const ids = new Set(touch.accounts);
    const terminals = new Set(touch.terminals);
    for (const { debit, credit, terminal } of movements) {
      if (terminal) terminals.add(terminal);
      if (debit !== null) ids.add(debit);
      if (credit !== null) ids.add(credit);
    }
    const accounts = [
      ...[...ids].flatMap((id) => this.#kept.account(id, () => this.#account(id)) ?? []),
      ...["", ...touch.terminals, ...touch.customers].flatMap((owner) =>
        this.#kept.accountsOf(
          owner,
          () => this.#all("SELECT * FROM accounts WHERE owner = ?", owner).map(accountOf),
        )
      ),
    ];
    return {
      settings: this.settings(),
      limits: this.limits(),
      restoring: this.restoring(),
      accountIdNext: Number(
        this.#one("SELECT coalesce(max(id), 0) + 1 AS next FROM accounts")!.next,
      ),
      lastMs: 0,
      accounts,
      movements,
      customers: [...touch.customers].flatMap((username) =>
        this.#all("SELECT * FROM customers WHERE username = ?", username).map(customerOf)
      ),
      terminals: [
        ...[...terminals].flatMap((id) =>
          this.#kept.terminal(id, () => this.#terminalsWhere("id", id)[0]) ?? []
        ),
        ...[...touch.terminalNames].flatMap((name) => this.#terminalsWhere("name", name)),
      ],
      failures: [...touch.failureSources].flatMap((source) =>
        this.#all("SELECT * FROM failures WHERE source = ?", source).map(failuresOf)
      ),
    };
  }

  commit(changes: Changes, entries: readonly SealedEntry[]): void {
    if (changes.limits) this.#limits = undefined;
    if (changes.restoring) this.#restoring = undefined;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      this.#write(changes);
      for (const { chain, sequence, epoch, keyVersion, who, sealed, tag } of entries) {
        this.#run(
          "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)",
          placeOf(chain, sequence),
          epoch,
          keyVersion,
          who,
          sealed,
          tag,
        );
      }
      this.#database.exec("COMMIT");
      this.#kept.committed(changes);
    } catch (error) {
      this.#kept.clear();
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** What can be read here is on disk. */
  confirm(): void {}

  #write(changes: Changes): void {
    // Their money comes with the movements: the database books it from their rows.
    for (const account of changes.accounts) this.#writeAccount(account);
    for (const row of changes.movements) {
      this.#run(
        "INSERT INTO movements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        fromHex(row.id, 16)!,
        row.step,
        row.action,
        row.kind,
        row.terminal,
        row.customer,
        row.operator,
        row.debit,
        row.credit,
        row.amount,
        row.booked,
        row.currency,
        row.outcome,
        row.debitBalance,
        row.creditBalance,
        row.day,
        row.timeMs,
      );
    }
    if (changes.limits) this.#writeLimits(changes.limits);
    if (changes.restoring) this.#writeRestoring(changes.restoring);
    if (changes.clock) {
      const { confirmedMs, timeMs } = changes.clock;
      this.#run("INSERT OR REPLACE INTO clock VALUES (1, ?, ?)", confirmedMs, timeMs);
    }
    for (const { username, passwordHash } of changes.customers) {
      this.#run(
        `INSERT INTO customers VALUES (?, ?)
         ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash`,
        username,
        passwordHash,
      );
    }
    for (const { id, name, keyVersion, sealedKey, state, next } of changes.terminals) {
      this.#run(
        `INSERT INTO terminals VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
         name = excluded.name, key_version = excluded.key_version, sealed_key = excluded.sealed_key,
         state = excluded.state, next_version = excluded.next_version,
         next_sealed_key = excluded.next_sealed_key, next_since_ms = excluded.next_since_ms`,
        id,
        name,
        keyVersion,
        sealedKey,
        state,
        next?.version ?? null,
        next?.sealedKey ?? null,
        next?.sinceMs ?? null,
      );
    }
    for (const { source, count, lastMs } of changes.failures) {
      this.#run("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", source, count, lastMs);
    }
  }

  /** Nearly every account that changes is there already. */
  #writeAccount(account: Account): void {
    const found = this.#run(
      `UPDATE accounts SET version = ?, state = ?, name = ?, day = ?, day_out = ?, day_in = ?,
         withdrawal_max = ?, day_out_max = ?, day_in_max = ? WHERE id = ?`,
      ...valuesOfAccount(account),
      account.id,
    );
    if (found > 0) return;
    this.#run(
      `INSERT INTO accounts (version, state, name, day, day_out, day_in, withdrawal_max, day_out_max,
         day_in_max, id, kind, owner, currency, balance, held)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)`,
      ...valuesOfAccount(account),
      account.id,
      account.kind,
      account.owner,
      account.currency,
    );
  }

  /** Read once: what a bank was made with does not change, and every batch asks for it. */
  settings(): Settings {
    return this.#settings ??= settingsOf(this.#values());
  }

  /** The bank's limits; asked for by every batch, and read again once they have changed. */
  limits(): Limits {
    return this.#limits ??= limitsOf(this.#values());
  }

  confirmedClock(): ConfirmedClock | null {
    const row = this.#one("SELECT * FROM clock");
    return row ? { confirmedMs: numberOf(row.confirmed_ms), timeMs: numberOf(row.time_ms) } : null;
  }

  #writeLimits(limits: Limits): void {
    for (const [name, amount] of valuesOfLimits(limits)) {
      if (amount === null) this.#run("DELETE FROM settings WHERE name = ?", name);
      else this.#run("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, amount);
    }
  }

  /** As with limits. A terminal that is waited for has a setting of its own. */
  restoring(): Restoring | null {
    if (this.#restoring === undefined) this.#restoring = restoringOf(this.#values());
    return this.#restoring;
  }

  #writeRestoring(restoring: Restoring): void {
    this.#run(`DELETE FROM settings WHERE name LIKE '${retellPrefix}%' OR name = ?`, restoredSince);
    for (const [name, value] of valuesOfRestoring(restoring)) {
      this.#run("INSERT INTO settings VALUES (?, ?)", name, value);
    }
  }

  #values(): SettingValues {
    return valuesOf(this.#all("SELECT name, value FROM settings"));
  }

  terminals(): Terminal[] {
    return this.#all("SELECT * FROM terminals ORDER BY name").map(terminalOf);
  }

  terminalsSum(): string {
    return Object.values(this.#one(`${sumOfTerminals} FROM terminals`)!).join();
  }

  customer(username: string): Customer | undefined {
    const row = this.#one("SELECT * FROM customers WHERE username = ?", username);
    return row && customerOf(row);
  }

  customers(): Customer[] {
    return this.#all("SELECT * FROM customers ORDER BY username").map(customerOf);
  }

  failures(): Failures[] {
    return this.#all("SELECT * FROM failures ORDER BY source").map(failuresOf);
  }

  account(id: number): AccountState | undefined {
    return this.#account(id);
  }

  #account(id: number): Account | undefined {
    const row = this.#one("SELECT * FROM accounts WHERE id = ?", id);
    return row && accountOf(row);
  }

  #terminalsWhere(column: "id" | "name", value: string): Terminal[] {
    return this.#all(`SELECT * FROM terminals WHERE ${column} = ?`, value).map(terminalOf);
  }

  accountsAmong(ids: readonly number[]): AccountState[] {
    return ids.flatMap((id) => this.account(id) ?? []);
  }

  accounts(): Account[] {
    return this.#all("SELECT * FROM accounts ORDER BY id").map(accountOf);
  }

  dayBalances(account: number, fromDay: number): DayEnd[] {
    return this.#all(
      `SELECT day, balance FROM day_balances WHERE account = ? AND day >= coalesce(
         (SELECT max(day) FROM day_balances WHERE account = ? AND day <= ?), ?) ORDER BY day`,
      account,
      account,
      fromDay,
      fromDay,
    ).map((row) => ({ day: numberOf(row.day), balance: row.balance as bigint }));
  }

  holds(): Movement[] {
    return this.#all(
      `SELECT movements.* FROM holds JOIN movements ON movements.id = holds.movement AND movements.step = 1
       ORDER BY holds.time_ms`,
    ).map(movementOf);
  }

  movementsAfter(id: MovementId, step: number, limit: number): Movement[] {
    return this.#all(
      "SELECT * FROM movements WHERE (id, step) > (?, ?) ORDER BY id, step LIMIT ?",
      fromHex(id, 16)!,
      step,
      limit,
    ).map(movementOf);
  }

  holdIds(): MovementId[] {
    return this.#all("SELECT movement FROM holds").map(({ movement }) => hex(bytesOf(movement)));
  }

  damage(): string | null {
    const damaged = this.#one(
      "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT 1",
    );
    if (damaged) return String(damaged.integrity_check);
    const orphan = this.#one('SELECT "table", parent FROM pragma_foreign_key_check LIMIT 1');
    if (orphan) return `a row of ${orphan.table} is without its ${orphan.parent}`;
    return schemaDamage(this.#database, versions);
  }

  settledAmong(movements: readonly MovementId[]): MovementId[] {
    return movements.filter((id) =>
      this.#one("SELECT 1 AS found FROM movements WHERE id = ? AND step = 2", fromHex(id, 16)!)
    );
  }

  chains(): ChainName[] {
    return this.#all("SELECT * FROM audit_chains ORDER BY number").map((row) => ({
      number: numberOf(row.number),
      id: bytesOf(row.id),
    }));
  }

  openChain(id: Uint8Array): number {
    this.#run("INSERT INTO audit_chains (id) VALUES (?) ON CONFLICT DO NOTHING", id);
    return numberOf(this.#one("SELECT number FROM audit_chains WHERE id = ?", id)!.number);
  }

  lastEntries(chain: number, limit: number): SealedEntry[] {
    return this.#all(
      "SELECT * FROM audit WHERE place > ? AND place < ? ORDER BY place DESC LIMIT ?",
      placeOf(chain, 0),
      placeOf(chain + 1, 0),
      limit,
    ).map(entryOf);
  }

  entriesAfter(chain: number, sequence: number, limit: number): SealedEntry[] {
    return this.#all(
      "SELECT * FROM audit WHERE place > ? AND place < ? ORDER BY place LIMIT ?",
      placeOf(chain, sequence),
      placeOf(chain + 1, 0),
      limit,
    ).map(entryOf);
  }

  entriesOf(who: readonly Uint8Array[], before: LogPlace | null, limit: number): SealedEntry[] {
    const found = who.flatMap((each) =>
      this.#all(
        "SELECT * FROM audit WHERE who = ? AND place < ? ORDER BY place DESC LIMIT ?",
        each,
        before ? placeOf(before.chain, before.sequence) : Number.MAX_SAFE_INTEGER,
        limit,
      ).map(entryOf)
    );
    return found.sort((a, b) => b.chain - a.chain || b.sequence - a.sequence).slice(0, limit);
  }

  /** All else waits until it is read, since this thread does one thing at a time. */
  snapshot<T>(read: (store: ReadStore) => Promise<T>): Promise<T> {
    return read(this);
  }

  /** Nothing commits meanwhile. */
  async backUp(path: string): Promise<void> {
    await backup(this.#database, path, { rate: backupPages });
    const copy = Deno.openSync(path, { write: true });
    copy.syncSync();
    copy.close();
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #create(settings: Settings): void {
    for (const [name, value] of valuesOfSettings(settings)) {
      this.#run("INSERT INTO settings VALUES (?, ?)", name, value);
    }
    for (const kind of ["vault", "differences"]) {
      this.#run(
        "INSERT INTO accounts (kind, owner, currency, balance, held, version, state) VALUES (?, '', ?, 0, 0, 0, 'open')",
        kind,
        settings.currency.code,
      );
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      statement.setReadBigInts(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** How many rows it changed. */
  #run(sql: string, ...values: Value[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  #one(sql: string, ...values: (number | string | Uint8Array)[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  #all(sql: string, ...values: (number | string | Uint8Array)[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }
}

function explained(error: Error, path: string): Error {
  if (error instanceof UsageError) return error;
  if (/database is locked/.test(error.message)) {
    return new UsageError(
      `${path} is in use by another process: end it first, or reach it through its server`,
    );
  }
  if (/not a database|malformed/.test(error.message)) {
    return new UsageError(`${path} is damaged (${error.message}): restore it from a backup`);
  }
  if (/unable to open|readonly|permission|disk I\/O error|is full/i.test(error.message)) {
    return new UsageError(
      `${path} cannot be opened for writing (${error.message}): check the folder, its permissions and its disk`,
    );
  }
  return error;
}

/** Chain and sequence in one number, as the table has them. */
const sequencesPerChain = 2 ** 40;
const placeOf = (chain: number, sequence: number) => chain * sequencesPerChain + sequence;

function entryOf(row: Row): SealedEntry {
  const place = numberOf(row.place);
  return {
    chain: Math.floor(place / sequencesPerChain),
    sequence: place % sequencesPerChain,
    epoch: numberOf(row.epoch),
    keyVersion: numberOf(row.key_version),
    who: bytesOf(row.who),
    sealed: bytesOf(row.sealed),
    tag: bytesOf(row.tag),
  };
}
