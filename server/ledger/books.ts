/**
 * The part of the bank that a batch touches: loaded by a store, changed by the rules, and then
 * committed. Rows are values; a change replaces one and remembers that it did.
 */
import type { Outcome } from "../../lib/errors.ts";
import type { Currency } from "../../lib/money.ts";
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
}

/** A movement's row: one when it begins, one when it is settled; never changed. */
export interface Movement {
  id: MovementId;
  step: 1 | 2;
  action: "authorise" | "complete" | "reverse" | "void" | "book";
  kind: "withdrawal" | "deposit" | "load" | "opening" | "void";
  terminal: TerminalId;
  customer: string;
  debit: number | null;
  credit: number | null;
  /** What was asked for. */
  amount: bigint;
  /** What this row moved from debit to credit. */
  booked: bigint;
  currency: string;
  outcome: Outcome;
  /** Balances after this row; null where it has no such account. */
  debitBalance: bigint | null;
  creditBalance: bigint | null;
  timeMs: number;
}

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
  /** The most that one withdrawal may take; null for no such limit. */
  withdrawalMax: bigint | null;
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
  accounts: Account[];
  movements: Movement[];
  customers: Customer[];
  terminals: Terminal[];
  failures: Failures[];
}

export interface Loaded extends Rows {
  settings: Settings;
  /** The next account to be opened gets this id. */
  accountIdNext: number;
}

/** What a batch changed, to be committed whole or not at all. */
export interface Changes extends Rows {
  /** Movements that were authorised and are open; those that no longer are. */
  holdsOpened: Movement[];
  holdsSettled: MovementId[];
}

/** The source under which a customer's failures are counted: by hash, since people type passwords as names. */
export const customerSource = (nameHash: string) => `customer ${nameHash}`;
/** The source under which a terminal's failures are counted. */
export const terminalSource = (terminal: TerminalId) => `terminal ${terminal}`;

/** All that these commands may look at. A movement brings its own accounts with it. */
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
    if ("account" in command) touch.accounts.add(command.account);
    if ("terminal" in command && command.terminal) touch.terminals.add(command.terminal);
    if ("username" in command) touch.customers.add(command.username);
    if (command.op === "enrol_terminal") touch.terminalNames.add(command.name);
    if (command.op === "begin_log_in" || command.op === "end_log_in") {
      touch.failureSources.add(customerSource(command.nameHash));
      touch.failureSources.add(terminalSource(command.terminal));
    }
  }
  return touch;
}

/** The working copy of one batch. */
export class Books {
  readonly settings: Settings;
  #accounts = new Map<number, Account>();
  #byOwner = new Map<string, Account>();
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
    holdsOpened: [] as Movement[],
    holdsSettled: [] as MovementId[],
  };

  constructor(loaded: Loaded) {
    this.settings = loaded.settings;
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
    return this.#byOwner.get(`${kind} ${owner}`);
  }

  movement(id: MovementId, step: 1 | 2): Movement | undefined {
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

  openAccount(kind: AccountKind, owner: string): Account {
    const account: Account = {
      id: this.#accountIdNext++,
      kind,
      owner,
      currency: this.settings.currency.code,
      balance: 0n,
      held: 0n,
      version: 0,
      state: "open",
    };
    this.#changed.accounts.add(account.id);
    return this.#keepAccount(account);
  }

  /** Changes an account's money and counts the change. */
  adjust(id: number, by: { balance?: bigint; held?: bigint }): Account {
    const was = this.#accounts.get(id)!;
    this.#changed.accounts.add(id);
    return this.#keepAccount({
      ...was,
      balance: was.balance + (by.balance ?? 0n),
      held: was.held + (by.held ?? 0n),
      version: was.version + 1,
    });
  }

  addMovement(row: Movement): Movement {
    this.#movements.set(movementKey(row.id, row.step), row);
    this.#changed.movements.push(row);
    if (row.action === "authorise" && row.outcome === "ok") this.#changed.holdsOpened.push(row);
    if (row.step === 2) this.#changed.holdsSettled.push(row.id);
    return row;
  }

  addCustomer(customer: Customer): void {
    this.#customers.set(customer.username, customer);
    this.#changed.customers.push(customer);
  }

  setTerminal(terminal: Terminal): void {
    this.#terminals.set(terminal.id, terminal);
    this.#changed.terminals.add(terminal.id);
  }

  setFailures(failures: Failures): void {
    this.#failures.set(failures.source, failures);
    this.#changed.failures.add(failures.source);
  }

  changes(): Changes {
    const { accounts, terminals, failures, holdsOpened, holdsSettled, ...added } = this.#changed;
    const settled = new Set(holdsSettled);
    const opened = new Set(holdsOpened.map((row) => row.id));
    return {
      ...added,
      accounts: [...accounts].map((id) => this.#accounts.get(id)!),
      terminals: [...terminals].map((id) => this.#terminals.get(id)!),
      failures: [...failures].map((source) => this.#failures.get(source)!),
      // A hold that opened and ended within the batch needs no row.
      holdsOpened: holdsOpened.filter((row) => !settled.has(row.id)),
      holdsSettled: holdsSettled.filter((id) => !opened.has(id)),
    };
  }

  #keepAccount(account: Account): Account {
    this.#accounts.set(account.id, account);
    this.#byOwner.set(`${account.kind} ${account.owner}`, account);
    return account;
  }
}

const movementKey = (id: MovementId, step: 1 | 2) => `${id}/${step}`;
