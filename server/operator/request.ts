/** The requests that come through the operator's socket, their answers, and what handles each. */
import { UsageError } from "../../lib/errors.ts";
import {
  operatorCommandFrom,
  type OperatorCommandName,
  type OperatorRequest,
} from "../../lib/operator_commands.ts";
import { isName } from "../../lib/terminal_key.ts";
import type { Bank } from "../bank.ts";

/**
 * Returns the request that came through the socket.
 * @throws {UsageError} when it is anything else
 */
export function operatorRequestOf(value: unknown): OperatorRequest {
  const { operator, ...fields } = (value ?? {}) as Record<string, unknown>;
  const command = operatorCommandFrom(fields);
  if (command !== null && typeof operator === "string" && isName(operator)) {
    return { ...command, operator };
  }
  throw new UsageError("the server does not understand this command: is it of another version?");
}

/** The bank refused the command for good: nothing of it happened. */
export class CommandRefused extends UsageError {
  override name = "CommandRefused";
}

/** One piece of an answer. */
export type OperatorAnswer =
  /** A line for the operator. */
  | { line: string }
  /** The text of a terminal's key file. Nothing is done until the next piece is asked for. */
  | { keyFile: string }
  /** How many rows have been checked, of how many, about. */
  | { checked: number; of: number }
  /** What was checked is bad: why. */
  | { bad: string }
  /**
   * Lines of the sealed log, and how many there are in all; after the last of them, what is wrong with
   * rows of the log that are not among them.
   */
  | { lines: string[]; of: number; stray?: string }
  /** The text of a checkpoint's file. */
  | { checkpoint: string }
  /** A file in the bank's folder, which the operator's program moves to where it is wanted. */
  | { fetch: string };

/** An answer, piece by piece. */
export type Answers = AsyncGenerator<OperatorAnswer, void, void>;

/**
 * What each of these commands does.
 * @param signal ends a command that would go on for ever
 */
export type Handlers<Name extends OperatorCommandName> = {
  readonly [Each in Name]: (
    bank: Bank,
    request: Extract<OperatorRequest, { command: Each }>,
    signal: AbortSignal,
  ) => Answers;
};
