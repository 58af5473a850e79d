/** Reads of a bank on PostgreSQL outside its batches. */
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
  SeenLine,
  Settings,
  Staff,
  StoreTimes,
  Terminal,
  TerminalBooks,
  TerminalId,
} from "../model.ts";
import type { Statement } from "./connection.ts";
import { times, timesOf } from "./load.ts";
import {
  accountOf,
  booksOf,
  bytesOf,
  customerOf,
  dayEndOf,
  endOfPrefix,
  failuresOf,
  holdOf,
  isLimited,
  movementOf,
  numberOf,
  type Row,
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

/** The advisory lock of a server that changes the keys that all share. */
const keysLock = 1_802_139_891;

const logKey = `SELECT count(*) AS found FROM pg_constraint
  WHERE conrelid = 'audit'::regclass AND contype = 'p'`;
const strayEntries = `WITH RECURSIVE firsts AS (
    (SELECT chain, sequence FROM audit ORDER BY chain, sequence LIMIT 1)
    UNION ALL SELECT next.chain, next.sequence FROM firsts, LATERAL
      (SELECT chain, sequence FROM audit WHERE chain > firsts.chain ORDER BY chain, sequence LIMIT 1)
      AS next
  ) SELECT chain, sequence FROM firsts
  WHERE sequence < 1 OR chain NOT IN (SELECT number FROM audit_chains) LIMIT 1`;

const seenLines = `SELECT lines.*, terminals.name, audit_chains.batch_id,
    coalesce(customers.password_version, 0) AS password_version
  FROM lines JOIN terminals ON terminals.id = lines.terminal
    JOIN audit_chains ON encode(audit_chains.id, 'hex') = lines.server
    LEFT JOIN customers ON customers.username = lines.username
  WHERE lines.terminal = ANY ($1::text[]) OR lines.username = ANY ($2::text[])`;

export class PostgresReads implements ReadStore {
  #settings: Settings | undefined;

  /** @param rows runs a statement, and returns its rows */
  constructor(protected readonly rows: (statement: Statement) => Promise<Row[]>) {}

  /** Returns the settings, read once, since they never change. */
  async settings(): Promise<Settings> {
    return this.#settings ??= settingsOf(await this.#values());
  }

  async limits(): Promise<Limits> {
    return limitsOf(await this.#values());
  }

  async restoring(): Promise<Restoring | null> {
    return restoringOf(await this.#values());
  }

  async staff(): Promise<Staff> {
    return staffOf(await this.#values());
  }

  async #values(): Promise<SettingValues> {
    return valuesOf(await this.#all("settings", "SELECT name, value FROM settings"));
  }

  async claimKeys(): Promise<boolean> {
    const [row] = await this.#all(
      "claim_keys",
      `SELECT pg_try_advisory_lock(${keysLock})::int AS claimed`,
    );
    return numberOf(row!.claimed) === 1;
  }

  async releaseKeys(): Promise<void> {
    await this.#all("release_keys", `SELECT pg_advisory_unlock(${keysLock})`);
  }

  async times(): Promise<StoreTimes> {
    return timesOf((await this.#all("times", `SELECT ${times}`))[0]!);
  }

  async terminals(): Promise<Terminal[]> {
    const rows = await this.#all("terminals", "SELECT * FROM terminals");
    return rows.map(terminalOf).sort(by(({ name }) => name));
  }

  async booksOf(terminal: TerminalId): Promise<TerminalBooks | null> {
    const text = `SELECT last_movements.movement, accounts.balance FROM last_movements
      JOIN accounts ON owner = terminal AND kind = 'terminal' WHERE terminal = $1`;
    return (await this.#all("books_of", text, terminal)).map(booksOf)[0] ?? null;
  }

  async terminalsSum(): Promise<string> {
    const [sum] = await this.#all("terminals_sum", `${sumOfTerminals} FROM terminals`);
    return Object.values(sum!).join();
  }

  async customer(username: string): Promise<Customer | undefined> {
    const text = "SELECT * FROM customers WHERE username = $1";
    return (await this.#all("customer", text, username)).map(customerOf)[0];
  }

  async customerWithCard(hash: string): Promise<Customer | undefined> {
    const text = "SELECT * FROM customers WHERE card_hash = $1";
    return (await this.#all("customer_with_card", text, hash)).map(customerOf)[0];
  }

  async customers(): Promise<Customer[]> {
    const rows = await this.#all("customers", "SELECT * FROM customers");
    return rows.map(customerOf).sort(by(({ username }) => username));
  }

  async failures(): Promise<Failures[]> {
    const rows = await this.#all("failures", "SELECT * FROM failures");
    return rows.map(failuresOf).sort(by(({ source }) => source));
  }

  async linesOf(
    terminals: readonly TerminalId[],
    usernames: readonly string[],
  ): Promise<SeenLine[]> {
    const rows = await this.rows({
      name: "lines_of",
      text: seenLines,
      values: [terminals, usernames],
    });
    return rows.map((row) => ({
      terminal: row.terminal as string,
      terminalName: row.name as string,
      connection: row.connection as string,
      server: row.server as string,
      username: row.username as string,
      passwordVersion: numberOf(row.password_version),
      lastBatch: hex(bytesOf(row.batch_id)),
    }));
  }

  async account(id: number): Promise<Account | undefined> {
    const text = "SELECT * FROM accounts WHERE id = $1";
    return (await this.#all("account", text, id)).map(accountOf)[0];
  }

  async accountsAmong(ids: readonly number[]): Promise<Account[]> {
    const text = "SELECT * FROM accounts WHERE id = ANY ($1::bigint[])";
    return (await this.rows({ name: "accounts_among", text, values: [ids] })).map(accountOf);
  }

  async accounts(): Promise<Account[]> {
    return (await this.#all("accounts", "SELECT * FROM accounts ORDER BY id")).map(accountOf);
  }

  async accountsOf(owners: readonly string[]): Promise<Account[]> {
    const text = "SELECT * FROM accounts WHERE owner = ANY ($1::text[]) ORDER BY id";
    return (await this.rows({ name: "accounts_of", text, values: [owners] })).map(accountOf);
  }

  async accountsNumbered(digits: string, after: string, limit: number): Promise<Account[]> {
    const text = `SELECT * FROM accounts WHERE number COLLATE "C" > $1
      AND number COLLATE "C" >= $2 AND number COLLATE "C" < $3
      ORDER BY number COLLATE "C" LIMIT $4`;
    const values = [after, digits, endOfPrefix(digits), limit];
    return (await this.#all("accounts_numbered", text, ...values)).map(accountOf);
  }

  async limitedAccounts(): Promise<Account[]> {
    const text = `SELECT * FROM accounts WHERE ${isLimited} ORDER BY id`;
    return (await this.#all("limited_accounts", text)).map(accountOf);
  }

  async accountsAfter(id: number, limit: number): Promise<Account[]> {
    const text = "SELECT * FROM accounts WHERE id > $1 ORDER BY id LIMIT $2";
    return (await this.#all("accounts_after", text, id, limit)).map(accountOf);
  }

  async customersAfter(username: string, limit: number): Promise<Customer[]> {
    const text = "SELECT * FROM customers WHERE username > $1 ORDER BY username LIMIT $2";
    return (await this.#all("customers_after", text, username, limit)).map(customerOf);
  }

  async customersNamed(start: string, after: string, limit: number): Promise<Customer[]> {
    const text = `SELECT * FROM customers WHERE username COLLATE "C" > $1
      AND username COLLATE "C" >= $2 AND username COLLATE "C" < $3
      ORDER BY username COLLATE "C" LIMIT $4`;
    const values = [after, start, endOfPrefix(start), limit];
    return (await this.#all("customers_named", text, ...values)).map(customerOf);
  }

  async customersShown(start: string, after: string, limit: number): Promise<Customer[]> {
    // One lower bound alone: of two, the index would begin at the row, which may be the first of all.
    const shown = `lower(display_name) COLLATE "C"`;
    const text = `SELECT * FROM customers WHERE display_name <> '' AND ${shown} < lower($2)
        AND (${shown}, username COLLATE "C") > (greatest(lower($1) COLLATE "C",
          (SELECT ${shown} FROM customers WHERE username = $3)), $3)
      ORDER BY ${shown}, username COLLATE "C" LIMIT $4`;
    const values = [start, endOfPrefix(start), after, limit];
    return (await this.#all("customers_shown", text, ...values)).map(customerOf);
  }

  async dayEndsAfter(account: number, day: number, limit: number): Promise<AccountDayEnd[]> {
    const text = `SELECT * FROM day_balances WHERE (account, day) > ($1::bigint, $2::bigint)
      ORDER BY account, day LIMIT $3`;
    return (await this.#all("day_ends_after", text, account, day, limit)).map(dayEndOf);
  }

  async dayBalances(account: number, fromDay: number): Promise<DayEnd[]> {
    const text = `SELECT day, balance FROM day_balances WHERE account = $1::bigint
      AND day >= coalesce((SELECT max(day) FROM day_balances WHERE account = $1::bigint AND day <= $2), $2)
      ORDER BY day`;
    const rows = await this.#all("day_balances", text, account, fromDay);
    return rows.map(({ day, balance }) => ({
      day: numberOf(day),
      balance: BigInt(balance as string),
    }));
  }

  async holds(): Promise<Movement[]> {
    const text = `SELECT movements.* FROM holds
      JOIN movements ON movements.id = holds.movement AND movements.step = 1 ORDER BY holds.time_ms`;
    return (await this.#all("holds", text)).map(movementOf);
  }

  async doubts(): Promise<MovementId[]> {
    const text = `SELECT holds.movement FROM holds
      JOIN movements ON movements.id = holds.movement AND movements.step = 3`;
    return (await this.#all("doubts", text)).map(({ movement }) => hex(bytesOf(movement)));
  }

  async movementsAfter(id: MovementId, step: number, limit: number): Promise<Movement[]> {
    const text = `SELECT * FROM movements WHERE (id, step) > ($1::bytea, $2::smallint)
      ORDER BY id, step LIMIT $3`;
    const rows = await this.#all("movements_after", text, fromHex(id, 16)!, step, limit);
    return rows.map(movementOf);
  }

  async holdsAfter(id: MovementId, limit: number): Promise<Hold[]> {
    const text = "SELECT * FROM holds WHERE movement > $1 ORDER BY movement LIMIT $2";
    return (await this.#all("holds_after", text, fromHex(id, 16)!, limit)).map(holdOf);
  }

  /** Returns null: PostgreSQL checks its own pages and constraints. */
  damage(): null {
    return null;
  }

  async settledAmong(movements: readonly MovementId[]): Promise<MovementId[]> {
    const ids = movements.map((id) => fromHex(id, 16)!);
    const text = "SELECT id FROM movements WHERE id = ANY ($1::bytea[]) AND step = 2";
    const rows = await this.rows({ name: "settled_among", text, values: [ids] });
    return rows.map(({ id }) => hex(bytesOf(id)));
  }

  /**
   * Finds rows outside all chains. The table's key keeps places unique, so usually only each
   * chain's first row is checked.
   */
  async strayEntries(): Promise<string | null> {
    const [key] = await this.#all("log_key", logKey);
    if (numberOf(key!.found) === 0) return "the log's table has lost its key: rows may be doubled";
    const [row] = await this.#all("stray_entries", strayEntries);
    return row
      ? strayInWords({ chain: numberOf(row.chain), sequence: numberOf(row.sequence) })
      : null;
  }

  async chains(): Promise<ChainName[]> {
    const rows = await this.#all("chains", "SELECT number, id FROM audit_chains ORDER BY number");
    return rows.map((row) => ({ number: numberOf(row.number), id: bytesOf(row.id) }));
  }

  async lastEntries(chain: number, limit: number): Promise<SealedEntry[]> {
    const text = "SELECT * FROM audit WHERE chain = $1 ORDER BY sequence DESC LIMIT $2";
    return (await this.#all("last_entries", text, chain, limit)).map(entryOf);
  }

  async entriesAfter(chain: number, sequence: number, limit: number): Promise<SealedEntry[]> {
    const text =
      `SELECT * FROM audit WHERE chain = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`;
    return (await this.#all("entries_after", text, chain, sequence, limit)).map(entryOf);
  }

  async entriesOf(
    who: readonly Uint8Array[],
    before: LogPlace | null,
    limit: number,
  ): Promise<SealedEntry[]> {
    const text = `SELECT * FROM audit WHERE who = ANY ($1::bytea[]) AND position < coalesce(
      (SELECT position FROM audit WHERE chain = $2 AND sequence = $3), 9223372036854775807)
      ORDER BY position DESC LIMIT $4`;
    const values = [who, before?.chain ?? 0, before?.sequence ?? 0, limit];
    return (await this.rows({ name: "entries_of", text, values })).map(entryOf);
  }

  #all(
    name: string,
    text: string,
    ...values: readonly (number | string | Uint8Array)[]
  ): Promise<Row[]> {
    return this.rows({ name, text, values });
  }
}

/** Databases differ in the order of letters. */
const by = <T>(text: (value: T) => string) => (a: T, b: T) => text(a) < text(b) ? -1 : 1;

function entryOf(row: Row): SealedEntry {
  return {
    chain: numberOf(row.chain),
    sequence: numberOf(row.sequence),
    epoch: numberOf(row.epoch),
    keyVersion: numberOf(row.key_version),
    who: bytesOf(row.who),
    commitment: bytesOf(row.commitment),
    sealed: bytesOf(row.sealed),
    tag: bytesOf(row.tag),
  };
}
