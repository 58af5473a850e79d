/**
 * Rows of the books in canonical form, for the log's digests: a name, and one text. FORMAT.md
 * specifies both. Omitted are values that follow from the movements (an account's money, version
 * and day), and terminals' keys, which are sealed for their terminal and version.
 */

import { movementRowName, type RowChange } from "../audit/entry.ts";
import type {
  Account,
  ConfirmedClock,
  Customer,
  Limits,
  Loaded,
  Movement,
  Restoring,
  Settings,
  Staff,
  Terminal,
} from "./model.ts";
import { isRestored } from "./settings.ts";

/** The name of a row, and its canonical text. */
export interface CanonicalRow {
  name: string;
  text: string;
}

type Field = string | number | bigint | null;

/**
 * Returns a JSON array of texts, whole numbers and nulls, which is unique for the row's content.
 */
function textOf(...fields: Field[]): string {
  let text = "";
  for (const field of fields) {
    text += `,${typeof field === "string" ? JSON.stringify(field) : field}`;
  }
  return `[${text.slice(1)}]`;
}

export function canonicalMovement(row: Movement): CanonicalRow {
  return {
    name: movementRowName(row.id, row.step),
    text: textOf(
      "movement",
      row.id,
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
      ...(row.messageHash ? [row.messageHash] : []),
      ...(row.token ? [row.token] : []),
    ),
  };
}

export function canonicalAccount(account: Account): CanonicalRow {
  const { id, number, uid, kind, owner, name, currency, state } = account;
  const { withdrawalMax, dayOutMax, dayInMax } = account;
  const limits = [withdrawalMax, dayOutMax, dayInMax];
  return {
    name: `account ${number}`,
    text: textOf("account", id, number, uid, kind, owner, name, currency, state, ...limits),
  };
}

export function canonicalCustomer(customer: Customer): CanonicalRow {
  const { username, displayName, passwordHash, passwordVersion, oneTime } = customer;
  const { card, knownTerminals } = customer;
  const ends = [oneTime?.untilMs ?? null, oneTime?.setBacks ?? null];
  const names = displayName === undefined ? [username] : [username, displayName];
  const cards = card ? ["card", card.hash, card.sinceMs, card.pinHash] : [];
  const known = knownTerminals.flatMap(({ terminal, lastMs }) => [terminal, lastMs]);
  return {
    name: `customer ${username}`,
    text: textOf("customer", ...names, passwordHash, passwordVersion, ...ends, ...cards, ...known),
  };
}

export function canonicalTerminal(
  { id, name, keyVersion, state, next, device }: Terminal,
): CanonicalRow {
  const following = [next?.version ?? null, next?.sinceMs ?? null];
  const itsDevice = device
    ? [
      ...[device.name, device.state, device.sinceMs],
      ...[device.keyVersion, device.previous?.keyVersion ?? null],
    ]
    : [];
  return {
    name: `terminal ${id}`,
    text: textOf("terminal", id, name, keyVersion, state, ...following, ...itsDevice),
  };
}

export function canonicalSettings(settings: Settings): CanonicalRow {
  const { bankId, bankName, currency: { code, exponent }, timeZone, smallestNote } = settings;
  return {
    name: "bank",
    text: textOf("bank", bankId, bankName, code, exponent, timeZone, smallestNote),
  };
}

export function canonicalLimits(limits: Limits): CanonicalRow {
  const { withdrawalMax, accountDayOutMax, terminalDayOutMax, terminalDayInMax } = limits;
  return {
    name: "limits",
    text: textOf(
      "limits",
      withdrawalMax,
      accountDayOutMax,
      terminalDayOutMax,
      terminalDayInMax,
    ),
  };
}

/** Returns the row of a restored bank; null if nothing is left to do. */
export function canonicalRestoring(restoring: Restoring | null): CanonicalRow | null {
  if (!restoring || isRestored(restoring)) return null;
  const { sinceMs, waiting, unattested, unknown } = restoring;
  const fields = [
    ...waiting.toSorted(),
    ...unattested.toSorted(by(({ terminal }) => terminal)).flatMap((
      { terminal, nonce },
    ) => ["attest", terminal, nonce]),
    ...unknown.toSorted(by(({ terminal }) => terminal)).flatMap((
      { terminal, amount },
    ) => ["unknown", terminal, amount]),
  ];
  return { name: "restoring", text: textOf("restoring", sinceMs, ...fields) };
}

/** Returns the row of a bank whose time was set back; null if it never was. */
export function canonicalClock(clock: ConfirmedClock | null): CanonicalRow | null {
  return clock?.setBacks ? { name: "clock", text: textOf("clock", clock.setBacks) } : null;
}

/** Returns the row of `Staff`; null for a bank without operators and rotations. */
export function canonicalStaff(
  { fourEyes, operators, proposals, auditKeyVersion }: Staff,
): CanonicalRow | null {
  if (operators.length === 0 && auditKeyVersion === undefined) return null;
  const fields = [
    ...operators.toSorted(by(({ name }) => name)).flatMap((
      { name, role, publicKey, sinceMs },
    ) => [name, role, publicKey, sinceMs]),
    ...proposals.toSorted(by(({ id }) => id)).flatMap((
      { id, operator, command, timeMs },
    ) => [id, operator, command, timeMs]),
    ...(auditKeyVersion === undefined ? [] : [auditKeyVersion]),
  ];
  return { name: "operators", text: textOf("operators", fourEyes ? 1 : 0, ...fields) };
}

const by = <Row>(key: (row: Row) => string) => (one: Row, other: Row) =>
  key(one) < key(other) ? -1 : 1;

/** Returns a change from one row to another of the same name; null for a missing row. */
export function changeOf(before: CanonicalRow | null, after: CanonicalRow | null): RowChange {
  const name = (before ?? after)!.name;
  return { name, before: before?.text ?? null, after: after?.text ?? null };
}

/** Returns the rows of a new bank, which its log's first entry covers. */
export function firstRows({ settings, limits, accounts }: Loaded): RowChange[] {
  const own = new Map(accounts.filter(({ owner }) => owner === "").map((each) => [each.id, each]));
  const rows = [
    canonicalSettings(settings),
    canonicalLimits(limits),
    ...own.values().map(canonicalAccount),
  ];
  return rows.map((row) => changeOf(null, row));
}
