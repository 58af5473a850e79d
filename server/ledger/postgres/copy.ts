/** Copies a whole bank into a PostgreSQL database, unchanged, in one transaction. */
import { fromHex } from "../../../lib/bytes.ts";
import type { PostgresConnection } from "./connection.ts";
import { prepareSchema, versions } from "./versions.ts";
import { writeEntries, writeShared } from "./commit.ts";
import { insert } from "./given.ts";
import { addAccounts, updateAccounts, writeDayEnds } from "./write_accounts.ts";
import { columnsOfMovements, writeLastMovements } from "./write_movements.ts";
import { writePeople } from "./write_people.ts";
import type { MovementId, TerminalId } from "../model.ts";
import type { ReadStore } from "../store.ts";
import { entryParts, movementParts, partsOf } from "../walk.ts";

/**
 * Creates a copy of a bank atomically.
 * @param onRows called with the number of movements or entries of each part that was copied
 * @throws {UsageError} if the database already has a bank
 */
export async function copyBank(
  from: ReadStore,
  to: PostgresConnection,
  onRows: (count: number) => void,
): Promise<void> {
  const fill = async () => {
    await copyBooks(from, to, onRows);
    await copyPeople(from, to);
    const [limits, restoring] = [await from.limits(), await from.restoring()];
    const clock = (await from.times()).confirmed;
    await to.run(writeShared({ limits, restoring, staff: await from.staff(), clock }));
    await copyLog(from, to, onRows);
  };
  await prepareSchema(to, { versions, create: await from.settings(), fill });
}

/**
 * Copies accounts, which start empty, then movements, then the remaining fields of the accounts.
 */
async function copyBooks(
  from: ReadStore,
  to: PostgresConnection,
  onRows: (count: number) => void,
): Promise<void> {
  const accounts = await from.accounts();
  for (const some of partsOf(accounts.filter(({ owner }) => owner !== ""))) {
    await to.run(addAccounts(some));
  }
  for await (const some of movementParts(from)) {
    await to.run(insert("movements", "movements", columnsOfMovements(some)));
    onRows(some.length);
  }
  for (const some of partsOf(accounts)) {
    const bookings = some.map(({ balance, held }) => ({ delta: balance, held, balance }));
    await to.run(updateAccounts(some, bookings));
  }
  for (const { id: account, kind } of accounts) {
    if (kind !== "customer") continue;
    const days = (await from.dayBalances(account, 0)).map((end) => ({ account, ...end }));
    for (const some of partsOf(days)) await to.run(writeDayEnds(some));
  }
  for (const some of partsOf(await from.holds())) {
    await to.run(insert("holds", "holds", [
      ["movement", "bytea", some.map(({ id }) => fromHex(id, 16))],
      ["time_ms", "bigint", some.map(({ timeMs }) => timeMs)],
    ]));
  }
}

async function copyPeople(from: ReadStore, to: PostgresConnection): Promise<void> {
  const none = { customers: [], terminals: [], failures: [] };
  for (const customers of partsOf(await from.customers())) {
    await to.run(writePeople({ ...none, customers }, none));
  }
  for (const terminals of partsOf(await from.terminals())) {
    await to.run(writePeople({ ...none, terminals }, none));
    const last: [TerminalId, MovementId][] = [];
    for (const { id } of terminals) {
      const books = await from.booksOf(id);
      if (books) last.push([id, books.movement]);
    }
    await to.run(writeLastMovements(last));
  }
  for (const failures of partsOf(await from.failures())) {
    await to.run(writePeople({ ...none, failures }, none));
  }
}

async function copyLog(
  from: ReadStore,
  to: PostgresConnection,
  onRows: (count: number) => void,
): Promise<void> {
  const chains = await from.chains();
  const { lastMs } = await from.times();
  await to.run(insert("chains", "audit_chains", [
    ["number", "bigint", chains.map(({ number }) => number)],
    ["id", "bytea", chains.map(({ id }) => id)],
    ["time_ms", "bigint", chains.map(() => lastMs)],
  ]));
  for (const { number } of chains) {
    for await (const some of entryParts(from, number)) {
      await to.run(writeEntries(some));
      onRows(some.length);
    }
  }
}
