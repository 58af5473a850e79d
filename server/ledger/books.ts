/**
 * The part of the bank that a batch touches: loaded by a store, changed by the rules, and then
 * committed. Rows are values; a change replaces one and remembers that it did.
 */
import type { Outcome } from "../../lib/errors.ts";
import type { Currency } from "../../lib/money.ts";
import type { ConfirmedClock } from "./clock.ts";
import type { AccountState, Command, MovementId, TerminalId } from "./command.ts";

export type AccountKind = "customer" | "terminal" | "vault" | "differences";

/**
 * An account. `balance` is credits less debits: above zero when the bank owes it to a customer,
 * below zero for cash in a terminal or in the vault, so that all balances sum to zero.
 */
export interface Account extends AccountState {
  kind: AccountKind;
  /** A username, a terminal id, or empty for the bank's own. */
  owner: string;
  currency: string;
  state: "open" | "locked" | "closed";
  /** The bank's calendar day that `dayOut` and `dayIn` were charged to. */
  day: number;
  /** Taken out and sent by a customer, or handed out by a terminal, on that day. */
  dayOut: bigint;
  /** Taken in by a terminal on that day. */
  dayIn: bigint;
  /** Limits of this account's own, before the bank's; null where the bank's hold. */
  withdrawalMax: bigint | null;
  dayOutMax: bigint | null;
  dayInMax: bigint | null;
}

/** What every account begins with. */
export const newAccount = {
  balance: 0n,
  held: 0n,
  version: 0,
  state: "open",
  day: 0,
  dayOut: 0n,
  dayIn: 0n,
  withdrawalMax: null,
  dayOutMax: null,
  dayInMax: null,
} as const satisfies Partial<Account>;

/** The bank's limits, in minor units; null for none. */
export interface Limits {
  /** One withdrawal. */
  withdrawalMax: bigint | null;
  /** What one account gives in a day, in withdrawals and transfers. */
  accountDayOutMax: bigint | null;
  /** The notes that one terminal hands out, and takes in, in a day. */
  terminalDayOutMax: bigint | null;
  terminalDayInMax: bigint | null;
}

/** A bank that was restored from a backup, until its terminals have told what they did since. */
export interface Restoring {
  /** Milliseconds since 1970: what is older the backup has. */
  sinceMs: number;
  /** Terminals that have not told yet. */
  waiting: readonly TerminalId[];
}

export const noLimits: Limits = {
  withdrawalMax: null,
  accountDayOutMax: null,
  terminalDayOutMax: null,
  terminalDayInMax: null,
};

/**
 * A movement's row, never changed: one when it begins, one when it is settled, and one for what the
 * terminal reports after an operator has settled it.
 */
export interface Movement {
  id: MovementId;
  step: MovementStep;
  action: "authorise" | "complete" | "reverse" | "void" | "book" | "report";
  /** `load`: notes in a terminal that no customer moved, put in or found over or missing. */
  kind: "withdrawal" | "deposit" | "transfer" | "load" | "opening" | "void";
  terminal: TerminalId;
  customer: string;
  /** Who settled it in the terminal's place; otherwise empty. */
  operator: string;
  debit: number | null;
  credit: number | null;
  /** What was asked for; in a report, what the terminal says its devices moved. */
  amount: bigint;
  /** What this row moved from debit to credit. */
  booked: bigint;
  currency: string;
  outcome: Outcome;
  /** Balances after this row; null where it has no such account. */
  debitBalance: bigint | null;
  creditBalance: bigint | null;
  /** The bank's calendar day: what the first row charged, it charged to this one. */
  day: number;
  timeMs: number;
}

export type MovementStep = 1 | 2 | 3;

export interface Customer {
  username: string;
  passwordHash: string;
}

export interface Terminal {
  id: TerminalId;
  name: string;
  keyVersion: number;
  sealedKey: Uint8Array;
  state: "active" | "revoked";
  /** The key that follows, from its making until the terminal has come with it. */
  next: { version: number; sealedKey: Uint8Array; sinceMs: number } | null;
}

