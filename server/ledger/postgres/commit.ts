/**
 * The second half of a batch on PostgreSQL: the statements that commit what it changed. Balances and
 * holds come of the movements' rows, as triggers make them on SQLite; what must never be becomes NULL
 * where the schema allows none, and the whole batch is refused.
 */
import { fromHex } from "../../../lib/bytes.ts";
import type { SealedEntry } from "../../audit/entry.ts";
import type { Account, Changes, Customer, Loaded, Movement, Terminal } from "../model.ts";
import type { Touch } from "../touch.ts";
import type { Statement } from "./connection.ts";
import { restoredSince, retellPrefix, valuesOfLimits, valuesOfRestoring } from "../settings.ts";

/** What a batch loaded: what is not among it is new. */
export interface Known extends Loaded {
  /** The accounts that nobody else changes meanwhile. */
  locked: ReadonlySet<number>;
}

/** Of an account: what a batch's movements come to, and the balance that they say is left. */
interface Booking {
  delta: bigint;
  held: bigint;
  balance: bigint;
}

/** A column of the rows that a statement is given: one array each. */
type Column = [
  name: string,
  type: string,
  values: readonly (bigint | number | string | Uint8Array | null)[],
];

/** What a batch must load to commit these changes. */
export function touchOfChanges(changes: Changes): Touch {
  const sides = changes.movements.flatMap(({ debit, credit }) => [debit, credit]);
  return {
    movements: new Set(changes.movements.map(({ id }) => id)),
    accounts: new Set([
      ...changes.accounts.map(({ id }) => id),
      ...sides.filter((id) => id !== null),
    ]),
    customers: new Set(changes.customers.map(({ username }) => username)),
    terminals: new Set(changes.terminals.map(({ id }) => id)),
    terminalNames: new Set(),
    failureSources: new Set(changes.failures.map(({ source }) => source)),
  };
}

/** Whether it changes what all servers share, which a batch does not lock unless it must. */
export function changesWhatIsShared(changes: Changes, { accounts, locked }: Known): boolean {
  const own = new Set(accounts.filter(({ id }) => !locked.has(id)).map(({ id }) => id));
  return changes.limits !== null || changes.restoring !== null || changes.clock !== null ||
    changes.accounts.some(({ id }) => own.has(id)) ||
    changes.movements.some((row) => movedBy(row).some((id) => own.has(id)));
}

/** @throws when the balances in the movements' rows are not what comes of them */
export function commitStatements(
  changes: Changes,
  entries: readonly SealedEntry[],
  known: Known,
): Statement[] {
  return [
    ...writeAccounts(changes, known),
    ...writePeople(changes, known),
    ...writeShared(changes),
    ...writeMovements(changes.movements),
    ...endDays(changes, known),
    ...writeEntries(entries),
  ];
}

export function writeEntries(entries: readonly SealedEntry[]): Statement[] {
  return insert("audit", "audit", [
    ["chain", "bigint", entries.map(({ chain }) => chain)],
    ["sequence", "bigint", entries.map(({ sequence }) => sequence)],
    ["epoch", "bigint", entries.map(({ epoch }) => epoch)],
    ["key_version", "bigint", entries.map(({ keyVersion }) => keyVersion)],
    ["who", "bytea", entries.map(({ who }) => who)],
    ["sealed", "bytea", entries.map(({ sealed }) => sealed)],
    ["tag", "bytea", entries.map(({ tag }) => tag)],
  ]);
}

/** Adds rows to a table, which must not have them yet. */
export function insert(name: string, table: string, columns: Column[]): Statement[] {
  const names = columns.map(([name]) => name).join(", ");
  return given(
    `insert_${name}`,
    `INSERT INTO ${table} (${names}) SELECT ${names} FROM given`,
    columns,
  );
}

/** A statement about rows that come as `given`; none where there are none. */
export function given(name: string, text: string, columns: Column[]): Statement[] {
  if (columns[0]![2].length === 0) return [];
  const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(", ");
  const names = columns.map(([name]) => name).join(", ");
  const rows = `unnest(${arrays}) AS given (${names})`;
  return [{
    name,
    text: text.replace("FROM given", `FROM ${rows}`),
    values: columns.map(([, , values]) => values),
  }];
}

// Accounts

/** The accounts whose money or holds a row changes. */
function movedBy({ step, action, kind, outcome, booked, debit, credit }: Movement): number[] {
  if (action === "authorise") return outcome === "ok" && kind === "withdrawal" ? [debit!] : [];
  if (step !== 2 && booked <= 0n) return [];
  return [debit, credit].filter((id) => id !== null);
}

