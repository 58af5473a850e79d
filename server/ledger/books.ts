/**
 * The part of the bank that a batch touches: loaded by a store, changed by the rules, and then
 * committed. Rows are values; a change replaces one and marks it as changed.
 */
import type { RowChange } from "../audit/entry.ts";
import {
  canonicalAccount,
  canonicalClock,
  canonicalCustomer,
  canonicalLimits,
  canonicalRestoring,
  type CanonicalRow,
  canonicalStaff,
  canonicalTerminal,
  changeOf,
} from "./canonical.ts";
import {
  type Account,
  type AccountIdentity,
  type AccountKind,
  type Card,
  type Changes,
  type ConfirmedClock,
  type Customer,
  type Failures,
  type KnownTerminal,
  type Limits,
  type Line,
  type LineVisit,
  type Loaded,
  type Movement,
  type MovementId,
  type MovementStep,
  newAccount,
  type Restoring,
  type Settings,
  type Staff,
  type Terminal,
  type TerminalId,
} from "./model.ts";

/** Minor units that count towards a day's limits. */
export interface Charge {
  out?: bigint;
  in?: bigint;
}

/** Returns a row in its present state; null if it does not exist. */
type RowNow = () => CanonicalRow | null;

/** The working copy of one batch. */
export class Books {
  readonly settings: Settings;
  #limits: Limits;
  #restoring: Restoring | null;
  #clock: ConfirmedClock | null;
  #staff: Staff;
  #accounts = new Map<number, Account>();
  #numbered = new Map<string, Account["id"]>();
  /** The ids of each owner's accounts of a kind. */
  #owned = new Map<string, Set<number>>();
  #movements = new Map<string, Movement>();
  #customers = new Map<string, Customer>();
  #terminals = new Map<TerminalId, Terminal>();
  #failures = new Map<string, Failures>();
  #accountIdNext: number;
  #changed = {
    accounts: new Set<number>(),
    movements: [] as Movement[],
    customers: new Set<string>(),
    terminals: new Set<TerminalId>(),
    failures: new Set<string>(),
    lines: new Map<TerminalId, Line>(),
    lineVisits: new Map<string, LineVisit>(),
    limits: null as Limits | null,
    restoring: null as Restoring | null,
    clock: null as Changes["clock"],
    staff: null as Staff | null,
  };
  /** Rows that commands have changed other than by movements: before, and now. */
  #administered = new Map<string, { before: CanonicalRow | null; now: RowNow }>();

  constructor(loaded: Loaded) {
    this.settings = loaded.settings;
    this.#limits = loaded.limits;
    this.#restoring = loaded.restoring;
    this.#clock = loaded.confirmed;
    this.#staff = loaded.staff;
    this.#accountIdNext = loaded.accountIdNext;
    for (const account of loaded.accounts) this.#keepAccount(account);
    for (const row of loaded.movements) this.#movements.set(movementKey(row.id, row.step), row);
    for (const customer of loaded.customers) this.#customers.set(customer.username, customer);
    for (const terminal of loaded.terminals) this.#terminals.set(terminal.id, terminal);
    for (const failures of loaded.failures) this.#failures.set(failures.source, failures);
  }

  account(id: number): Account | undefined {
    return this.#accounts.get(id);
  }

  accountNumbered(number: string): Account | undefined {
    return this.#accounts.get(this.#numbered.get(number) ?? 0);
  }

  /**
   * Returns the account of this kind that belongs to `owner`; the bank's own belong to the empty
   * owner.
   */
  accountOf(kind: AccountKind, owner = ""): Account | undefined {
    return this.accountsOf(kind, owner)[0];
  }

  /** Returns all accounts of this kind that belong to `owner`, oldest first. */
  accountsOf(kind: AccountKind, owner: string): Account[] {
    const ids = [...this.#owned.get(`${kind} ${owner}`) ?? []].sort((a, b) => a - b);
    return ids.map((id) => this.#accounts.get(id)!);
  }

  movement(id: MovementId, step: MovementStep): Movement | undefined {
    return this.#movements.get(movementKey(id, step));
  }

  /**
   * Returns whether a movement of this account is authorised and not settled. Its open movements
   * are loaded.
   */
  hasOpenMovement(account: number): boolean {
    return this.#movements.values().some(({ id, step, action, outcome, debit, credit }) =>
      step === 1 && action === "authorise" && outcome === "ok" &&
      (debit === account || credit === account) && !this.movement(id, 2)
    );
  }

  /** Returns the open withdrawals of a terminal that have a token. They are loaded. */
  openTokens(terminal: TerminalId): Movement[] {
    return this.#movements.values().filter((row) =>
      row.terminal === terminal && row.step === 1 && row.token !== "" && !this.movement(row.id, 2)
    ).toArray();
  }

  customer(username: string): Customer | undefined {
    return this.#customers.get(username);
  }

  terminal(id: TerminalId): Terminal | undefined {
    return this.#terminals.get(id);
  }

  terminalNamed(name: string): Terminal | undefined {
    return this.#terminals.values().find((terminal) => terminal.name === name);
  }

  terminalOfDevice(name: string): Terminal | undefined {
    return this.#terminals.values().find(({ device }) => device?.name === name);
  }

  failures(source: string): Failures {
    return this.#failures.get(source) ?? { source, count: 0, lastMs: 0 };
  }

  get limits(): Limits {
    return this.#limits;
  }

  setLimits(limits: Limits): void {
    this.#administer("limits", () => canonicalLimits(this.#limits));
    this.#limits = this.#changed.limits = limits;
  }

  /** The state of a restored bank; null when no terminal has to retell. */
  get restoring(): Restoring | null {
    return this.#restoring?.waiting.length ? this.#restoring : null;
  }

  /** The state of a restored bank, also once all terminals have retold. */
  get restored(): Restoring | null {
    return this.#restoring;
  }

  setRestoring(restoring: Restoring): void {
    this.#administer("restoring", () => canonicalRestoring(this.#restoring));
    this.#restoring = this.#changed.restoring = restoring;
  }

  /** How many times the bank's time was set back. */
  get setBacks(): number {
    return this.#clock?.setBacks ?? 0;
  }

  /** Confirms the clock. @param setsBack whether the bank's time becomes an earlier one */
  confirmClock(clock: Omit<ConfirmedClock, "setBacks">, setsBack = false): void {
    this.#administer("clock", () => canonicalClock(this.#clock));
    this.#clock = { ...clock, setBacks: this.setBacks + (setsBack ? 1 : 0) };
    this.#changed.clock = { ...this.#clock, setsBack: setsBack || !!this.#changed.clock?.setsBack };
  }

  get staff(): Staff {
    return this.#staff;
  }

  setStaff(staff: Staff): void {
    this.#administer("operators", () => canonicalStaff(this.#staff));
    this.#staff = this.#changed.staff = staff;
  }

  openAccount(
    kind: AccountKind,
    owner: string,
    { number, uid }: AccountIdentity,
    name = "",
  ): Account {
    return this.setAccount({
      id: this.#accountIdNext++,
      number,
      uid,
      kind,
      owner,
      name,
      currency: this.settings.currency.code,
      ...newAccount,
    });
  }

  /** Changes an account's money and counts the change. */
  adjust(id: number, by: { balance?: bigint; held?: bigint }): Account {
    const was = this.#accounts.get(id)!;
    return this.#changeMoney({
      ...was,
      balance: was.balance + (by.balance ?? 0n),
      held: was.held + (by.held ?? 0n),
      version: was.version + 1,
    });
  }

  /** Charges amounts to an account's day: a new day begins at zero. */
  charge(id: number, day: number, { out = 0n, in: taken = 0n }: Charge): void {
    const was = this.#accounts.get(id)!;
    const [dayOut, dayIn] = was.day === day ? [was.dayOut, was.dayIn] : [0n, 0n];
    this.#changeMoney({ ...was, day, dayOut: dayOut + out, dayIn: dayIn + taken });
  }

  /** Reverses charges of this day; does nothing if a later day has begun since. */
  giveBack(id: number, day: number, { out = 0n, in: taken = 0n }: Charge): void {
    const was = this.#accounts.get(id)!;
    if (was.day !== day) return;
    this.#changeMoney({ ...was, dayOut: was.dayOut - out, dayIn: was.dayIn - taken });
  }

  /** Opens an account, or changes what does not follow from movements. */
  setAccount(account: Account): Account {
    this.#administer(`account ${account.number}`, () => {
      const now = this.#accounts.get(account.id);
      return now ? canonicalAccount(now) : null;
    });
    return this.#changeMoney(account);
  }

  #changeMoney(account: Account): Account {
    this.#changed.accounts.add(account.id);
    return this.#keepAccount(account);
  }

  addMovement(row: Movement): Movement {
    this.#movements.set(movementKey(row.id, row.step), row);
    this.#changed.movements.push(row);
    return row;
  }

  addCustomer(customer: Pick<Customer, "username" | "displayName" | "passwordHash">): void {
    this.#setCustomer({ ...customer, passwordVersion: 1, oneTime: null, knownTerminals: [] });
  }

  /**
   * Ends the visits of a customer, and the log-ins in progress, which are bound to the earlier
   * version.
   * @param password the new one, if it changes
   */
  raisePasswordVersion(
    username: string,
    password: Partial<Pick<Customer, "passwordHash" | "oneTime">> = {},
  ): Customer {
    const was = this.#customers.get(username)!;
    return this.#setCustomer({ ...was, ...password, passwordVersion: was.passwordVersion + 1 });
  }

  /** Issues a card, changes it, or ends it with null. */
  setCard(username: string, card: Card | null): void {
    const { card: _, ...customer } = this.#customers.get(username)!;
    this.#setCustomer({ ...customer, ...(card && { card }) });
  }

  setKnownTerminals(username: string, knownTerminals: readonly KnownTerminal[]): void {
    this.#setCustomer({ ...this.#customers.get(username)!, knownTerminals });
  }

  #setCustomer(customer: Customer): Customer {
    this.#administer(`customer ${customer.username}`, () => {
      const now = this.#customers.get(customer.username);
      return now ? canonicalCustomer(now) : null;
    });
    this.#customers.set(customer.username, customer);
    this.#changed.customers.add(customer.username);
    return customer;
  }

  setTerminal(terminal: Terminal): void {
    this.#administer(`terminal ${terminal.id}`, () => {
      const now = this.#terminals.get(terminal.id);
      return now ? canonicalTerminal(now) : null;
    });
    this.#terminals.set(terminal.id, terminal);
    this.#changed.terminals.add(terminal.id);
  }

  openLine(line: Line): void {
    this.#changed.lines.set(line.terminal, line);
  }

  setLineVisit(visit: LineVisit): void {
    this.#changed.lineVisits.set(visit.connection, visit);
  }

  setFailures(failures: Failures): void {
    this.#failures.set(failures.source, failures);
    this.#changed.failures.add(failures.source);
  }

  /** Called before a row of this name changes other than by movements. */
  #administer(name: string, now: RowNow): void {
    if (!this.#administered.has(name)) this.#administered.set(name, { before: now(), now });
  }

  /** Returns whether something changed other than by movements since the last `takeAdministered`. */
  hasAdministered(): boolean {
    // A clock that is confirmed again need not have another row.
    return this.#administered.entries().some(([name, { before, now }]) =>
      name === "clock" || before?.text !== now()?.text
    );
  }

  /** Returns the changes other than by movements since the last call, which an entry must cover. */
  takeAdministered(): RowChange[] {
    const rows = [...this.#administered.values()];
    this.#administered.clear();
    return rows.flatMap(({ before, now }) => {
      const after = now();
      return before?.text === after?.text ? [] : changeOf(before, after);
    });
  }

  changes(): Omit<Changes, "timeMs"> {
    const { accounts, customers, terminals, failures, lines, lineVisits, ...added } = this.#changed;
    return {
      ...added,
      accounts: [...accounts].map((id) => this.#accounts.get(id)!),
      customers: [...customers].map((username) => this.#customers.get(username)!),
      terminals: [...terminals].map((id) => this.#terminals.get(id)!),
      lines: [...lines.values()],
      lineVisits: [...lineVisits.values()],
      failures: [...failures].map((source) => this.#failures.get(source)!),
    };
  }

  #keepAccount(account: Account): Account {
    this.#accounts.set(account.id, account);
    this.#numbered.set(account.number, account.id);
    const owner = `${account.kind} ${account.owner}`;
    this.#owned.set(owner, (this.#owned.get(owner) ?? new Set()).add(account.id));
    return account;
  }
}

const movementKey = (id: MovementId, step: MovementStep) => `${id}/${step}`;