/** Failed log-ins of one source. */
export interface Failures {
  source: string;
  count: number;
  lastMs: number;
}

/** What the bank was set up with. */
export interface Settings {
  bankId: string;
  bankName: string;
  currency: Currency;
  timeZone: string;
  /** Minor units; what is handed out is a multiple of it. */
  smallestNote: bigint;
}

/** What a batch needs to see before the rules can run. */
export interface Touch {
  movements: Set<MovementId>;
  accounts: Set<number>;
  customers: Set<string>;
  terminals: Set<TerminalId>;
  terminalNames: Set<string>;
  failureSources: Set<string>;
}

/** Everything loaded, or changed. */
export interface Rows {
  /** In changes: as they are after the movements, from whose rows the database books their money. */
  accounts: Account[];
  movements: Movement[];
  customers: Customer[];
  terminals: Terminal[];
  failures: Failures[];
}

export interface Loaded extends Rows {
  settings: Settings;
  limits: Limits;
  /** Null when all is as ever. */
  restoring: Restoring | null;
  /** The next account to be opened gets this id. */
  accountIdNext: number;
  /** The time of the newest batch of any server; 0 where there is no other than this one. */
  lastMs: number;
}

/**
 * What a batch changed, to be committed whole or not at all. Movements bring with them what follows
 * from their rows: balances, what is held, and which movements are open.
 */
export interface Changes extends Rows {
  /** The bank's limits, where they changed. */
  limits: Limits | null;
  /** What is still waited for after a restore, where that changed. */
  restoring: Restoring | null;
  /** What an operator confirmed of the clock, where one did. */
  clock: ConfirmedClock | null;
  /** The batch's time. */
  timeMs: number;
}

/** The source under which a customer's failures are counted: by hash, since people type passwords as names. */
export const customerSource = (nameHash: string) => `customer ${nameHash}`;
/** The source under which a terminal's failures are counted. */
export const terminalSource = (terminal: TerminalId) => `terminal ${terminal}`;

/** The source under which a customer's looks at other people's accounts are counted. */
export const recipientSource = (customer: string) => `recipient ${customer}`;

/** All that these commands may look at. A movement brings its own accounts and terminal with it. */
export function touchOf(commands: readonly Command[]): Touch {
  const touch: Touch = {
    movements: new Set(),
    accounts: new Set(),
    customers: new Set(),
    terminals: new Set(),
    terminalNames: new Set(),
    failureSources: new Set(),
  };
  for (const command of commands) {
    if ("movement" in command) touch.movements.add(command.movement);
    if (command.op === "reseal_terminals") {
      for (const { terminal } of command.keys) touch.terminals.add(terminal);
    }
    if ("account" in command && command.account !== undefined) touch.accounts.add(command.account);
    if (command.op === "transfer") touch.accounts.add(command.to);
    if (command.op === "look_up") touch.failureSources.add(recipientSource(command.customer));
    if ("terminal" in command && command.terminal) touch.terminals.add(command.terminal);
    if ("username" in command) touch.customers.add(command.username);
    if (command.op === "enrol_terminal") touch.terminalNames.add(command.name);
    if ("nameHash" in command) {
      touch.failureSources.add(customerSource(command.nameHash));
      touch.failureSources.add(terminalSource(command.terminal));
    }
  }
  return touch;
}

/** Minor units that count towards a day's limits. */
export interface Charge {
  out?: bigint;
  in?: bigint;
}

