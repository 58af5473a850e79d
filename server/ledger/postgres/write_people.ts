/** Customers, terminals and counters of failures in a batch's commit. */
import type { Changes, Customer, Failures, Line, LineVisit, Terminal } from "../model.ts";
import type { Statement } from "./connection.ts";
import { type Column, given, insert } from "./given.ts";
import type { Known } from "./load.ts";
import { columnsOfDevice } from "../rows.ts";

type People = "customers" | "terminals" | "failures";

/**
 * Returns the statements that write them.
 * @param known the rows that the tables have
 */
export function writePeople(
  { customers, terminals, failures }: Pick<Changes, People>,
  known: Pick<Known, People>,
): Statement[] {
  const [usernames, ids, sources] = [
    new Set(known.customers.map(({ username }) => username)),
    new Set(known.terminals.map(({ id }) => id)),
    new Set(known.failures.map(({ source }) => source)),
  ];
  return [
    ...writeRows("customers", updateCustomers, {
      added: customerColumns(customers.filter(({ username }) => !usernames.has(username))),
      changed: customerColumns(customers.filter(({ username }) => usernames.has(username))),
    }),
    ...writeRows("terminals", updateTerminals, {
      added: terminalColumns(terminals.filter(({ id }) => !ids.has(id))),
      changed: terminalColumns(terminals.filter(({ id }) => ids.has(id))),
    }),
    ...writeRows("failures", updateFailures, {
      added: failureColumns(failures.filter(({ source }) => !sources.has(source))),
      changed: failureColumns(failures.filter(({ source }) => sources.has(source))),
    }),
  ];
}

function writeRows(
  table: People,
  update: string,
  { added, changed }: { added: Column[]; changed: Column[] },
): Statement[] {
  return [...insert(table, table, added), ...given(`update_${table}`, update, changed)];
}

const updateCustomers = `UPDATE customers SET password_hash = given.password_hash,
  password_version = CASE WHEN given.password_version >= customers.password_version
    THEN given.password_version END,
  one_time = given.one_time, known_terminals = given.known_terminals, card_hash = given.card_hash,
  card_since_ms = given.card_since_ms, pin_hash = given.pin_hash
  FROM given WHERE customers.username = given.username`;

const customerColumns = (rows: readonly Customer[]): Column[] => [
  ["username", "text", rows.map(({ username }) => username)],
  ["password_hash", "text", rows.map(({ passwordHash }) => passwordHash)],
  ["password_version", "bigint", rows.map(({ passwordVersion }) => passwordVersion)],
  ["one_time", "text", rows.map(({ oneTime }) => JSON.stringify(oneTime))],
  ["known_terminals", "text", rows.map(({ knownTerminals }) => JSON.stringify(knownTerminals))],
  ["display_name", "text", rows.map(({ displayName = "" }) => displayName)],
  ["card_hash", "text", rows.map(({ card }) => card?.hash ?? null)],
  ["card_since_ms", "bigint", rows.map(({ card }) => card?.sinceMs ?? null)],
  ["pin_hash", "text", rows.map(({ card }) => card?.pinHash ?? null)],
];

const updateTerminals = `UPDATE terminals SET
  key_version = CASE WHEN given.key_version >= terminals.key_version THEN given.key_version END,
  sealed_key = CASE WHEN given.name = terminals.name THEN given.sealed_key END,
  state = CASE WHEN terminals.state <> 'revoked' OR given.state = 'revoked' THEN given.state END,
  next_version = given.next_version, next_sealed_key = given.next_sealed_key,
  next_since_ms = given.next_since_ms,
  device_name = given.device_name, device_state = given.device_state,
  device_since_ms = given.device_since_ms,
  device_version = CASE WHEN terminals.device_version IS NULL
    OR given.device_version >= terminals.device_version THEN given.device_version END,
  device_keys = given.device_keys, device_previous = given.device_previous,
  device_previous_keys = given.device_previous_keys
  FROM given WHERE terminals.id = given.id`;

const terminalColumns = (rows: readonly Terminal[]): Column[] => [
  ["id", "text", rows.map(({ id }) => id)],
  ["name", "text", rows.map(({ name }) => name)],
  ["key_version", "bigint", rows.map(({ keyVersion }) => keyVersion)],
  ["sealed_key", "bytea", rows.map(({ sealedKey }) => sealedKey)],
  ["state", "text", rows.map(({ state }) => state)],
  ["next_version", "bigint", rows.map(({ next }) => next?.version ?? null)],
  ["next_sealed_key", "bytea", rows.map(({ next }) => next?.sealedKey ?? null)],
  ["next_since_ms", "bigint", rows.map(({ next }) => next?.sinceMs ?? null)],
  ...deviceTypes.map(([name, type]): Column => [
    name,
    type,
    rows.map((row) => columnsOfDevice(row)[name]),
  ]),
];

const deviceTypes = [
  ["device_name", "text"],
  ["device_state", "text"],
  ["device_since_ms", "bigint"],
  ["device_version", "bigint"],
  ["device_keys", "bytea"],
  ["device_previous", "bigint"],
  ["device_previous_keys", "bytea"],
] as const;

const updateFailures = `UPDATE failures SET count = given.count, last_ms = given.last_ms
  FROM given WHERE failures.source = given.source`;

const failureColumns = (rows: readonly Failures[]): Column[] => [
  ["source", "text", rows.map(({ source }) => source)],
  ["count", "bigint", rows.map(({ count }) => count)],
  ["last_ms", "bigint", rows.map(({ lastMs }) => lastMs)],
];

const openLines = `INSERT INTO lines (terminal, connection, server)
  SELECT terminal, connection, server FROM given ORDER BY terminal
  ON CONFLICT (terminal) DO UPDATE SET
    connection = excluded.connection, server = excluded.server, username = ''`;

const updateLines = `UPDATE lines SET username = given.username
  FROM given WHERE lines.terminal = given.terminal AND lines.connection = given.connection`;

/** Returns the statements that write connections: an older connection of a terminal has no row. */
export function writeLines(
  { lines, lineVisits }: Pick<Changes, "lines" | "lineVisits">,
): Statement[] {
  return [
    ...given("open_lines", openLines, lineColumns(lines)),
    ...given("update_lines", updateLines, lineVisitColumns(lineVisits)),
  ];
}

const lineColumns = (rows: readonly Line[]): Column[] => [
  ["terminal", "text", rows.map(({ terminal }) => terminal)],
  ["connection", "text", rows.map(({ connection }) => connection)],
  ["server", "text", rows.map(({ server }) => server)],
];

const lineVisitColumns = (rows: readonly LineVisit[]): Column[] => [
  ["terminal", "text", rows.map(({ terminal }) => terminal)],
  ["connection", "text", rows.map(({ connection }) => connection)],
  ["username", "text", rows.map(({ username }) => username)],
];
