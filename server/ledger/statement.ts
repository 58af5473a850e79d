/** An account's movements in order, each with the balance after it. */
import type { Account, Movement } from "./model.ts";
import type { Parts } from "./walk.ts";

export interface StatementRow {
  /** The account's number. */
  account: string;
  movement: Movement;
  /** Signed: negative for money that left the account. */
  amount: bigint;
  balance: bigint;
}

/**
 * Returns the statement of accounts, account by account: movements have no index by account, so
 * all are read. Returns null if the rows do not lead from zero to a balance: money has moved since
 * the accounts were read.
 */
export async function statementOf(
  accounts: readonly Account[],
  parts: Parts<Movement>,
): Promise<StatementRow[] | null> {
  const rows = new Map(accounts.map(({ id }) => [id, [] as Movement[]]));
  for await (const part of parts) {
    for (const movement of part) {
      if (movement.booked === 0n) continue;
      for (const id of new Set([movement.debit, movement.credit])) {
        if (id !== null) rows.get(id)?.push(movement);
      }
    }
  }
  const statements = accounts.map((account) => inOrder(account, rows.get(account.id)!));
  return statements.includes(null) ? null : statements.flatMap((each) => each!);
}

/** Orders movements by time, and those of one millisecond by their balances. */
function inOrder({ id, number, balance }: Account, movements: Movement[]): StatementRow[] | null {
  const left = movements.map((movement) => ({
    account: number,
    movement,
    amount: movement.credit === id ? movement.booked : -movement.booked,
    balance: (movement.credit === id ? movement.creditBalance : movement.debitBalance) ?? 0n,
  })).sort((one, other) => one.movement.timeMs - other.movement.timeMs);
  const ordered: StatementRow[] = [];
  let last = 0n;
  while (left.length > 0) {
    const { timeMs } = left[0]!.movement;
    const next = left.findIndex(({ movement, amount, balance }) =>
      movement.timeMs === timeMs && balance - amount === last
    );
    if (next < 0) return null;
    const [row] = left.splice(next, 1);
    ordered.push(row!);
    last = row!.balance;
  }
  return last === balance ? ordered : null;
}
