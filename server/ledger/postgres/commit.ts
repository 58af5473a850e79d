/**
 * The second half of a batch on PostgreSQL: the statements that commit its changes. Invalid updates
 * evaluate to NULL and violate NOT NULL, which rejects the whole batch.
 */
import type { SealedEntry } from "../../audit/entry.ts";
import type { Changes, ConfirmedClock } from "../model.ts";
import {
  isOfRestoring,
  isOfStaff,
  valuesOfLimits,
  valuesOfRestoring,
  valuesOfStaff,
} from "../settings.ts";
import type { Touch } from "../touch.ts";
import type { Statement } from "./connection.ts";
import { given, insert } from "./given.ts";
import type { Known } from "./load.ts";
import { endDays, movedBy, writeAccounts } from "./write_accounts.ts";
import { writeMovements } from "./write_movements.ts";
import { writeLines, writePeople } from "./write_people.ts";

/** Returns the rows that a batch must load to commit these changes. */
export function touchOfChanges(changes: Changes): Touch {
  const sides = changes.movements.flatMap(({ debit, credit }) => [debit, credit]);
  return {
    movements: new Set(changes.movements.map(({ id }) => id)),
    accountNumbers: new Set(),
    accounts: new Set([
      ...changes.accounts.map(({ id }) => id),
      ...sides.filter((id) => id !== null),
    ]),
    customers: new Set(changes.customers.map(({ username }) => username)),
    terminals: new Set(changes.terminals.map(({ id }) => id)),
    terminalNames: new Set(),
    closing: new Set(),
    devices: new Set(),
    failureSources: new Set(changes.failures.map(({ source }) => source)),
  };
}

/** Returns whether a batch changes rows shared by all servers, which it locks only then. */
export function changesWhatIsShared(changes: Changes, { accounts, locked }: Known): boolean {
  const own = new Set(accounts.filter(({ id }) => !locked.has(id)).map(({ id }) => id));
  return changes.limits !== null || changes.restoring !== null || changes.staff !== null ||
    changes.clock !== null ||
    changes.accounts.some(({ id }) => own.has(id)) ||
    changes.movements.some((row) => movedBy(row).some((id) => own.has(id)));
}

/**
 * Returns the statements that commit changes.
 * @throws if the balances in the movements' rows are not the sums of the movements
 */
export function commitStatements(
  changes: Changes,
  entries: readonly SealedEntry[],
  known: Known,
): Statement[] {
  return [
    ...writeAccounts(changes, known),
    ...writePeople(changes, known),
    ...writeLines(changes),
    ...writeShared(changes),
    ...setBackTimes(changes),
    ...writeMovements(changes.movements),
    ...endDays(changes, known),
    ...writeEntries(entries),
  ];
}

/** Sets back the times of all chains: the next batch of every server reads the newest of them. */
function setBackTimes({ clock, timeMs }: Changes): Statement[] {
  if (!clock?.setsBack) return [];
  const text = "UPDATE audit_chains SET time_ms = LEAST(time_ms, $1)";
  return [{ name: "set_back_times", text, values: [timeMs] }];
}

export function writeEntries(entries: readonly SealedEntry[]): Statement[] {
  return insert("audit", "audit", [
    ["chain", "bigint", entries.map(({ chain }) => chain)],
    ["sequence", "bigint", entries.map(({ sequence }) => sequence)],
    ["epoch", "bigint", entries.map(({ epoch }) => epoch)],
    ["key_version", "bigint", entries.map(({ keyVersion }) => keyVersion)],
    ["who", "bytea", entries.map(({ who }) => who)],
    ["commitment", "bytea", entries.map(({ commitment }) => commitment)],
    ["sealed", "bytea", entries.map(({ sealed }) => sealed)],
    ["tag", "bytea", entries.map(({ tag }) => tag)],
  ]);
}

/** Writes the rows shared by all servers, which the batch has locked. */
export function writeShared(
  { limits, restoring, staff, clock }: Pick<Changes, "limits" | "restoring" | "staff"> & {
    clock: ConfirmedClock | null;
  },
): Statement[] {
  const values = limits === null ? [] : valuesOfLimits(limits);
  const kept = values.filter(([, value]) => value !== null);
  const waiting = restoring === null ? [] : valuesOfRestoring(restoring);
  const people = staff === null ? [] : valuesOfStaff(staff);
  const forget = restoring === null ? [] : [{
    name: "forget_restoring",
    text: `DELETE FROM settings WHERE ${isOfRestoring}`,
  }];
  const forgetStaff = staff === null
    ? []
    : [{ name: "forget_staff", text: `DELETE FROM settings WHERE ${isOfStaff}` }];
  const written = [...kept, ...waiting, ...people];
  return [
    ...given("forget_limits", "DELETE FROM settings WHERE name IN (SELECT name FROM given)", [
      ["name", "text", values.map(([name]) => name)],
    ]),
    ...forget,
    ...forgetStaff,
    ...insert("settings", "settings", [
      ["name", "text", written.map(([name]) => name)],
      ["value", "text", written.map(([, value]) => value)],
    ]),
    ...(clock === null ? [] : [
      { name: "forget_clock", text: "DELETE FROM clock" },
      ...insert("clock", "clock", [
        ["one", "smallint", [1]],
        ["confirmed_ms", "bigint", [clock.confirmedMs]],
        ["time_ms", "bigint", [clock.timeMs]],
        ["set_backs", "bigint", [clock.setBacks]],
      ]),
    ]),
  ];
}