/** Opens accounts: with nothing, since only movements move money. */
export function addAccounts(added: readonly Account[]): Statement[] {
  return insert("accounts", "accounts", [
    ["id", "bigint", added.map(({ id }) => id)],
    ["kind", "text", added.map(({ kind }) => kind)],
    ["owner", "text", added.map(({ owner }) => owner)],
    ["currency", "text", added.map(({ currency }) => currency)],
    ...fieldsOf(added),
  ]);
}

function writeAccounts(changes: Changes, known: Known): Statement[] {
  const before = new Map(known.accounts.map((account) => [account.id, account]));
  const added = changes.accounts.filter(({ id }) => !before.has(id));
  const changed = new Map(changes.accounts.map((account) => [account.id, account]));
  const bookings = bookingsOf(changes.movements, before, changed);
  const updated = [...new Set([...changed.keys(), ...bookings.keys()])].sort((a, b) => a - b)
    .filter((id) => before.has(id) || bookings.has(id));
  return [
    ...addAccounts(added),
    ...updateAccounts(
      updated.map((id) => changed.get(id) ?? before.get(id)!),
      updated.map((id) =>
        bookings.get(id) ?? { delta: 0n, held: 0n, balance: before.get(id)!.balance }
      ),
    ),
  ];
}

/** What an account's row has beside whose it is and its money. */
function fieldsOf(accounts: readonly Account[]): Column[] {
  return [
    ["version", "bigint", accounts.map(({ version }) => version)],
    ["state", "text", accounts.map(({ state }) => state)],
    ["name", "text", accounts.map(({ name }) => name)],
    ["day", "bigint", accounts.map(({ day }) => day)],
    ["day_out", "bigint", accounts.map(({ dayOut }) => dayOut)],
    ["day_in", "bigint", accounts.map(({ dayIn }) => dayIn)],
    ["withdrawal_max", "bigint", accounts.map(({ withdrawalMax }) => withdrawalMax)],
    ["day_out_max", "bigint", accounts.map(({ dayOutMax }) => dayOutMax)],
    ["day_in_max", "bigint", accounts.map(({ dayInMax }) => dayInMax)],
  ];
}

const update = `UPDATE accounts SET
  balance = CASE WHEN accounts.balance + given.delta = given.balance THEN given.balance END,
  held = accounts.held + given.held,
  version = CASE WHEN given.version >= accounts.version THEN given.version END,
  state = CASE WHEN accounts.state <> 'closed' OR given.state = 'closed' THEN given.state END,
  name = given.name, day = given.day, day_out = given.day_out, day_in = given.day_in,
  withdrawal_max = given.withdrawal_max, day_out_max = given.day_out_max,
  day_in_max = given.day_in_max
  FROM given WHERE accounts.id = given.id`;

export function updateAccounts(
  accounts: readonly Account[],
  bookings: readonly Booking[],
): Statement[] {
  return given("update_accounts", update, [
    ["id", "bigint", accounts.map(({ id }) => id)],
    ["delta", "bigint", bookings.map(({ delta }) => delta)],
    ["held", "bigint", bookings.map(({ held }) => held)],
    ["balance", "bigint", bookings.map(({ balance }) => balance)],
    ...fieldsOf(accounts),
  ]);
}

/** What the movements come to, account by account. */
function bookingsOf(
  movements: readonly Movement[],
  before: ReadonlyMap<number, Account>,
  changed: ReadonlyMap<number, Account>,
): Map<number, Booking> {
  const bookings = new Map<number, Booking>();
  const bookingOf = (id: number, { currency }: Movement): Booking => {
    const account = before.get(id) ?? changed.get(id);
    if (account?.currency !== currency) {
      throw new Error("a movement's currency is not its account's");
    }
    const booking = bookings.get(id) ??
      { delta: 0n, held: 0n, balance: before.get(id)?.balance ?? 0n };
    bookings.set(id, booking);
    return booking;
  };
  const book = (booking: Booking, amount: bigint, balance: bigint | null) => {
    booking.delta += amount;
    booking.balance += amount;
    if (booking.balance !== balance) {
      throw new Error("the balances after a movement are not its own");
    }
  };
  for (const row of movements) {
    const [debit, credit] = movedBy(row).map((id) => bookingOf(id, row));
    if (debit && row.kind === "withdrawal") {
      if (row.step === 1) debit.held += row.amount;
      if (row.step === 2) debit.held -= row.amount;
    }
    if (!debit || !credit) continue; // a hold; or a row that the schema refuses
    book(debit, -row.booked, row.debitBalance);
    book(credit, row.booked, row.creditBalance);
  }
  return bookings;
}

// Movements

