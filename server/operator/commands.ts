/** Runs an operator's command, in a running server or without one. */
import { UsageError } from "../../lib/errors.ts";
import { reasonLengthMax } from "../../lib/limits.ts";
import type { OperatorCommandName, OperatorRequest } from "../../lib/operator_commands.ts";
import type { Bank } from "../bank.ts";
import { logCommand } from "../ledger/command.ts";
import { accountCommands } from "./accounts.ts";
import { auditCommands } from "./audit.ts";
import { bookCommands } from "./books.ts";
import { customerCommands } from "./customers.ts";
import { holdCommands } from "./holds.ts";
import { limitCommands } from "./limits.ts";
import { receiptCommands } from "./receipts.ts";
import type { Answers, Handlers } from "./request.ts";
import { statusCommands } from "./status.ts";
import { terminalCommands } from "./terminals.ts";

const handlers: Handlers<OperatorCommandName> = {
  ...terminalCommands,
  ...accountCommands,
  ...limitCommands,
  ...holdCommands,
  ...bookCommands,
  ...auditCommands,
  ...receiptCommands,
  ...statusCommands,
  ...customerCommands,
};

/**
 * Runs a command. The log has every command under its operator's name, including refused ones.
 * @param signal ends a command that would otherwise continue
 * @throws {UsageError} if it is refused, with the reason
 */
export async function* runOperatorCommand(
  bank: Bank,
  request: OperatorRequest,
  signal: AbortSignal = new AbortController().signal,
): Answers {
  let why: string | null = null;
  let isKept = true;
  // What changes something has its entry in the change's own commit.
  let isLogged = false;
  const watched = withSubmit(bank, async (command) => {
    isLogged = false;
    const reply = await bank.ledger.submit(command);
    isLogged = reply.logged !== undefined;
    return reply;
  });
  try {
    for await (const answer of answersTo(watched, request, signal)) {
      isKept = !("keyFile" in answer);
      yield answer;
      isKept = true;
    }
  } catch (error) {
    why = error instanceof UsageError ? error.message : "an internal error of the server";
    throw error;
  } finally {
    if (!isKept) why = "its key file was not kept";
    if (!isLogged) await logAction(bank, request, why);
  }
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

async function logAction(
  bank: Bank,
  { command, operator }: OperatorRequest,
  why: string | null,
): Promise<void> {
  const reason = why?.replace(/\p{Cc}/gu, " ").slice(0, reasonLengthMax);
  const action = `${command.replaceAll("_", " ")}${reason ? ` (${reason})` : ""}`;
  const outcome = why === null ? "ok" : "bad_command";
  await bank.ledger.submit(logCommand(`operator ${operator}`, action, { outcome }));
}

type Handler = (bank: Bank, request: OperatorRequest, signal: AbortSignal) => Answers;

function answersTo(bank: Bank, request: OperatorRequest, signal: AbortSignal): Answers {
  return (handlers[request.command] as Handler)(bank, request, signal);
}