/** The working copy of one batch. */
export class Books {
  readonly settings: Settings;
  #limits: Limits;
  #restoring: Restoring | null;
  #accounts = new Map<number, Account>();
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
    customers: [] as Customer[],
    terminals: new Set<TerminalId>(),
    failures: new Set<string>(),
    limits: null as Limits | null,
    restoring: null as Restoring | null,
  };

  constructor(loaded: Loaded) {
    this.settings = loaded.settings;
    this.#limits = loaded.limits;
    this.#restoring = loaded.restoring;
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

  /** The account of this kind that belongs to `owner`; the bank's own belong to the empty owner. */
  accountOf(kind: AccountKind, owner = ""): Account | undefined {
    return this.accountsOf(kind, owner)[0];
  }

  /** All accounts of this kind that belong to `owner`, oldest first. */
  accountsOf(kind: AccountKind, owner: string): Account[] {
    const ids = [...this.#owned.get(`${kind} ${owner}`) ?? []].sort((a, b) => a - b);
    return ids.map((id) => this.#accounts.get(id)!);
  }

  movement(id: MovementId, step: MovementStep): Movement | undefined {
    return this.#movements.get(movementKey(id, step));
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

  failures(source: string): Failures {
    return this.#failures.get(source) ?? { source, count: 0, lastMs: 0 };
  }

  get limits(): Limits {
    return this.#limits;
  }

  setLimits(limits: Limits): void {
    this.#limits = this.#changed.limits = limits;
  }

  /** Null when no terminal is waited for. */
  get restoring(): Restoring | null {
    return this.#restoring?.waiting.length ? this.#restoring : null;
  }

  setRestoring(restoring: Restoring): void {
    this.#restoring = this.#changed.restoring = restoring;
  }

  openAccount(kind: AccountKind, owner: string, name = ""): Account {
    return this.setAccount({
      id: this.#accountIdNext++,
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
    return this.setAccount({
      ...was,
      balance: was.balance + (by.balance ?? 0n),
      held: was.held + (by.held ?? 0n),
      version: was.version + 1,
    });
  }

  /** Charges this to an account's day: a new day begins with nothing charged. */
  charge(id: number, day: number, { out = 0n, in: taken = 0n }: Charge): void {
    const was = this.#accounts.get(id)!;
    const [dayOut, dayIn] = was.day === day ? [was.dayOut, was.dayIn] : [0n, 0n];
    this.setAccount({ ...was, day, dayOut: dayOut + out, dayIn: dayIn + taken });
  }

  /** Gives back what was charged to this day; nothing where a later day has begun since. */
  giveBack(id: number, day: number, { out = 0n, in: taken = 0n }: Charge): void {
    const was = this.#accounts.get(id)!;
    if (was.day !== day) return;
    this.setAccount({ ...was, dayOut: was.dayOut - out, dayIn: was.dayIn - taken });
  }

  setAccount(account: Account): Account {
    this.#changed.accounts.add(account.id);
    return this.#keepAccount(account);
  }

  addMovement(row: Movement): Movement {
    this.#movements.set(movementKey(row.id, row.step), row);
    this.#changed.movements.push(row);
    return row;
  }

  addCustomer(customer: Customer): void {
    this.#customers.set(customer.username, customer);
    this.#changed.customers.push(customer);
  }

  /** Of a customer that there is. */
  setPassword(customer: Customer): void {
    this.addCustomer(customer);
  }

  setTerminal(terminal: Terminal): void {
    this.#terminals.set(terminal.id, terminal);
    this.#changed.terminals.add(terminal.id);
  }

  setFailures(failures: Failures): void {
    this.#failures.set(failures.source, failures);
    this.#changed.failures.add(failures.source);
  }

  changes(): Omit<Changes, "clock" | "timeMs"> {
    const { accounts, terminals, failures, ...added } = this.#changed;
    return {
      ...added,
      accounts: [...accounts].map((id) => this.#accounts.get(id)!),
      terminals: [...terminals].map((id) => this.#terminals.get(id)!),
      failures: [...failures].map((source) => this.#failures.get(source)!),
    };
  }

  #keepAccount(account: Account): Account {
    this.#accounts.set(account.id, account);
    const owner = `${account.kind} ${account.owner}`;
    this.#owned.set(owner, (this.#owned.get(owner) ?? new Set()).add(account.id));
    return account;
  }
}

const movementKey = (id: MovementId, step: MovementStep) => `${id}/${step}`;
