/**
 * A cache of accounts, customers, terminals and the bank's settings as of the last commit. Only one
 * process writes to the database, so rows are not reread for each batch; any failure clears the
 * cache.
 */
import { keptRowsMax } from "../../../lib/limits.ts";
import type { Account, Changes, Customer, Loaded, Terminal, TerminalId } from "../model.ts";

/** The rows that every batch loads. */
export type SetUp = Pick<Loaded, "settings" | "limits" | "restoring" | "staff">;

export class KeptRows {
  readonly #accounts = new Map<number, Account>();
  /** The ids of accounts, by their numbers, which never change. */
  readonly #numbered = new Map<string, number>();
  /** The numbers of each owner's accounts, all of them. */
  readonly #owned = new Map<string, readonly number[]>();
  readonly #customers = new Map<string, Customer>();
  readonly #terminals = new Map<TerminalId, Terminal>();
  #setUp: SetUp | null = null;

  /**
   * Returns an account.
   * @param read reads a row that is not cached; a missing account is not cached
   */
  account(id: number, read: () => Account | undefined): Account | undefined {
    return kept(this.#accounts, id, read);
  }

  /** Returns an account if it is cached. */
  accountBefore(id: number): Account | undefined {
    return this.#accounts.get(id);
  }

  accountNumbered(number: string, read: () => Account | undefined): Account | undefined {
    const id = this.#numbered.get(number);
    if (id !== undefined) return this.account(id, read);
    const found = read();
    if (found === undefined) return undefined;
    keep(this.#numbered, number, found.id);
    return this.account(found.id, () => found);
  }

  accountsOf(owner: string, read: () => Account[]): Account[] {
    const ids = this.#owned.get(owner);
    const accounts = ids?.flatMap((id) => this.#accounts.get(id) ?? []);
    if (accounts && accounts.length === ids!.length) return accounts;
    const found = read();
    for (const account of found) keep(this.#accounts, account.id, account);
    keep(this.#owned, owner, found.map(({ id }) => id));
    return found;
  }

  customer(username: string, read: () => Customer | undefined): Customer | undefined {
    return kept(this.#customers, username, read);
  }

  terminal(id: TerminalId, read: () => Terminal | undefined): Terminal | undefined {
    return kept(this.#terminals, id, read);
  }

  setUp(read: () => SetUp): SetUp {
    return this.#setUp ??= read();
  }

  /** Updates the cache from committed changes. */
  committed({ accounts, customers, terminals, limits, restoring, staff }: Changes): void {
    for (const account of accounts) {
      if (!this.#accounts.has(account.id)) this.#owned.delete(account.owner); // it may be a new one
      keep(this.#accounts, account.id, account);
    }
    for (const customer of customers) keep(this.#customers, customer.username, customer);
    for (const terminal of terminals) keep(this.#terminals, terminal.id, terminal);
    if (limits || restoring || staff) this.#setUp = null;
  }

  clear(): void {
    const accounts = [this.#accounts, this.#numbered, this.#owned];
    for (const rows of [...accounts, this.#customers, this.#terminals]) rows.clear();
    this.#setUp = null;
  }
}

function keep<Key, Row>(rows: Map<Key, Row>, key: Key, row: Row): void {
  if (rows.size >= keptRowsMax && !rows.has(key)) rows.clear();
  rows.set(key, row);
}

function kept<Key, Row>(
  rows: Map<Key, Row>,
  key: Key,
  read: () => Row | undefined,
): Row | undefined {
  const found = rows.get(key) ?? read();
  if (found !== undefined) keep(rows, key, found);
  return found;
}
