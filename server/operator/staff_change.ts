/** What a change of the operators takes from those who are left. */
import { mayGive, type OperatorCommandOf, type Role } from "../../lib/operator_commands.ts";
import type { Staff } from "../ledger/model.ts";
import { CommandRefused } from "./request.ts";

export type StaffChange = OperatorCommandOf<"add_operator" | "remove_operator">;

function rolesAfter({ operators }: Staff, change: StaffChange): Role[] {
  const others = operators.filter(({ name }) => name !== change.name).map(({ role }) => role);
  return change.command === "add_operator" ? [...others, change.role] : others;
}

/** @throws {CommandRefused} if the change would leave the bank without an admin */
export function requireAdminLeft(staff: Staff, change: StaffChange): void {
  const had = staff.operators.find(({ name }) => name === change.name)?.role;
  if (had !== "admin" || rolesAfter(staff, change).includes("admin")) return;
  throw new CommandRefused(`${change.name} is the bank's only admin. Add another one first`);
}

/** What two operators approve, each with a command of its roles: the most roles first. */
const approvals = [
  ["settle_hold", "anything"],
  [
    "confirm_clock",
    "changes of operators, terminals, devices and the clock, higher limits, or the end of a restore",
  ],
  ["add_operator", "changes of operators"],
] as const;

/** Returns, in words, what enough operators can do before a change of them, and not after it. */
export function approvalsLost(staff: Staff, change: StaffChange): string | null {
  const now = staff.operators.map(({ role }) => role);
  const after = rolesAfter(staff, change);
  const isOfTwo = staff.fourEyes || after.filter((role) => role !== "timer").length > 1;
  const isLost = ([command]: typeof approvals[number]) => {
    const countOf = (roles: readonly Role[]) =>
      roles.filter((role) => mayGive(role, command)).length;
    return countOf(now) >= (staff.fourEyes ? 2 : 1) && countOf(after) < (isOfTwo ? 2 : 1);
  };
  return approvals.find(isLost)?.[1] ?? null;
}