const movementTypes: [column: string, type: string, value: (row: Movement) => Column[2][number]][] =
  [
    ["id", "bytea", ({ id }) => fromHex(id, 16)],
    ["step", "smallint", ({ step }) => step],
    ["action", "text", ({ action }) => action],
    ["kind", "text", ({ kind }) => kind],
    ["terminal", "text", ({ terminal }) => terminal],
    ["customer", "text", ({ customer }) => customer],
    ["operator", "text", ({ operator }) => operator],
    ["debit", "bigint", ({ debit }) => debit],
    ["credit", "bigint", ({ credit }) => credit],
    ["amount", "bigint", ({ amount }) => amount],
    ["booked", "bigint", ({ booked }) => booked],
    ["currency", "text", ({ currency }) => currency],
    ["outcome", "text", ({ outcome }) => outcome],
    ["debit_balance", "bigint", ({ debitBalance }) => debitBalance],
    ["credit_balance", "bigint", ({ creditBalance }) => creditBalance],
    ["day", "bigint", ({ day }) => day],
    ["time_ms", "bigint", ({ timeMs }) => timeMs],
  ];
const movementColumns = movementTypes.map(([column]) => column);

/** Where the id of a row in each step comes from: a second one's from what is open and fits it. */
const idOfStep: Record<Movement["step"], string> = {
  1: "given.id",
  2: `(SELECT first.id FROM movements AS first JOIN holds ON holds.movement = first.id
    WHERE first.id = given.id AND first.step = 1 AND first.kind = given.kind
      AND first.terminal = given.terminal AND first.customer = given.customer
      AND first.debit = given.debit AND first.credit = given.credit
      AND first.amount = given.amount AND first.currency = given.currency)`,
  3: `(SELECT second.id FROM movements AS second
    WHERE second.id = given.id AND second.step = 2 AND second.operator <> ''
      AND second.terminal = given.terminal AND second.kind = given.kind)`,
};

