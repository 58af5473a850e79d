/** Finds out what the rules would decide about an operator's command now, and changes nothing. */
import type { Outcome } from "../../lib/errors.ts";
import { movementRows } from "./booked.ts";
import { Books } from "./books.ts";
import { isAhead } from "./clock.ts";
import type { Command } from "./command.ts";
import type { Loaded } from "./model.ts";
import { applyCommands } from "./rules/rules.ts";
import type { ReadStore } from "./store.ts";
import { type Touch, touchOf } from "./touch.ts";

export interface Rehearsal {
  outcome: Outcome;
  /** Whether the bank would differ afterwards, its log apart. */
  isChange: boolean;
}

/**
 * Runs a command as if it were a batch. Nothing is locked, so the batch that runs it may decide
 * otherwise. A clock in doubt stops no money here.
 * @param serverMs the server's clock
 */
export async function rehearse(
  read: ReadStore,
  command: Command,
  serverMs: number,
): Promise<Rehearsal> {
  const loaded = await loadedFor(read, touchOf([command]));
  const { lastMs, clockMs } = loaded;
  const nowMs = clockMs ?? serverMs;
  const setsBack = command.op === "set_back_clock" && isAhead(lastMs, nowMs);
  const timeMs = setsBack ? nowMs : Math.max(lastMs, nowMs);
  const clocks = { nowMs, setBackFromMs: setsBack ? lastMs : null };
  const books = new Books(loaded);
  const { replies: [reply], entries } = applyCommands(books, [command], timeMs, clocks);
  const isChange = books.changes().clock !== null ||
    entries.some(({ rows = [] }) => rows.length > 0);
  return { outcome: reply!.outcome, isChange };
}

/**
 * Reads the rows of a batch, as a store loads them, but each kind at another moment.
 * @throws {Error} for open movements of accounts and devices, and for counters of failures
 */
async function loadedFor(read: ReadStore, touch: Touch): Promise<Loaded> {
  if (touch.closing.size + touch.devices.size + touch.failureSources.size > 0) {
    throw new Error("a command with these rows is not rehearsed");
  }
  const movements = (await Promise.all(
    [...touch.movements].map((movement) => movementRows(read, movement)),
  )).flat();
  const ids = movements.flatMap(({ debit, credit }) => [debit, credit].filter((id) => id !== null));
  const named = (await Promise.all(
    [...touch.accountNumbers].map((number) => read.accountsNumbered(number, "", 1)),
  )).flat();
  const accounts = [
    ...await read.accountsAmong([...touch.accounts, ...ids]),
    ...named.filter(({ number }) => touch.accountNumbers.has(number)),
    ...await read.accountsOf(["", ...touch.terminals, ...touch.customers]),
  ];
  const customers = await Promise.all(
    [...touch.customers].map((username) => read.customer(username)),
  );
  const terminals = (await read.terminals()).filter(({ id, name, device }) =>
    touch.terminals.has(id) || movements.some(({ terminal }) => terminal === id) ||
    [name, device?.name].some((each) => each !== undefined && touch.terminalNames.has(each))
  );
  return {
    settings: await read.settings(),
    limits: await read.limits(),
    restoring: await read.restoring(),
    staff: await read.staff(),
    ...await read.times(),
    accountIdNext: Math.max(0, ...accounts.map(({ id }) => id)) + 1,
    accounts,
    movements,
    customers: customers.filter((customer) => customer !== undefined),
    terminals,
    failures: [],
  };
}
