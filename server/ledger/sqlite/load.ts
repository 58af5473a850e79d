/** The first half of a batch on SQLite: loads its rows, cached ones from memory. */
import { fromHex } from "../../../lib/bytes.ts";
import type { Account, Customer, Loaded, Movement, Terminal } from "../model.ts";
import { accountOf, customerOf, failuresOf, movementOf, terminalOf } from "../rows.ts";
import { limitsOf, restoringOf, settingsOf, staffOf, valuesOf } from "../settings.ts";
import type { Touch } from "../touch.ts";
import type { SqliteConnection } from "./connection.ts";
import type { KeptRows, SetUp } from "./kept_rows.ts";
import { timesOf } from "./reads.ts";

export function load(connection: SqliteConnection, kept: KeptRows, touch: Touch): Loaded {
  const movements = [...touch.movements].flatMap((id) =>
    connection.all("SELECT * FROM movements WHERE id = ?", fromHex(id, 16)!).map(movementOf)
  );
  const ids = new Set(touch.accounts);
  const terminals = new Set(touch.terminals);
  for (const { debit, credit, terminal } of movements) {
    if (terminal) terminals.add(terminal);
    if (debit !== null) ids.add(debit);
    if (credit !== null) ids.add(credit);
  }
  const newest = connection.one("SELECT coalesce(max(id), 0) + 1 AS next FROM accounts")!;
  const named = [...touch.accountNumbers].flatMap((number) =>
    kept.accountNumbered(number, () => accountWith(connection, "number", number)) ?? []
  );
  const usernames = new Set(touch.customers);
  for (const { kind, owner } of named) if (kind === "customer") usernames.add(owner);
  return {
    ...kept.setUp(() => setUpOf(connection)),
    accountIdNext: Number(newest.next),
    ...timesOf(connection),
    accounts: [
      ...[...ids].flatMap((id) => kept.account(id, () => accountWith(connection, "id", id)) ?? []),
      ...named,
      ...["", ...touch.terminals, ...touch.customers].flatMap((owner) =>
        kept.accountsOf(owner, () => accountsOf(connection, owner))
      ),
    ],
    movements: [
      ...movements,
      ...[...touch.closing].flatMap((number) => openMovementsOf(connection, number)),
      ...[...touch.devices].flatMap((terminal) => openTokensOf(connection, terminal)),
    ],
    customers: [...usernames].flatMap((username) =>
      kept.customer(username, () => customerNamed(connection, username)) ?? []
    ),
    terminals: [
      ...[...terminals].flatMap((id) =>
        kept.terminal(id, () => terminalsWhere(connection, "id", id)[0]) ?? []
      ),
      ...[...touch.terminalNames].flatMap((name) => [
        ...terminalsWhere(connection, "name", name),
        ...terminalsWhere(connection, "device_name", name),
      ]),
    ],
    failures: [...touch.failureSources].flatMap((source) =>
      connection.all("SELECT * FROM failures WHERE source = ?", source).map(failuresOf)
    ),
  };
}

function setUpOf(connection: SqliteConnection): SetUp {
  const values = valuesOf(connection.all("SELECT name, value FROM settings"));
  return {
    settings: settingsOf(values),
    limits: limitsOf(values),
    restoring: restoringOf(values),
    staff: staffOf(values),
  };
}

function customerNamed(connection: SqliteConnection, username: string): Customer | undefined {
  const row = connection.one("SELECT * FROM customers WHERE username = ?", username);
  return row && customerOf(row);
}

function accountWith(
  connection: SqliteConnection,
  column: "id" | "number",
  value: number | string,
): Account | undefined {
  const row = connection.one(`SELECT * FROM accounts WHERE ${column} = ?`, value);
  return row && accountOf(row);
}

function accountsOf(connection: SqliteConnection, owner: string): Account[] {
  return connection.all("SELECT * FROM accounts WHERE owner = ?", owner).map(accountOf);
}

function openMovementsOf(connection: SqliteConnection, number: string): Movement[] {
  const text = `SELECT movements.* FROM holds
    JOIN movements ON movements.id = holds.movement AND movements.step = 1
    WHERE (SELECT id FROM accounts WHERE number = ?) IN (movements.debit, movements.credit)`;
  return connection.all(text, number).map(movementOf);
}

function openTokensOf(connection: SqliteConnection, terminal: string): Movement[] {
  const text = `SELECT movements.* FROM holds
    JOIN movements AS first ON first.id = holds.movement AND first.step = 1
    JOIN movements ON movements.id = first.id
    WHERE first.terminal = ? AND first.token <> ''`;
  return connection.all(text, terminal).map(movementOf);
}

function terminalsWhere(
  connection: SqliteConnection,
  column: "id" | "name" | "device_name",
  value: string,
): Terminal[] {
  return connection.all(`SELECT * FROM terminals WHERE ${column} = ?`, value).map(terminalOf);
}
