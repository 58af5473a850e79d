/** Converts rows of databases to values: both stores use the same column names. */
import { hex } from "../../lib/bytes.ts";
import type { LogPlace } from "../audit/entry.ts";
import type { AccountDayEnd, Hold } from "./store.ts";
import type {
  Account,
  ConfirmedClock,
  Customer,
  Device,
  Failures,
  Movement,
  Terminal,
  TerminalBooks,
} from "./model.ts";

/** Whole numbers are exact at any size. */
export type Row = Record<string, bigint | number | string | Uint8Array | null>;

/** Selects a value that changes whenever a terminal does. */
export const sumOfTerminals = `SELECT count(*) AS enrolled, sum(key_version) AS versions,
  sum(coalesce(next_version, 0)) AS next_versions,
  sum(coalesce(device_version, 0)) AS device_versions, count(device_previous) AS previous_devices,
  sum(CASE device_state WHEN 'revoked' THEN 1 ELSE 0 END) AS revoked_devices,
  min(device_name) AS first_device, max(device_name) AS last_device, sum(CASE state WHEN 'revoked' THEN 1 ELSE 0 END)
  AS revoked, sum(CASE state WHEN 'suspended' THEN 1 ELSE 0 END) AS suspended,
  min(CASE state WHEN 'suspended' THEN id END) AS first_suspended,
  max(CASE state WHEN 'suspended' THEN id END) AS last_suspended`;

/** Describes a row of the log that belongs to none of its chains. */
export const strayInWords = ({ chain, sequence }: LogPlace) =>
  `a row at place ${sequence} of chain number ${chain} belongs to no chain of the log`;

export const numberOf = (value: Row[string] | undefined) => Number(value as bigint);
export const bytesOf = (value: Row[string] | undefined) => value as Uint8Array<ArrayBuffer>;
const maybeNumber = (value: Row[string] | undefined) => value === null ? null : numberOf(value);
const money = (value: Row[string] | undefined) => value as bigint;

/** Selects the columns of `confirmedOf`. */
export const confirmedClock = `(SELECT confirmed_ms FROM clock) AS confirmed_ms,
  (SELECT time_ms FROM clock) AS confirmed_time_ms, (SELECT set_backs FROM clock) AS set_backs`;

export function confirmedOf(
  { confirmed_ms, confirmed_time_ms, set_backs }: Row,
): ConfirmedClock | null {
  if (confirmed_ms === null) return null;
  return {
    confirmedMs: numberOf(confirmed_ms),
    timeMs: numberOf(confirmed_time_ms),
    setBacks: numberOf(set_backs),
  };
}

/** A text above every other one that begins with this. */
export const endOfPrefix = (start: string) => `${start}\u{10ffff}`;

/** The lowest plain text that begins with this, or follows the other one: an index takes one bound. */
export const startAfter = (start: string, after: string) => after < start ? start : `${after}\x01`;

/** The condition of the index of accounts with own limits. */
export const isLimited =
  "withdrawal_max IS NOT NULL OR day_out_max IS NOT NULL OR day_in_max IS NOT NULL";

export function accountOf(row: Row): Account {
  return {
    id: numberOf(row.id),
    number: row.number as string,
    uid: hex(bytesOf(row.uid)),
    kind: row.kind as Account["kind"],
    owner: row.owner as string,
    name: row.name as string,
    currency: row.currency as string,
    balance: money(row.balance),
    held: money(row.held),
    version: numberOf(row.version),
    state: row.state as Account["state"],
    day: numberOf(row.day),
    dayOut: money(row.day_out),
    dayIn: money(row.day_in),
    withdrawalMax: row.withdrawal_max as bigint | null,
    dayOutMax: row.day_out_max as bigint | null,
    dayInMax: row.day_in_max as bigint | null,
  };
}

export function movementOf(row: Row): Movement {
  return {
    id: hex(bytesOf(row.id)),
    step: numberOf(row.step) as Movement["step"],
    action: row.action as Movement["action"],
    kind: row.kind as Movement["kind"],
    terminal: row.terminal as string,
    customer: row.customer as string,
    operator: row.operator as string,
    debit: maybeNumber(row.debit),
    credit: maybeNumber(row.credit),
    amount: money(row.amount),
    booked: money(row.booked),
    currency: row.currency as string,
    outcome: row.outcome as Movement["outcome"],
    debitBalance: row.debit_balance as bigint | null,
    creditBalance: row.credit_balance as bigint | null,
    day: numberOf(row.day),
    timeMs: numberOf(row.time_ms),
    messageHash: row.message_hash as string,
    token: row.token as string,
  };
}

export function customerOf(row: Row): Customer {
  return {
    username: row.username as string,
    passwordHash: row.password_hash as string,
    passwordVersion: numberOf(row.password_version),
    ...(row.display_name && { displayName: row.display_name as string }),
    ...(row.card_hash !== null && {
      card: {
        hash: row.card_hash as string,
        sinceMs: numberOf(row.card_since_ms),
        pinHash: row.pin_hash as string | null,
      },
    }),
    oneTime: JSON.parse(row.one_time as string),
    knownTerminals: JSON.parse(row.known_terminals as string),
  };
}

export function terminalOf(row: Row): Terminal {
  return {
    id: row.id as string,
    name: row.name as string,
    keyVersion: numberOf(row.key_version),
    sealedKey: bytesOf(row.sealed_key),
    state: row.state as Terminal["state"],
    next: row.next_version === null ? null : {
      version: numberOf(row.next_version),
      sealedKey: bytesOf(row.next_sealed_key),
      sinceMs: numberOf(row.next_since_ms),
    },
    ...(row.device_name !== null && { device: deviceOf(row) }),
  };
}

function deviceOf(row: Row): Device {
  return {
    name: row.device_name as string,
    state: row.device_state as Device["state"],
    sinceMs: numberOf(row.device_since_ms),
    keyVersion: numberOf(row.device_version),
    sealedKeys: bytesOf(row.device_keys),
    previous: row.device_previous === null ? null : {
      keyVersion: numberOf(row.device_previous),
      sealedKeys: bytesOf(row.device_previous_keys),
    },
  };
}

/** Returns the columns of a terminal's device, in the order of the tables. */
export function columnsOfDevice({ device }: Pick<Terminal, "device">) {
  return {
    device_name: device?.name ?? null,
    device_state: device?.state ?? null,
    device_since_ms: device?.sinceMs ?? null,
    device_version: device?.keyVersion ?? null,
    device_keys: device?.sealedKeys ?? null,
    device_previous: device?.previous?.keyVersion ?? null,
    device_previous_keys: device?.previous?.sealedKeys ?? null,
  };
}

/** Returns a terminal's books. Its account is negative: it owes its notes to the bank. */
export function booksOf(row: Row): TerminalBooks {
  return { movement: hex(bytesOf(row.movement)), cash: -money(row.balance) };
}

export function failuresOf(row: Row): Failures {
  return {
    source: row.source as string,
    count: numberOf(row.count),
    lastMs: numberOf(row.last_ms),
  };
}

export function dayEndOf(row: Row): AccountDayEnd {
  return { account: numberOf(row.account), day: numberOf(row.day), balance: money(row.balance) };
}

export function holdOf(row: Row): Hold {
  return { id: hex(bytesOf(row.movement)), timeMs: numberOf(row.time_ms) };
}
