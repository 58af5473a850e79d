/**
 * Writes movements in a batch's commit: each row must match the open movements, or the schema
 * refuses it.
 */
import { fromHex } from "../../../lib/bytes.ts";
import { lastOfTerminals, type Movement, type MovementId, type TerminalId } from "../model.ts";
import type { Statement } from "./connection.ts";
import { type Column, given, insert } from "./given.ts";

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
    ["message_hash", "text", ({ messageHash }) => messageHash],
    ["token", "text", ({ token }) => token],
  ];
const movementColumns = movementTypes.map(([column]) => column);

/** The steps as they are written: reports and doubts apart, the corrections together. */
type WrittenStep = 1 | "doubt" | 2 | 3 | 4;

/** The id of a row in each step: NULL for any but the first without a matching movement. */
const idOfStep: Record<WrittenStep, string> = {
  1: "given.id",
  doubt: `(SELECT first.id FROM movements AS first JOIN holds ON holds.movement = first.id
    WHERE first.id = given.id AND first.step = 1 AND first.kind = 'withdrawal'
      AND given.kind = 'withdrawal' AND first.terminal = given.terminal
      AND first.amount = given.amount)`,
  2: `(SELECT first.id FROM movements AS first JOIN holds ON holds.movement = first.id
    WHERE first.id = given.id AND first.step = 1 AND first.kind = given.kind
      AND first.terminal = given.terminal AND first.customer = given.customer
      AND first.debit = given.debit AND first.credit = given.credit
      AND first.amount = given.amount AND first.currency = given.currency)`,
  3: `(SELECT second.id FROM movements AS second
    WHERE second.id = given.id AND second.step = 2 AND second.operator <> ''
      AND second.terminal = given.terminal AND second.kind = given.kind)`,
  4: `(SELECT first.id FROM movements AS first
    WHERE first.id = given.id AND first.step = 1 AND first.outcome = 'ok'
      AND first.kind = given.kind AND first.currency = given.currency
      AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.movement = given.id))`,
};

/**
 * Writes step by step, so that a movement may begin and end in one batch; by id, to keep the order
 * of locks.
 */
export function writeMovements(movements: readonly Movement[]): Statement[] {
  const sorted = movements.toSorted((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  const ofStep = (step: Movement["step"]) => sorted.filter((row) => row.step === step);
  const opened = ofStep(1).filter(({ action, outcome }) =>
    action === "authorise" && outcome === "ok"
  );
  return [
    ...writeStep(
      1,
      sorted.filter(({ step, action }) =>
        step !== 2 && !["report", "doubt", "correct"].includes(action)
      ),
    ),
    ...insert("holds", "holds", [
      ["movement", "bytea", opened.map(({ id }) => fromHex(id, 16))],
      ["time_ms", "bigint", opened.map(({ timeMs }) => timeMs)],
    ]),
    ...writeStep("doubt", sorted.filter(({ action }) => action === "doubt")),
    ...writeStep(2, ofStep(2)),
    ...given(
      "delete_holds",
      "DELETE FROM holds WHERE movement IN (SELECT id FROM given)",
      [["id", "bytea", ofStep(2).map(({ id }) => fromHex(id, 16))]],
    ),
    ...writeStep(3, sorted.filter(({ action }) => action === "report")),
    ...writeStep(4, sorted.filter(({ action }) => action === "correct")),
    ...writeLastMovements(lastOfTerminals(movements)),
  ];
}

/** Writes the newest movements of terminals. */
export function writeLastMovements(last: readonly [TerminalId, MovementId][]): Statement[] {
  return given(
    "write_last_movements",
    `INSERT INTO last_movements (terminal, movement) SELECT terminal, movement FROM given
      ON CONFLICT (terminal) DO UPDATE SET movement = excluded.movement`,
    [
      ["terminal", "text", last.map(([terminal]) => terminal)],
      ["movement", "bytea", last.map(([, movement]) => fromHex(movement, 16))],
    ],
  );
}

function writeStep(step: WrittenStep, rows: readonly Movement[]): Statement[] {
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
