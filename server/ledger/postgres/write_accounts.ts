/**
 * Writes accounts in a batch's commit. Balances and holds are computed from the movements' rows, as
 * triggers do on SQLite; invalid updates evaluate to NULL and violate NOT NULL.
 */
import { fromHex } from "../../../lib/bytes.ts";
import type { Account, Changes, Movement } from "../model.ts";
import type { Statement } from "./connection.ts";
import { type Column, given, insert } from "./given.ts";
import type { Known } from "./load.ts";

/** The sum of a batch's movements for an account, and the balance that they give. */
interface Booking {
  delta: bigint;
  held: bigint;
  balance: bigint;
}

/** Returns the accounts whose money or holds a row changes. */
export function movedBy(
  { step, action, kind, outcome, booked, debit, credit }: Movement,
): number[] {
  if (action === "authorise") return outcome === "ok" && kind === "withdrawal" ? [debit!] : [];
  if (step !== 2 && booked <= 0n) return [];
  return [debit, credit].filter((id) => id !== null);
}

/** Inserts accounts, with empty balances, since only movements move money. */
export function addAccounts(added: readonly Account[]): Statement[] {
  return insert("accounts", "accounts", [
    ["id", "bigint", added.map(({ id }) => id)],
    ["number", "text", added.map(({ number }) => number)],
    ["uid", "bytea", added.map(({ uid }) => fromHex(uid, 16))],
    ["kind", "text", added.map(({ kind }) => kind)],
    ["owner", "text", added.map(({ owner }) => owner)],
    ["currency", "text", added.map(({ currency }) => currency)],
    ...fieldsOf(added),
  ]);
}

/**
 * Returns the statements that update accounts.
 * @throws if the balances in the movements' rows are not the sums of the movements
 */
export function writeAccounts(changes: Changes, known: Known): Statement[] {
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

/** Returns the columns that may change, except money. */
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

/** Returns the sums of the movements per account. */
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
      throw new Error("the balances after a movement do not follow from it");
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

/**
 * Returns the statements that write customers' balances after a batch, for the day of their last
 * movement in it.
 */
export function endDays(changes: Changes, known: Known): Statement[] {
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

/** Inserts or replaces the balances of accounts at the end of days. */
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
