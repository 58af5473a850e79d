/**
 * Completes the id of a proposal from its first digits, before the operator signs it. An approval is
 * of what the approver has seen: its proposer could make another command whose id begins with the
 * same digits, so that only the whole id approves.
 */
import { UsageError } from "../../lib/errors.ts";
import { proposalDigitsMin } from "../../lib/limits.ts";
import type { OperatorCommandOf } from "../../lib/operator_commands.ts";
import type { OperatorAnswer } from "./request.ts";

const see = "See 'deno task bank approvals'";

/**
 * Returns the command with the whole id of its proposal.
 * @param list lists the open proposals as JSON
 * @throws {UsageError} if no or more than one open proposal begins so, or an approval has not the
 * whole id
 */
export async function wholeProposal<Command extends OperatorCommandOf<"approve" | "reject">>(
  command: Command,
  list: () => AsyncIterable<OperatorAnswer>,
): Promise<Command> {
  const digits = command.proposal;
  if (/^[0-9a-f]{64}$/.test(digits)) return command;
  if (!/^[0-9a-f]{0,63}$/.test(digits) || digits.length < proposalDigitsMin) {
    throw new UsageError(
      `'${digits}' is not a proposal's id, nor ${proposalDigitsMin} or more of its first digits. ${see}`,
      2,
    );
  }
  const open = await Array.fromAsync(list(), (answer) => "line" in answer ? [answer.line] : []);
  const [found, second] = open.flat().map(proposalOf).filter(({ proposal }) =>
    proposal.startsWith(digits)
  );
  if (!found) throw new UsageError(`no open proposal begins with ${digits}. ${see}`);
  if (second) {
    throw new UsageError(
      `more than one open proposal begins with ${digits}: write more digits. ${see}`,
    );
  }
  const { proposal, operator, command: words } = found;
  if (command.command === "reject") return { ...command, proposal };
  throw new UsageError(
    "nothing was approved: an approval needs the whole id, since a proposal that was made to " +
      `begin with the same digits may replace one that you have seen. This one, of ${operator}, ` +
      `is:\n${words}\nIf it is right, run 'deno task bank approvals approve ${proposal}'`,
  );
}

const proposalOf = (line: string): { proposal: string; operator: string; command: string } =>
  JSON.parse(line);
