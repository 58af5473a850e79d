/** Reads of a bank on SQLite outside its batches. */
import { fromHex, hex } from "../../../lib/bytes.ts";
import type { ChainName, LogPlace, SealedEntry } from "../../audit/entry.ts";
import type {
  Account,
  Customer,
  Failures,
  Limits,
  Movement,
  MovementId,
  Restoring,
  Settings,
  Staff,
  StoreTimes,
  Terminal,
  TerminalBooks,
  TerminalId,
} from "../model.ts";
import {
  accountOf,
  booksOf,
  bytesOf,
  confirmedClock,
  confirmedOf,
  customerOf,
  dayEndOf,
  endOfPrefix,
  failuresOf,
  holdOf,
  isLimited,
  movementOf,
  numberOf,
  startAfter,
  strayInWords,
  sumOfTerminals,
  terminalOf,
} from "../rows.ts";
import {
  limitsOf,
  restoringOf,
  settingsOf,
  type SettingValues,
  staffOf,
  valuesOf,
} from "../settings.ts";
import type { AccountDayEnd, DayEnd, Hold, ReadStore } from "../store.ts";
import type { SqliteConnection } from "./connection.ts";
import { entryOf, logPlaceOf, placeOf } from "./log_rows.ts";
import { schemaDamage, versions } from "./versions.ts";

/** Reads the times of a file, which has no clock but the server's. */
export function timesOf(connection: SqliteConnection): StoreTimes {
  const row = connection.one(`SELECT coalesce(max(time_ms), 0) AS last_ms,
    ${confirmedClock} FROM audit_chains`)!;
  return { lastMs: numberOf(row.last_ms), clockMs: null, confirmed: confirmedOf(row) };
}

export class SqliteReads implements ReadStore {
  constructor(protected connection: SqliteConnection) {}

