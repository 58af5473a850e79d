/** What a bank's operators can approve, and what a change of them takes from those who are left. */
import { mayGive, type OperatorCommandOf, type Role } from "../../lib/operator_commands.ts";
import type { Staff } from "./model.ts";

export type StaffChange = OperatorCommandOf<"add_operator" | "remove_operator">;

function rolesAfter({ operators }: Staff, change: StaffChange): Role[] {
  const others = operators.filter(({ name }) => name !== change.name).map(({ role }) => role);
  return change.command === "add_operator" ? [...others, change.role] : others;
}

/** Returns whether the change would leave the bank without an admin. */
export function takesLastAdmin(staff: Staff, change: StaffChange): boolean {
  const had = staff.operators.find(({ name }) => name === change.name)?.role;
  return had === "admin" && !rolesAfter(staff, change).includes("admin");
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

/** Returns how many of the roles may give a command. */
const countOf = (roles: readonly Role[], command: typeof approvals[number][0]) =>
  roles.filter((role) => mayGive(role, command)).length;

/** Returns, in words, what enough operators can do before a change of them, and not after it. */
export function approvalsLost(staff: Staff, change: StaffChange): string | null {
  const now = staff.operators.map(({ role }) => role);
  const after = rolesAfter(staff, change);
  const isOfTwo = staff.fourEyes || after.filter((role) => role !== "timer").length > 1;
  const isLost = ([command]: typeof approvals[number]) =>
    countOf(now, command) >= (staff.fourEyes ? 2 : 1) &&
    countOf(after, command) < (isOfTwo ? 2 : 1);
  return approvals.find(isLost)?.[1] ?? null;
}

/** Returns, in words, what needs two operators, and has too few; null in a bank of one. */
export function approvalsMissing({ operators, fourEyes }: Staff): string | null {
  const roles = operators.map(({ role }) => role);
  return approvals.find(([command]) => fourEyes && countOf(roles, command) < 2)?.[1] ?? null;
}
