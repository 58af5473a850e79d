/**
 * Rows of the books as the log's digests have them: a name, and one text. FORMAT.md has both. Left out is
 * what follows from the movements (of an account its money, its version and its day), and terminals'
 * keys, which are sealed for their terminal and version.
 */
import { movementRowName, type RowChange } from "../audit/entry.ts";
import type {
  Account,
  Customer,
  Limits,
  Loaded,
  Movement,
  Restoring,
  Settings,
  Terminal,
} from "./model.ts";

/** The name of a row, and its canonical text. */
export interface CanonicalRow {
  name: string;
  text: string;
}

type Field = string | number | bigint | null;

/** A JSON array of texts, whole numbers and nulls: no two rows of different content have the same. */
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
  const { username, passwordHash, passwordVersion, knownTerminals } = customer;
  const known = knownTerminals.flatMap(({ terminal, lastMs }) => [terminal, lastMs]);
  return {
    name: `customer ${username}`,
    text: textOf("customer", username, passwordHash, passwordVersion, ...known),
  };
}

export function canonicalTerminal({ id, name, keyVersion, state, next }: Terminal): CanonicalRow {
  const following = [next?.version ?? null, next?.sinceMs ?? null];
  return {
    name: `terminal ${id}`,
    text: textOf("terminal", id, name, keyVersion, state, ...following),
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

/** Null where nothing is waited for. */
export function canonicalRestoring(restoring: Restoring | null): CanonicalRow | null {
  if (!restoring?.waiting.length) return null;
  const { sinceMs, waiting } = restoring;
  return { name: "restoring", text: textOf("restoring", sinceMs, ...waiting.toSorted()) };
}

/** A change from one row to another of the same name; null for no row. */
export function changeOf(before: CanonicalRow | null, after: CanonicalRow | null): RowChange {
  const name = (before ?? after)!.name;
  return { name, before: before?.text ?? null, after: after?.text ?? null };
}

/** What a bank begins with, of which its log's first entry speaks. */
export function firstRows({ settings, limits, accounts }: Loaded): RowChange[] {
  const own = new Map(accounts.filter(({ owner }) => owner === "").map((each) => [each.id, each]));
  const rows = [
    canonicalSettings(settings),
    canonicalLimits(limits),
    ...own.values().map(canonicalAccount),
  ];
  return rows.map((row) => changeOf(null, row));
}