/** Step by step, so that a movement may begin and end in one batch; by id, so that batches wait in order. */
function writeMovements(movements: readonly Movement[]): Statement[] {
  const sorted = movements.toSorted((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  const ofStep = (step: Movement["step"]) => sorted.filter((row) => row.step === step);
  const opened = ofStep(1).filter(({ action, outcome }) =>
    action === "authorise" && outcome === "ok"
  );
  return [
    ...writeStep(1, sorted.filter(({ step }) => step !== 2 && step !== 3)),
    ...insert("holds", "holds", [
      ["movement", "bytea", opened.map(({ id }) => fromHex(id, 16))],
      ["time_ms", "bigint", opened.map(({ timeMs }) => timeMs)],
    ]),
    ...writeStep(2, ofStep(2)),
    ...given(
      "delete_holds",
      "DELETE FROM holds WHERE movement IN (SELECT id FROM given)",
      [["id", "bytea", ofStep(2).map(({ id }) => fromHex(id, 16))]],
    ),
    ...writeStep(3, ofStep(3)),
  ];
}

/** What customers' accounts have after a batch, for the day of their last movement in it. */
function endDays(changes: Changes, known: Known): Statement[] {
  const accounts = [...known.accounts, ...changes.accounts];
  const customers = new Set(
    accounts.filter(({ kind }) => kind === "customer").map(({ id }) => id),
  );
  const ends = new Map<string, { account: number; day: number; balance: bigint }>();
  for (const { booked, day, debit, credit, debitBalance, creditBalance } of changes.movements) {
    if (booked <= 0n) continue;
    for (
      const [account, balance] of [[debit!, debitBalance!], [credit!, creditBalance!]] as const
    ) {
      if (customers.has(account)) ends.set(`${account} ${day}`, { account, day, balance });
    }
  }
  return writeDayEnds([...ends.values()].sort((a, b) => a.account - b.account || a.day - b.day));
}

/** What accounts had at the end of days, in the place of what was known of them. */
export function writeDayEnds(
  rows: readonly { account: number; day: number; balance: bigint }[],
): Statement[] {
  return given(
    "end_days",
    `INSERT INTO day_balances (account, day, balance) SELECT account, day, balance FROM given
      ON CONFLICT (account, day) DO UPDATE SET balance = excluded.balance`,
    [
      ["account", "bigint", rows.map(({ account }) => account)],
      ["day", "bigint", rows.map(({ day }) => day)],
      ["balance", "bigint", rows.map(({ balance }) => balance)],
    ],
  );
}

function writeStep(step: Movement["step"], rows: readonly Movement[]): Statement[] {
  const [, ...others] = movementColumns;
  return given(
    `insert_movements_${step}`,
    `INSERT INTO movements (${movementColumns.join(", ")})
      SELECT ${idOfStep[step]}, ${others.map((column) => `given.${column}`).join(", ")} FROM given`,
    columnsOfMovements(rows),
  );
}

export const columnsOfMovements = (rows: readonly Movement[]): Column[] =>
  movementTypes.map(([column, type, value]) => [column, type, rows.map(value)]);

// Everything else

export function writePeople(
  { customers, terminals, failures }: Pick<Changes, "customers" | "terminals" | "failures">,
  known: Pick<Known, "customers" | "terminals" | "failures">,
): Statement[] {
  const sources = new Set(known.failures.map(({ source }) => source));
  const counters: [name: string, counted: typeof failures][] = [
    ["insert", failures.filter(({ source }) => !sources.has(source))],
    ["update", failures.filter(({ source }) => sources.has(source))],
  ];
  const names = new Set(known.customers.map(({ username }) => username));
  const [before, added] = [true, false].map((is) =>
    customerColumns(customers.filter(({ username }) => names.has(username) === is))
  );
  return [
    ...insert("customers", "customers", added!),
    ...given(
      "update_customers",
      `UPDATE customers SET password_hash = given.password_hash
        FROM given WHERE customers.username = given.username`,
      before!,
    ),
    ...writeTerminals(terminals, new Set(known.terminals.map(({ id }) => id))),
    ...counters.flatMap(([verb, counted]) => {
      const columns: Column[] = [
        ["source", "text", counted.map(({ source }) => source)],
        ["count", "bigint", counted.map(({ count }) => count)],
        ["last_ms", "bigint", counted.map(({ lastMs }) => lastMs)],
      ];
      return verb === "insert" ? insert("failures", "failures", columns) : given(
        "update_failures",
        `UPDATE failures SET count = given.count, last_ms = given.last_ms
          FROM given WHERE failures.source = given.source`,
        columns,
      );
    }),
  ];
}

const customerColumns = (customers: readonly Customer[]): Column[] => [
  ["username", "text", customers.map(({ username }) => username)],
  ["password_hash", "text", customers.map(({ passwordHash }) => passwordHash)],
];

const updateTerminals = `UPDATE terminals SET
  key_version = CASE WHEN given.key_version >= terminals.key_version THEN given.key_version END,
  sealed_key = CASE WHEN given.name = terminals.name THEN given.sealed_key END,
  state = CASE WHEN terminals.state <> 'revoked' OR given.state = 'revoked' THEN given.state END,
  next_version = given.next_version, next_sealed_key = given.next_sealed_key,
  next_since_ms = given.next_since_ms
  FROM given WHERE terminals.id = given.id`;

function writeTerminals(terminals: readonly Terminal[], known: ReadonlySet<string>): Statement[] {
  const columns = (rows: readonly Terminal[]): Column[] => [
    ["id", "text", rows.map(({ id }) => id)],
    ["name", "text", rows.map(({ name }) => name)],
    ["key_version", "bigint", rows.map(({ keyVersion }) => keyVersion)],
    ["sealed_key", "bytea", rows.map(({ sealedKey }) => sealedKey)],
    ["state", "text", rows.map(({ state }) => state)],
    ["next_version", "bigint", rows.map(({ next }) => next?.version ?? null)],
    ["next_sealed_key", "bytea", rows.map(({ next }) => next?.sealedKey ?? null)],
    ["next_since_ms", "bigint", rows.map(({ next }) => next?.sinceMs ?? null)],
  ];
  return [
    ...insert("terminals", "terminals", columns(terminals.filter(({ id }) => !known.has(id)))),
    ...given(
      "update_terminals",
      updateTerminals,
      columns(terminals.filter(({ id }) => known.has(id))),
    ),
  ];
}

/** What all servers share: it is locked when this is written. */
export function writeShared(
  { limits, restoring, clock }: Pick<Changes, "limits" | "restoring" | "clock">,
): Statement[] {
  const values = limits === null ? [] : valuesOfLimits(limits);
  const kept = values.filter(([, value]) => value !== null);
  const waiting = restoring === null ? [] : valuesOfRestoring(restoring);
  const forget = restoring === null ? [] : [{
    name: "forget_restoring",
    text: `DELETE FROM settings WHERE name LIKE '${retellPrefix}%' OR name = '${restoredSince}'`,
  }];
  return [
    ...given("forget_limits", "DELETE FROM settings WHERE name IN (SELECT name FROM given)", [
      ["name", "text", values.map(([name]) => name)],
    ]),
    ...forget,
    ...insert("settings", "settings", [
      ["name", "text", [...kept, ...waiting].map(([name]) => name)],
      ["value", "text", [...kept, ...waiting].map(([, value]) => value)],
    ]),
    ...(clock === null ? [] : [
      { name: "forget_clock", text: "DELETE FROM clock" },
      ...insert("clock", "clock", [
        ["one", "smallint", [1]],
        ["confirmed_ms", "bigint", [clock.confirmedMs]],
        ["time_ms", "bigint", [clock.timeMs]],
      ]),
    ]),
  ];
}
