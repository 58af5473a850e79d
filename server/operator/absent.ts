/** Finds what a command changes that the bank does not have, without running it. */
import type { Outcome } from "../../lib/errors.ts";
import { movementRows } from "../ledger/booked.ts";
import type { Command } from "../ledger/command.ts";
import type { ReadStore } from "../ledger/store.ts";

/** Returns the outcome that names a missing movement, customer, account or operator; null for none. */
export async function absentFor(
  read: Pick<ReadStore, "movementsAfter" | "customer" | "accountsNumbered" | "staff">,
  command: Command,
): Promise<Outcome | null> {
  switch (command.op) {
    case "correct_movement":
    case "settle_hold": {
      const rows = await movementRows(read, command.movement);
      return rows.length > 0 ? null : "unknown_movement";
    }
    case "open_account":
    case "reset_password":
      return await read.customer(command.username) ? null : "unknown_name";
    case "set_own_limits": {
      const { account } = command;
      if (account === undefined) return null;
      const [found] = await read.accountsNumbered(account, "", 1);
      return found?.number === account ? null : "unknown_account";
    }
    case "remove_operator": {
      const { operators } = await read.staff();
      return operators.some(({ name }) => name === command.name) ? null : "unknown_name";
    }
    default:
      return null;
  }
}