  settings(): Settings {
    return settingsOf(this.#values());
  }

  limits(): Limits {
    return limitsOf(this.#values());
  }

  restoring(): Restoring | null {
    return restoringOf(this.#values());
  }

  staff(): Staff {
    return staffOf(this.#values());
  }

  #values(): SettingValues {
    return valuesOf(this.connection.all("SELECT name, value FROM settings"));
  }

  /** The file has one server. */
  claimKeys(): boolean {
    return true;
  }

  releaseKeys(): void {}

  times(): StoreTimes {
    return timesOf(this.connection);
  }

  terminals(): Terminal[] {
    return this.connection.all("SELECT * FROM terminals ORDER BY name").map(terminalOf);
  }

  booksOf(terminal: TerminalId): TerminalBooks | null {
    const text = `SELECT last_movements.movement, accounts.balance FROM last_movements
      JOIN accounts ON owner = terminal AND kind = 'terminal' WHERE terminal = ?`;
    const row = this.connection.one(text, terminal);
    return row ? booksOf(row) : null;
  }

  terminalsSum(): string {
    return Object.values(this.connection.one(`${sumOfTerminals} FROM terminals`)!).join();
  }

  customer(username: string): Customer | undefined {
    const row = this.connection.one("SELECT * FROM customers WHERE username = ?", username);
    return row && customerOf(row);
  }

  customerWithCard(hash: string): Customer | undefined {
    const row = this.connection.one("SELECT * FROM customers WHERE card_hash = ?", hash);
    return row && customerOf(row);
  }

  customers(): Customer[] {
    return this.connection.all("SELECT * FROM customers ORDER BY username").map(customerOf);
  }

  /** Returns no connections: a bank in a file has one server, which keeps them in memory. */
  linesOf(): [] {
    return [];
  }

  failures(): Failures[] {
    return this.connection.all("SELECT * FROM failures ORDER BY source").map(failuresOf);
  }

  account(id: number): Account | undefined {
    const row = this.connection.one("SELECT * FROM accounts WHERE id = ?", id);
    return row && accountOf(row);
  }

  accountsAmong(ids: readonly number[]): Account[] {
    return ids.flatMap((id) => this.account(id) ?? []);
  }

  accounts(): Account[] {
    return this.connection.all("SELECT * FROM accounts ORDER BY id").map(accountOf);
  }

  accountsOf(owners: readonly string[]): Account[] {
    const text =
      `SELECT * FROM accounts WHERE owner IN (SELECT value FROM json_each(?)) ORDER BY id`;
    return this.connection.all(text, JSON.stringify(owners)).map(accountOf);
  }

  accountsNumbered(digits: string, after: string, limit: number): Account[] {
    const text = "SELECT * FROM accounts WHERE number >= ? AND number < ? ORDER BY number LIMIT ?";
    const from = startAfter(digits, after);
    return this.connection.all(text, from, endOfPrefix(digits), limit).map(accountOf);
  }

  limitedAccounts(): Account[] {
    return this.connection.all(`SELECT * FROM accounts WHERE ${isLimited} ORDER BY id`)
      .map(accountOf);
  }

  accountsAfter(id: number, limit: number): Account[] {
    const text = "SELECT * FROM accounts WHERE id > ? ORDER BY id LIMIT ?";
    return this.connection.all(text, id, limit).map(accountOf);
  }

  customersAfter(username: string, limit: number): Customer[] {
    const text = "SELECT * FROM customers WHERE username > ? ORDER BY username LIMIT ?";
    return this.connection.all(text, username, limit).map(customerOf);
  }

  customersNamed(start: string, after: string, limit: number): Customer[] {
    const text = `SELECT * FROM customers WHERE username >= ? AND username < ?
      ORDER BY username LIMIT ?`;
    const from = startAfter(start, after);
    return this.connection.all(text, from, endOfPrefix(start), limit).map(customerOf);
  }

  customersShown(start: string, after: string, limit: number): Customer[] {
    // The index takes one lower bound alone, and has to take the highest: hence the `+` of the other.
    const text = `SELECT * FROM customers WHERE display_name <> ''
        AND lower(display_name) >= max(lower(?), coalesce(
          (SELECT lower(display_name) FROM customers WHERE username = ?), ''))
        AND lower(display_name) < lower(?)
        AND (+lower(display_name), username) > (coalesce(
          (SELECT lower(display_name) FROM customers WHERE username = ?), ''), ?)
      ORDER BY lower(display_name), username LIMIT ?`;
    const end = endOfPrefix(start);
    return this.connection.all(text, start, after, end, after, after, limit).map(customerOf);
  }

  dayEndsAfter(account: number, day: number, limit: number): AccountDayEnd[] {
    return this.connection.all(
      "SELECT * FROM day_balances WHERE (account, day) > (?, ?) ORDER BY account, day LIMIT ?",
      account,
      day,
      limit,
    ).map(dayEndOf);
  }

  dayBalances(account: number, fromDay: number): DayEnd[] {
    return this.connection.all(
      `SELECT day, balance FROM day_balances WHERE account = ? AND day >= coalesce(
         (SELECT max(day) FROM day_balances WHERE account = ? AND day <= ?), ?) ORDER BY day`,
      account,
      account,
      fromDay,
      fromDay,
    ).map((row) => ({ day: numberOf(row.day), balance: row.balance as bigint }));
  }

  holds(): Movement[] {
    return this.connection.all(
      `SELECT movements.* FROM holds JOIN movements ON movements.id = holds.movement AND movements.step = 1
       ORDER BY holds.time_ms`,
    ).map(movementOf);
  }

  doubts(): MovementId[] {
    return this.connection.all(
      `SELECT holds.movement FROM holds
       JOIN movements ON movements.id = holds.movement AND movements.step = 3`,
    ).map(({ movement }) => hex(movement as Uint8Array));
  }

  movementsAfter(id: MovementId, step: number, limit: number): Movement[] {
    return this.connection.all(
      "SELECT * FROM movements WHERE (id, step) > (?, ?) ORDER BY id, step LIMIT ?",
      fromHex(id, 16)!,
      step,
      limit,
    ).map(movementOf);
  }

  holdsAfter(id: MovementId, limit: number): Hold[] {
    const text = "SELECT * FROM holds WHERE movement > ? ORDER BY movement LIMIT ?";
    return this.connection.all(text, fromHex(id, 16)!, limit).map(holdOf);
  }

  settledAmong(movements: readonly MovementId[]): MovementId[] {
    const settled = "SELECT 1 AS found FROM movements WHERE id = ? AND step = 2";
    return movements.filter((id) => this.connection.one(settled, fromHex(id, 16)!));
  }

  damage(): string | null {
    const damaged = this.connection.one(
      "SELECT * FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT 1",
    );
    if (damaged) return String(damaged.integrity_check);
    const orphan = this.connection.one(
      'SELECT "table", parent FROM pragma_foreign_key_check LIMIT 1',
    );
    if (orphan) return `a row of ${orphan.table} is without its ${orphan.parent}`;
    return schemaDamage(this.connection, versions);
  }

  /**
   * Finds rows outside all chains. Places are a key here: only those between the chains are
   * checked.
   */
  strayEntries(): string | null {
    const numbers = this.chains().map(({ number }) => number);
    const starts = [
      -(2n ** 63n),
      ...numbers.map((chain) => placeOf({ chain: chain + 1, sequence: 0 })),
    ];
    const ends = [...numbers.map((chain) => placeOf({ chain, sequence: 0 })), 2n ** 63n - 1n];
    for (const [index, start] of starts.entries()) {
      const stray = this.connection.one(
        "SELECT min(place) AS place FROM audit WHERE place BETWEEN ? AND ?",
        start,
        ends[index]!,
      )!;
      if (stray.place !== null) return strayInWords(logPlaceOf(numberOf(stray.place)));
    }
    return null;
  }

  chains(): ChainName[] {
    const rows = this.connection.all("SELECT * FROM audit_chains ORDER BY number");
    return rows.map((row) => ({ number: numberOf(row.number), id: bytesOf(row.id) }));
  }

  lastEntries(chain: number, limit: number): SealedEntry[] {
    return this.connection.all(
      "SELECT * FROM audit WHERE place > ? AND place < ? ORDER BY place DESC LIMIT ?",
      placeOf({ chain, sequence: 0 }),
      placeOf({ chain: chain + 1, sequence: 0 }),
      limit,
    ).map(entryOf);
  }

  entriesAfter(chain: number, sequence: number, limit: number): SealedEntry[] {
    return this.connection.all(
      "SELECT * FROM audit WHERE place > ? AND place < ? ORDER BY place LIMIT ?",
      placeOf({ chain, sequence }),
      placeOf({ chain: chain + 1, sequence: 0 }),
      limit,
    ).map(entryOf);
  }

  entriesOf(who: readonly Uint8Array[], before: LogPlace | null, limit: number): SealedEntry[] {
    const found = who.flatMap((each) =>
      this.connection.all(
        "SELECT * FROM audit WHERE who = ? AND place < ? ORDER BY place DESC LIMIT ?",
        each,
        before ? placeOf(before) : Number.MAX_SAFE_INTEGER,
        limit,
      ).map(entryOf)
    );
    return found.sort((a, b) => placeOf(b) - placeOf(a)).slice(0, limit);
  }
}
