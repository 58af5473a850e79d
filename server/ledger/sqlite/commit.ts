/**
 * The second half of a batch on SQLite: writes its changes. Triggers derive balances and holds from
 * the movements' rows.
 */
import { fromHex } from "../../../lib/bytes.ts";
import type { SealedEntry } from "../../audit/entry.ts";
import {
  type Account,
  type Changes,
  lastOfTerminals,
  type Limits,
  type Movement,
  type Restoring,
  type Staff,
  type Terminal,
} from "../model.ts";
import {
  isOfRestoring,
  isOfStaff,
  valuesOfLimits,
  valuesOfRestoring,
  valuesOfStaff,
} from "../settings.ts";
import { columnsOfDevice } from "../rows.ts";
import type { SqliteConnection, Value } from "./connection.ts";
import { placeOf } from "./log_rows.ts";

/**
 * Writes a batch, within the caller's transaction.
 * @param before returns an account as of the last commit; undefined if it is unknown
 */
export function writeBatch(
  connection: SqliteConnection,
  changes: Changes,
  entries: readonly SealedEntry[],
  before: (id: number) => Account | undefined,
): void {
  for (const account of changes.accounts) {
    const known = before(account.id);
    if (known && onlyCounts(known, account)) writeCounts(connection, account);
    else writeAccount(connection, account);
  }
  for (const row of changes.movements) writeMovement(connection, row);
  for (const [terminal, movement] of lastOfTerminals(changes.movements)) {
    connection.run(
      `INSERT INTO last_movements VALUES (?, ?)
       ON CONFLICT (terminal) DO UPDATE SET movement = excluded.movement`,
      terminal,
      fromHex(movement, 16)!,
    );
  }
  if (changes.limits) writeLimits(connection, changes.limits);
  if (changes.restoring) writeRestoring(connection, changes.restoring);
  if (changes.staff) writeStaff(connection, changes.staff);
  if (changes.clock) {
    const { confirmedMs, timeMs, setBacks, setsBack } = changes.clock;
    connection.run(
      "INSERT OR REPLACE INTO clock VALUES (1, ?, ?, ?)",
      confirmedMs,
      timeMs,
      setBacks,
    );
    if (setsBack) {
      connection.run("UPDATE audit_chains SET time_ms = min(time_ms, ?)", changes.timeMs);
    }
  }
  for (const customer of changes.customers) {
    const { username, passwordHash, passwordVersion, oneTime, knownTerminals } = customer;
    const { displayName = "", card } = customer;
    connection.run(
      `INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (username) DO UPDATE SET
       password_hash = excluded.password_hash, password_version = excluded.password_version,
       one_time = excluded.one_time, known_terminals = excluded.known_terminals,
       card_hash = excluded.card_hash, card_since_ms = excluded.card_since_ms,
       pin_hash = excluded.pin_hash`,
      username,
      passwordHash,
      passwordVersion,
      JSON.stringify(oneTime),
      JSON.stringify(knownTerminals),
      displayName,
      card?.hash ?? null,
      card?.sinceMs ?? null,
      card?.pinHash ?? null,
    );
  }
  for (const terminal of changes.terminals) writeTerminal(connection, terminal);
  for (const { source, count, lastMs } of changes.failures) {
    connection.run("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", source, count, lastMs);
  }
  for (const entry of entries) writeEntry(connection, entry);
}

/** Returns whether nothing of an account has changed but what each movement changes. */
function onlyCounts(before: Account, after: Account): boolean {
  return before.state === after.state && before.name === after.name &&
    before.withdrawalMax === after.withdrawalMax && before.dayOutMax === after.dayOutMax &&
    before.dayInMax === after.dayInMax;
}

/**
 * Writes an account's version and day. Guards look only at the columns that are set, so this takes
 * half the time of writing all of them.
 */
function writeCounts(connection: SqliteConnection, account: Account): void {
  connection.run(
    "UPDATE accounts SET version = ?, day = ?, day_out = ?, day_in = ? WHERE id = ?",
    account.version,
    account.day,
    account.dayOut,
    account.dayIn,
    account.id,
  );
}

/** The fields of an account that may change, except money. */
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
 * Writes an account: updates first, since nearly every changed account exists. Movements write its
 * money.
 */
export function writeAccount(connection: SqliteConnection, account: Account): void {
  const found = connection.run(
    `UPDATE accounts SET version = ?, state = ?, name = ?, day = ?, day_out = ?, day_in = ?,
       withdrawal_max = ?, day_out_max = ?, day_in_max = ? WHERE id = ?`,
    ...valuesOfAccount(account),
    account.id,
  );
  if (found > 0) return;
  connection.run(
    `INSERT INTO accounts (version, state, name, day, day_out, day_in, withdrawal_max, day_out_max,
       day_in_max, id, number, uid, kind, owner, currency)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...valuesOfAccount(account),
    account.id,
    account.number,
    fromHex(account.uid, 16)!,
    account.kind,
    account.owner,
    account.currency,
  );
}

function writeMovement(connection: SqliteConnection, row: Movement): void {
  connection.run(
    "INSERT INTO movements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
    row.messageHash,
    row.token,
  );
}

function writeLimits(connection: SqliteConnection, limits: Limits): void {
  for (const [name, amount] of valuesOfLimits(limits)) {
    if (amount === null) connection.run("DELETE FROM settings WHERE name = ?", name);
    else connection.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, amount);
  }
}

/** Writes the state of a restored bank. */
function writeRestoring(connection: SqliteConnection, restoring: Restoring): void {
  connection.run(`DELETE FROM settings WHERE ${isOfRestoring}`);
  for (const [name, value] of valuesOfRestoring(restoring)) {
    connection.run("INSERT INTO settings VALUES (?, ?)", name, value);
  }
}

function writeStaff(connection: SqliteConnection, staff: Staff): void {
  connection.run(`DELETE FROM settings WHERE ${isOfStaff}`);
  for (const [name, value] of valuesOfStaff(staff)) {
    connection.run("INSERT INTO settings VALUES (?, ?)", name, value);
  }
}

function writeTerminal(
  connection: SqliteConnection,
  { id, name, keyVersion, sealedKey, state, next, device }: Terminal,
): void {
  connection.run(
    `INSERT INTO terminals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET
     name = excluded.name, key_version = excluded.key_version, sealed_key = excluded.sealed_key,
     state = excluded.state, next_version = excluded.next_version,
     next_sealed_key = excluded.next_sealed_key, next_since_ms = excluded.next_since_ms,
     device_name = excluded.device_name, device_state = excluded.device_state,
     device_since_ms = excluded.device_since_ms,
     device_version = excluded.device_version, device_keys = excluded.device_keys,
     device_previous = excluded.device_previous,
     device_previous_keys = excluded.device_previous_keys`,
    id,
    name,
    keyVersion,
    sealedKey,
    state,
    next?.version ?? null,
    next?.sealedKey ?? null,
    next?.sinceMs ?? null,
    ...Object.values(columnsOfDevice({ device })),
  );
}

function writeEntry(connection: SqliteConnection, entry: SealedEntry): void {
  connection.run(
    "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)",
    placeOf(entry),
    entry.epoch,
    entry.keyVersion,
    entry.who,
    entry.commitment,
    entry.sealed,
    entry.tag,
  );
}
