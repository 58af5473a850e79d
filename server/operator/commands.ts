/** Runs an operator's command, in a running server or without one. */
import { UsageError } from "../../lib/errors.ts";
import { proposalMsMax } from "../../lib/limits.ts";
import {
  mayGive,
  operatorCommandFrom,
  type OperatorCommandName,
  type OperatorRequest,
} from "../../lib/operator_commands.ts";
import type { Bank } from "../bank.ts";
import { type Command, endEntry } from "../ledger/command.ts";
import { whyInWords } from "../ledger/faults.ts";
import { rehearse } from "../ledger/rehearse.ts";
import { accountCommands } from "./accounts.ts";
import { auditCommands } from "./audit.ts";
import { bookCommands } from "./books.ts";
import { cardCommands } from "./cards.ts";
import { customerPageCommands } from "./customer_pages.ts";
import { customerCommands } from "./customers.ts";
import { deviceCommands } from "./devices.ts";
import { correctionCommands } from "./corrections.ts";
import { holdCommands } from "./holds.ts";
import { limitCommands } from "./limits.ts";
import { findPendingKey } from "./pending_key.ts";
import { receiptCommands } from "./receipts.ts";
import { type Answers, CommandRefused, type Handlers } from "./request.ts";
import { searchCommands } from "./search_log.ts";
import { staffCommands } from "./staff.ts";
import { statusCommands } from "./status.ts";
import { terminalCommands } from "./terminals.ts";
import { terminalStoryCommands } from "./terminal_story.ts";
import { watchCommands } from "./watch.ts";
import { notOpenInWords, presentState } from "./words.ts";

const handlers: Handlers<OperatorCommandName> = {
  ...terminalCommands,
  ...deviceCommands,
  ...accountCommands,
  ...limitCommands,
  ...holdCommands,
  ...bookCommands,
  ...auditCommands,
  ...searchCommands,
  ...receiptCommands,
  ...statusCommands,
  ...customerCommands,
  ...customerPageCommands,
  ...cardCommands,
  ...staffCommands,
  ...watchCommands,
  ...terminalStoryCommands,
  ...correctionCommands,
  approve,
};

/**
 * Runs a command. The log has every command under its operator's name, including refused ones.
 * @param signal ends a command that would otherwise continue
 * @param signed the operator's signed request, for the log
 * @param signer the operator whose key and role were checked
 * @throws {UsageError} if it is refused, with the reason
 */
export async function* runOperatorCommand(
  bank: Bank,
  request: OperatorRequest,
  signal: AbortSignal = new AbortController().signal,
  { signed, signer }: Pick<Command, "signed" | "signer"> = {},
): Answers {
  let why: string | null = null;
  let isKept = true;
  // What changes something has its entry in the change's own commit.
  let isLogged = false;
  const watched = withSubmit(bank, async (command) => {
    isLogged = command.op === "log"; // it waits while nothing can be committed
    const reply = await bank.ledger.submit({ ...command, signed, signer });
    isLogged = reply.logged !== undefined;
    if (reply.outcome === "money_stopped") throw await moneyStopped(bank, request);
    return reply;
  });
  try {
    for await (const answer of answersTo(watched, request, signal)) {
      isKept = !("keyFile" in answer);
      yield answer;
      isKept = true;
    }
  } catch (error) {
    why = whyInWords(error as Error);
    throw error;
  } finally {
    if (!isKept) why = "its key file was not kept";
    if (!isLogged) await logAction(watched, request, why);
  }
}

/** Returns the refusal of a command that moves money while the clock is in doubt. */
async function moneyStopped({ ledger }: Bank, { command }: OperatorRequest): Promise<UsageError> {
  const { doubt } = await ledger.clockState();
  return new UsageError(
    `nothing was done, since no money moves: ${doubt ?? "the clock was in doubt"}. ` +
      "'deno task bank clock' shows the clocks. Give the command again once the clock is right" +
      (command === "approve" ? ". The proposal is still open" : ""),
  );
}

