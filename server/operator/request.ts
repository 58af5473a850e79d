/** The requests on the operator's socket, their answers, and the types of their handlers. */
import { fromHex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import {
  type OperatorCommand,
  operatorCommandFrom,
  type OperatorCommandName,
  type OperatorRequest,
} from "../../lib/operator_commands.ts";
import { isName } from "../../lib/terminal_key.ts";
import type { Bank } from "../bank.ts";
import { isPasswordHash } from "../credentials/passwords.ts";
import type { SignedRequest } from "./signed_request.ts";

/**
 * Checks a request received from the socket.
 * @throws {UsageError} if it is anything else
 */
export function signedRequestOf(value: unknown): SignedRequest {
  const { operator, signature, ...fields } = (value ?? {}) as Record<string, unknown>;
  const command = operatorCommandFrom(fields);
  if (
    command !== null && typeof operator === "string" && isName(operator) &&
    typeof signature === "string" && hasGoodHash(command)
  ) return { command, operator, signature };
  throw new UsageError("the server does not have this command. Use the same version for both");
}

/** Returns whether a new customer's password, or a card's number, is a hash. */
function hasGoodHash(command: OperatorCommand): boolean {
  if (command.command === "issue_card") return fromHex(command.numberHash, 32) !== null;
  return command.command !== "add_customer" || isPasswordHash(command.passwordHash);
}

/** The bank refused the command finally: it had no effect. */
export class CommandRefused extends UsageError {
  override name = "CommandRefused";
}

/** The command may have had an effect, or may have it later. */
export class CommandUnsure extends UsageError {
  override name = "CommandUnsure";
}

/** One piece of an answer. */
export type OperatorAnswer =
  /** A line for the operator. */
  | { line: string }
  /**
   * The id of the proposal that the command has become: it was not executed, and waits for a second
   * operator. A line about it follows.
   */
  | { proposal: string }
  /** More rows follow: the place from which the next page is read. */
  | { next: string }
  /** Lines that replace those of the last screen. */
  | { screen: string }
  /** The text of a terminal's key file. Nothing is changed until the next piece is requested. */
  | { keyFile: string }
  /** The number of rows checked, and the estimated total. */
  | { checked: number; of: number }
  /** The bytes copied, and their total. */
  | { copied: number; of: number }
  /** The fault that a check has found. */
  | { bad: string }
  /**
   * Lines of the sealed log, and their total; after the last of them, the fault of rows that are
   * not among them.
   */
  | { lines: string[]; of: number; stray?: string }
  /** The text of a checkpoint's file. */
  | { checkpoint: string }
  /** The text of a receipt's or a proof's file. */
  | { receipt: string }
  /**
   * A file in the bank's folder, which the operator's program moves to its destination before the next
   * piece is requested; or the destination.
   */
  | { fetch: string };

/** Whether the operator's program has to confirm that it has kept a piece of an answer. */
export const isToBeKept = (answer: object) => "keyFile" in answer || "fetch" in answer;

/** An answer, piece by piece. */
export type Answers = AsyncGenerator<OperatorAnswer, void, void>;

/**
 * The handlers of commands.
 * @param signal ends a command that would otherwise continue
 */
export type Handlers<Name extends OperatorCommandName> = {
  readonly [Each in Name]: (
    bank: Bank,
    request: Extract<OperatorRequest, { command: Each }>,
    signal: AbortSignal,
  ) => Answers;
};
