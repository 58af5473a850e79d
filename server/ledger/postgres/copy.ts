/** A whole bank copied into a PostgreSQL database, as it is, in one transaction. */
import { fromHex } from "../../../lib/bytes.ts";
import type { Movement } from "../model.ts";
import type { SealedEntry } from "../../audit/entry.ts";
import type { PostgresConnection, Statement } from "./connection.ts";
import { prepareSchema, versions } from "./versions.ts";
import {
  addAccounts,
  columnsOfMovements,
  insert,
  updateAccounts,
  writeDayEnds,
  writeEntries,
  writePeople,
  writeShared,
} from "./commit.ts";
import type { ReadStore } from "../store.ts";

const chunkRows = 1_000;

/**
 * Makes a bank like this one: all of it, or nothing.
 * @throws {UsageError} when the database has a bank already
 */
export async function copyBank(from: ReadStore, to: PostgresConnection): Promise<void> {
  const run = async (statements: readonly Statement[]) => void await to.run(statements);
  const fill = async () => {
    const accounts = await from.accounts();
    await inChunks(accounts.filter(({ owner }) => owner !== ""), (some) => run(addAccounts(some)));
    for await (const rows of movementsOf(from)) {
      await run(insert("movements", "movements", columnsOfMovements(rows)));
    }
    await inChunks(accounts, (some) =>
      run(updateAccounts(
        some,
        some.map(({ balance, held }) => ({ delta: balance, held, balance })),
      )));
    for (const { id: account, kind } of accounts) {
      if (kind !== "customer") continue;
      const days = (await from.dayBalances(account, 0)).map((end) => ({ account, ...end }));
      await inChunks(days, (some) => run(writeDayEnds(some)));
    }
    await inChunks(await from.holds(), (some) =>
      run(insert("holds", "holds", [
        ["movement", "bytea", some.map(({ id }) => fromHex(id, 16))],
        ["time_ms", "bigint", some.map(({ timeMs }) => timeMs)],
      ])));
    const nobody = { customers: [], terminals: [], failures: [] };
    await inChunks(
      await from.customers(),
      (customers) => run(writePeople({ ...nobody, customers }, nobody)),
    );
    await inChunks(
      await from.terminals(),
      (terminals) => run(writePeople({ ...nobody, terminals }, nobody)),
    );
    await inChunks(
      await from.failures(),
      (failures) => run(writePeople({ ...nobody, failures }, nobody)),
    );
    const [limits, restoring] = [await from.limits(), await from.restoring()];
    await run(writeShared({ limits, restoring, clock: await from.confirmedClock() }));
    await copyLog(from, run);
  };
  await prepareSchema(to, { versions, create: await from.settings(), fill });
}

async function copyLog(
  from: ReadStore,
  run: (statements: readonly Statement[]) => Promise<void>,
): Promise<void> {
  const chains = await from.chains();
  await run(insert("chains", "audit_chains", [
    ["number", "bigint", chains.map(({ number }) => number)],
    ["id", "bytea", chains.map(({ id }) => id)],
    ["sure", "bigint", chains.map(() => 0)],
    ["time_ms", "bigint", chains.map(() => 0)],
  ]));
  for (const { number } of chains) {
    for await (const entries of entriesOf(from, number)) await run(writeEntries(entries));
  }
}

/** All rows of movements, some at a time. */
export async function* movementsOf(store: ReadStore): AsyncGenerator<Movement[], void, void> {
  let last: Movement | undefined;
  do {
    const rows = await store.movementsAfter(
      last?.id ?? "00".repeat(16),
      last?.step ?? 0,
      chunkRows,
    );
    if (rows.length > 0) yield rows;
    last = rows.at(-1);
  } while (last);
}

/** All entries of a chain, some at a time. */
export async function* entriesOf(
  store: ReadStore,
  chain: number,
): AsyncGenerator<SealedEntry[], void, void> {
  let last: SealedEntry | undefined;
  do {
    const entries = await store.entriesAfter(chain, last?.sequence ?? 0, chunkRows);
    if (entries.length > 0) yield entries;
    last = entries.at(-1);
  } while (last);
}

async function inChunks<T>(rows: readonly T[], write: (rows: T[]) => Promise<void>): Promise<void> {
  for (let at = 0; at < rows.length; at += chunkRows) await write(rows.slice(at, at + chunkRows));
}