/** Returns the bank with another `submit` of its ledger. */
function withSubmit(bank: Bank, submit: Bank["ledger"]["submit"]): Bank {
  const ledger = new Proxy(bank.ledger, {
    get(target, name) {
      if (name === "submit") return submit;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return new Proxy(bank, {
    get: (target, name) => name === "ledger" ? ledger : Reflect.get(target, name, target),
  });
}

/**
 * Runs a command up to what it submits to the ledger, which is not done, and drops its key file.
 * Returns whether it would change anything.
 * @throws {UsageError} if it is refused, or the ledger would refuse it now other than for a time
 */
export async function rehearseCommand(bank: Bank, request: OperatorRequest): Promise<boolean> {
  let changes = true;
  const stop = new Error("the rehearsal ends here");
  const rehearsed = withSubmit(bank, async (command) => {
    const { read } = bank.ledger;
    const { outcome, isChange } = await rehearse(read, command, bank.world.nowMs());
    // The rules confirm a clock again, whether it is in doubt or not.
    const isConfirmed = command.op === "confirm_clock" &&
      (await bank.ledger.clockState()).doubt === null;
    changes = outcome !== "ok" || (isChange && !isConfirmed);
    if (outcome === "ok" || outcome === "try_later") throw stop;
    return { outcome, timeMs: 0 };
  });
  try {
    await Array.fromAsync(answersTo(rehearsed, request, new AbortController().signal));
  } catch (error) {
    if (error !== stop) throw error;
  }
  return changes;
}

/**
 * Runs the command of a proposal that another operator has made. Where an earlier approval with the
 * same key file got no answer, it ends that one.
 */
async function* approve(
  bank: Bank,
  request: Extract<OperatorRequest, { command: "approve" }>,
  signal: AbortSignal,
): Answers {
  let { key } = request;
  try {
    for await (const answer of approveOpen(bank, request, signal)) {
      if ("keyFile" in answer) key = answer.keyFile;
      yield answer;
    }
  } catch (error) {
    if (!(error instanceof ProposalOver) || key === undefined) throw error;
    const { words, state } = await findPendingKey(bank, key);
    if (state !== "had") throw error;
    yield { keyFile: key };
    yield { line: `proposal ${request.proposal} is over, and the bank has ${words}` };
  }
}

/** The proposal is not open, or has ended without effect. */
class ProposalOver extends CommandRefused {}

async function* approveOpen(
  bank: Bank,
  { proposal: id, key, operator }: Extract<OperatorRequest, { command: "approve" }>,
  signal: AbortSignal,
): Answers {
  const { operators, proposals } = await bank.ledger.read.staff();
  const proposal = proposals.find((each) => each.id === id);
  if (!proposal) throw notOpen(id);
  const command = operatorCommandFrom(JSON.parse(proposal.command))!;
  if (proposal.operator === operator) {
    throw new CommandRefused("a second operator has to approve this. Ask another one");
  }
  for (const who of [proposal.operator, operator]) {
    const found = operators.find(({ name }) => name === who);
    if (found && mayGive(found.role, command.command)) continue;
    throw new CommandRefused(`nothing was approved: ${who} has no role for this now`);
  }
  const approval = { proposal: id, lapseMs: proposalMsMax };
  const approved = withSubmit(bank, async (submitted) => {
    const reply = await bank.ledger.submit({ ...submitted, approval });
    if (reply.outcome === "not_open") throw notOpen(id);
    if (reply.outcome === "changed_nothing") {
      throw new ProposalOver(
        `nothing was done, and the proposal is ended: ${presentState(command)}`,
      );
    }
    return reply;
  });
  const carried = key === undefined ? {} : { key };
  const request = { ...command, operator, approved: id, ...carried } as OperatorRequest;
  yield* answersTo(approved, request, signal);
}

const notOpen = (id: string) =>
  new ProposalOver(`proposal ${id} was not approved: ${notOpenInWords}`);

/** Logs a command that has no entry, and why it was refused; null if it was not. */
export async function logAction(
  bank: Pick<Bank, "ledger">,
  { command, operator }: OperatorRequest,
  why: string | null,
): Promise<void> {
  await bank.ledger.submit(endEntry(operator, command.replaceAll("_", " "), why));
}

type Handler = (bank: Bank, request: OperatorRequest, signal: AbortSignal) => Answers;

function answersTo(bank: Bank, request: OperatorRequest, signal: AbortSignal): Answers {
  return (handlers[request.command] as Handler)(bank, request, signal);
}
