/**
 * Corrects a movement that has ended by another row of it, which books the difference to what it
 * should have booked: notes that a customer left are credited so, and a load of cash that never
 * happened is undone. A terminal's account stays as the terminal reported its notes: the differences
 * account is on its side. So a count of these notes, before or after, does not book them twice.
 */
import type { Outcome } from "../../../lib/errors.ts";
import { amountMinorMax } from "../../../lib/money.ts";
import type { Administer } from "../command.ts";
import { bookedBy, ownSideOf } from "../booked.ts";
import { canonicalMovement, changeOf } from "../canonical.ts";
import { type Account, type CorrectionStep, correctionSteps, type Movement } from "../model.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { mayChange } from "./bounds.ts";
import { accountFacts } from "./movement_rows.ts";

type Correct = Extract<Administer, { op: "correct_movement" }>;

/** A correction that can be booked. */
interface Correction {
  first: Movement;
  step: CorrectionStep;
  /** What the movement has booked up to now. */
  booked: bigint;
  from: Account;
  to: Account;
  /** The amount of the row. */
  size: bigint;
}

export function correctMovement(batch: Batch, command: Correct): Answer {
  const { operator, movement, amount, reason } = command;
  const steps = [1, 2, ...correctionSteps] as const;
  const rows = steps.flatMap((step) => batch.books.movement(movement, step) ?? []);
  const found = correctionOf(batch, rows, amount);
  const [first] = rows;
  const what = first ? `${first.kind} of ${batch.money(first.amount)}` : "movement";
  const asked = `correct the ${what} ${movement} to ${batch.money(amount)}`;
  const action = (outcome: Outcome) => `${failed(asked, outcome)} - ${reason}`;
  const who = `operator ${operator}`;
  if (typeof found === "string") {
    batch.log(who, action(found), { outcome: found, movement });
    return { outcome: found };
  }
  const row = book(batch, found, operator);
  const changed = [changeOf(null, canonicalMovement(row))];
  batch.log(who, action("ok"), { outcome: "ok", movement, rows: changed });
  for (const account of [found.from, found.to]) {
    if (account.kind === "customer") logForCustomer(batch, row, account);
  }
  return { outcome: "ok", booked: amount };
}

/**
 * Returns the row that a correction needs, or the reason why none can be made.
 * @param rows those of the movement, the first one first
 */
function correctionOf(
  { books }: Batch,
  rows: readonly Movement[],
  amount: bigint,
): Correction | Outcome {
  const [first, ...later] = rows;
  const lacks = (step: number) => later.every((row) => row.step !== step);
  if (!first || first.action === "void") return "unknown_movement";
  const differences = books.accountOf("differences")!;
  if (first.kind === "load" && [first.debit, first.credit].includes(differences.id)) {
    return "is_a_count";
  }
  if (first.outcome !== "ok" || (first.action === "authorise" && lacks(2))) return "not_ended";
  if (amount < 0n) return "amount_not_positive";
  if (amount > amountMinorMax) return "amount_too_large";
  const own = ownSideOf(first);
  const hasTerminal = first.kind !== "transfer" && first.kind !== "opening";
  const booked = bookedBy(rows);
  const step = correctionSteps.find(lacks);
  if (step === undefined) return "too_many_corrections";
  if (amount === booked) return "nothing_to_correct";
  if (hasTerminal && differences.id === first[own]) return "nothing_to_correct";
  const account = (side: "debit" | "credit") =>
    hasTerminal && side !== own ? differences : books.account(first[side]!)!;
  const sides = [account("debit"), account("credit")] as const;
  const [from, to] = amount > booked ? sides : sides.toReversed() as [Account, Account];
  const size = amount > booked ? amount - booked : booked - amount;
  const closed = [from, to].some(({ state }) => state === "closed");
  if (closed) return "account_closed";
  if (from.kind === "customer" && from.balance - from.held < size) return "insufficient_funds";
  if (!mayChange(from, -size) || !mayChange(to, size)) return "over_balance_limit";
  return { first, step, booked, from, to, size };
}

function book(
  batch: Batch,
  { first, step, from, to, size }: Correction,
  operator: string,
): Movement {
  batch.books.adjust(from.id, { balance: -size });
  batch.books.adjust(to.id, { balance: size });
  return batch.addRow({
    ...first,
    step,
    action: "correct",
    debit: from.id,
    credit: to.id,
    amount: size,
    booked: size,
    operator,
  });
}

/** Writes the correction into the log of a customer whose account it changes. */
function logForCustomer(batch: Batch, row: Movement, { id, owner }: Account): void {
  const { kind, amount, terminal } = row;
  const how = row.credit === id ? "added" : "taken back";
  batch.log(owner, `correct ${kind}: ${batch.money(amount)} ${how} by the bank`, {
    kind: kind === "withdrawal" || kind === "deposit" || kind === "transfer" ? kind : "other",
    outcome: "ok",
    terminal: batch.terminalName(terminal),
    movement: row.id,
    amount,
    ...accountFacts(batch, row, id),
  });
}
