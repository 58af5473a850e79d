/** The first half of a batch on PostgreSQL: locks and loads its rows, in the order of the locks. */
import { fromHex } from "../../../lib/bytes.ts";
import type { Loaded, StoreTimes } from "../model.ts";
import type { Touch } from "../touch.ts";
import type { Statement } from "./connection.ts";
import {
  accountOf,
  confirmedClock,
  confirmedOf,
  customerOf,
  failuresOf,
  movementOf,
  numberOf,
  type Row,
  terminalOf,
} from "../rows.ts";
import { limitsOf, restoringOf, settingsOf, staffOf, valuesOf } from "../settings.ts";

/** The loaded rows of a batch: all others are new. */
export interface Known extends Loaded {
  /** The accounts that no other server changes until the commit. */
  locked: ReadonlySet<number>;
}

/** The accounts of a batch, and those of its movements. */
const lockAccounts = `SELECT * FROM accounts WHERE id IN (
    SELECT unnest($1::bigint[])
    UNION SELECT id FROM accounts WHERE number = ANY ($2::text[])
    UNION SELECT id FROM accounts WHERE owner = ANY ($3::text[])
    UNION SELECT debit FROM movements WHERE id = ANY ($4::bytea[])
    UNION SELECT credit FROM movements WHERE id = ANY ($4::bytea[])
  ) ORDER BY id FOR UPDATE`;
const readTerminals = `SELECT * FROM terminals WHERE id IN (
    SELECT unnest($1::text[])
    UNION SELECT id FROM terminals WHERE name = ANY ($2::text[]) OR device_name = ANY ($2::text[])
    UNION SELECT terminal FROM movements WHERE id = ANY ($3::bytea[])
  )`;

/**
 * The movements of a batch, the open ones of accounts that it closes, and all rows of the open ones
 * of its devices.
 */
const readMovements = `SELECT * FROM movements WHERE id = ANY ($1::bytea[])
  UNION ALL
  SELECT movements.* FROM holds
    JOIN movements ON movements.id = holds.movement AND movements.step = 1
    WHERE cardinality($2::text[]) > 0 AND EXISTS (
      SELECT 1 FROM accounts WHERE number = ANY ($2) AND id IN (debit, credit)
    )
  UNION ALL
  SELECT movements.* FROM holds
    JOIN movements AS first ON first.id = holds.movement AND first.step = 1
    JOIN movements ON movements.id = first.id
    WHERE cardinality($3::text[]) > 0 AND first.terminal = ANY ($3) AND first.token <> ''`;

/** The newest batch's time, the database's clock, which a transaction does not hold, and what was confirmed. */
export const times = `(SELECT coalesce(max(time_ms), 0) FROM audit_chains) AS last_ms,
  CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS clock_ms,
  ${confirmedClock}`;

export const timesOf = (row: Row): StoreTimes => ({
  lastMs: numberOf(row.last_ms),
  clockMs: numberOf(row.clock_ms),
  confirmed: confirmedOf(row),
});

/**
 * Returns the statements, in the order in which `loadedOf` reads their rows.
 * @param wide whether to lock the rows shared by all servers, too: the bank's own accounts, and its
 * settings
 */
export function loadStatements(touch: Touch, wide: boolean): Statement[] {
  const movements = [...touch.movements].map((id) => fromHex(id, 16)!);
  const terminals = [...touch.terminals];
  const owners = [...terminals, ...touch.customers, ...(wide ? [""] : [])];
  const settings = "SELECT name, value FROM settings";
  return [
    {
      name: "lock_accounts",
      text: lockAccounts,
      values: [[...touch.accounts], [...touch.accountNumbers], owners, movements],
    },
    { name: "own_accounts", text: "SELECT * FROM accounts WHERE owner = ''" },
    {
      name: "lock_failures",
      text: "SELECT * FROM failures WHERE source = ANY ($1::text[]) ORDER BY source FOR UPDATE",
      values: [[...touch.failureSources]],
    },
    wide
      ? { name: "lock_settings", text: `${settings} ORDER BY name FOR UPDATE` }
      : { name: "read_settings", text: settings },
    {
      name: "read_movements",
      text: readMovements,
      values: [movements, [...touch.closing], [...touch.devices]],
    },
    {
      name: "read_customers",
      text: `SELECT * FROM customers WHERE username = ANY ($1::text[])
        UNION SELECT customers.* FROM accounts JOIN customers ON username = owner
        WHERE number = ANY ($2::text[]) AND kind = 'customer'`,
      values: [[...touch.customers], [...touch.accountNumbers]],
    },
    {
      name: "read_terminals",
      text: readTerminals,
      values: [terminals, [...touch.terminalNames], movements],
    },
    {
      name: "read_newest",
      text: `SELECT (SELECT coalesce(max(id), 0) + 1 FROM accounts) AS account_id, ${times}`,
    },
  ];
}

export function loadedOf(rows: Row[][]): Known {
  const [accounts, own, failures, settings, movements, customers, terminals, newest] = rows;
  const locked = new Set(accounts!.map(({ id }) => numberOf(id)));
  const unlocked = own!.filter(({ id }) => !locked.has(numberOf(id)));
  const values = valuesOf(settings!);
  const row = newest![0]!;
  return {
    locked,
    settings: settingsOf(values),
    limits: limitsOf(values),
    restoring: restoringOf(values),
    staff: staffOf(values),
    accountIdNext: numberOf(row.account_id),
    ...timesOf(row),
    accounts: [...accounts!, ...unlocked].map(accountOf),
    movements: movements!.map(movementOf),
    customers: customers!.map(customerOf),
    terminals: terminals!.map(terminalOf),
    failures: failures!.map(failuresOf),
  };
}
