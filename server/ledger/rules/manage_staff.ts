/** The operators: who they are, the commands that wait for a second one, and the AUDIT_KEY's version. */
import { proposalMsMax, proposalsMax } from "../../../lib/limits.ts";
import type { Outcome } from "../../../lib/errors.ts";
import type { Approval, ManageStaff } from "../command.ts";
import type { Operator, Proposal } from "../model.ts";
import { type Answer, type Batch, failed } from "./batch.ts";

export function manageStaff(batch: Batch, command: ManageStaff): Answer {
  switch (command.op) {
    case "add_operator":
      return addOperator(batch, command);
    case "remove_operator":
      return removeOperator(batch, command);
    case "propose":
      return propose(batch, command);
    case "reject_proposal":
      return reject(batch, command);
    case "rotate_audit_key":
      return rotateAuditKey(batch, command);
  }
}

type Asked<Op extends ManageStaff["op"]> = Extract<ManageStaff, { op: Op }>;

/**
 * Adds an operator, or replaces an operator's key and role. With the second person some commands
 * need two operators. An empty `operator` is the bank's
 * own account.
 */
function addOperator(batch: Batch, command: Asked<"add_operator">): Answer {
  const { operator, name, role, publicKey } = command;
  const { staff } = batch.books;
  const found = staff.operators.find((each) => each.name === name);
  if (found?.role !== role || found.publicKey !== publicKey) {
    const others = staff.operators.filter((each) => each !== found);
    const operators = [...others, { name, role, publicKey, sinceMs: batch.timeMs }];
    const fourEyes = staff.fourEyes || operators.filter(isPerson).length > 1;
    // An earlier key may have been stolen: what it has proposed is withdrawn.
    const proposals = staff.proposals.filter((each) => each.operator !== name);
    batch.books.setStaff({ ...staff, operators, proposals, fourEyes });
  }
  const outcome = "ok";
  const action = `add operator ${name} as ${role}, with the key ${publicKey}`;
  batch.log(operator === "" ? "bank" : `operator ${operator}`, action, { outcome });
  return { outcome };
}

const isPerson = ({ role }: Operator) => role !== "timer";

/** Removes an operator: the key is invalid from now on, and the operator's proposals are withdrawn. */
function removeOperator(batch: Batch, { operator, name }: Asked<"remove_operator">): Answer {
  const { staff } = batch.books;
  const operators = staff.operators.filter((each) => each.name !== name);
  const outcome: Outcome = operators.length === staff.operators.length ? "unknown_name" : "ok";
  if (outcome === "ok") {
    const proposals = staff.proposals.filter((each) => each.operator !== name);
    batch.books.setStaff({ ...staff, operators, proposals });
  }
  batch.log(`operator ${operator}`, failed(`remove operator ${name}`, outcome), { outcome });
  return { outcome };
}

/** Keeps a command until a second operator approves it. Lapsed proposals are forgotten. */
function propose(batch: Batch, { operator, id, command, words }: Asked<"propose">): Answer {
  const { staff } = batch.books;
  const open = staff.proposals.filter((each) => waits(batch, each, proposalMsMax));
  const outcome: Outcome = open.length < proposalsMax ? "ok" : "too_many_proposals";
  const proposals = [...open, { id, operator, command, timeMs: batch.timeMs }];
  if (outcome === "ok") batch.books.setStaff({ ...staff, proposals });
  batch.log(`operator ${operator}`, failed(`propose ${words} (${id})`, outcome), { outcome });
  return { outcome };
}

function reject(batch: Batch, { operator, id, reason }: Asked<"reject_proposal">): Answer {
  const proposal = { proposal: id, lapseMs: proposalMsMax };
  const outcome: Outcome = isOpen(batch, proposal) ? "ok" : "not_open";
  if (outcome === "ok") end(batch, proposal);
  const action = `${failed(`reject the proposal ${id}`, outcome)} - ${reason}`;
  batch.log(`operator ${operator}`, action, { outcome });
  return { outcome };
}

/** Stores the version of the next AUDIT_KEY, unless another server has rotated to it. */
function rotateAuditKey(
  batch: Batch,
  { operator, version }: Asked<"rotate_audit_key">,
): Answer {
  const { staff } = batch.books;
  const outcome: Outcome = version > (staff.auditKeyVersion ?? 0) ? "ok" : "key_superseded";
  if (outcome === "ok") batch.books.setStaff({ ...staff, auditKeyVersion: version });
  const action = failed(`rotate the AUDIT_KEY to version ${version}`, outcome);
  batch.log(`operator ${operator}`, action, { outcome });
  return { outcome };
}

/** Returns whether a proposal can be approved or rejected. */
export function isOpen(batch: Batch, { proposal: id, lapseMs }: Approval): boolean {
  return batch.books.staff.proposals.some((each) => each.id === id && waits(batch, each, lapseMs));
}

/** Ends a proposal, which was approved or rejected: an approved command runs once. */
export function end({ books }: Batch, { proposal: id }: Approval): void {
  const proposals = books.staff.proposals.filter((each) => each.id !== id);
  books.setStaff({ ...books.staff, proposals });
}

const waits = ({ timeMs }: Batch, proposal: Proposal, lapseMs: number) =>
  timeMs < proposal.timeMs + lapseMs;
