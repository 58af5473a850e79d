/**
 * A terminal's key file on the operator's side. It is on disk, as `FILE.pending`, before the bank gets
 * the command, and stays until the outcome is known: a key that was lost would be lost with its
 * terminal's name.
 */
import { UsageError } from "../../lib/errors.ts";
import { isThere, readPrivateFile, writePrivateFile } from "../../lib/private_file.ts";
import type { Files } from "../../lib/world.ts";
import { OutcomeUnknown } from "../ledger/ledger.ts";
import { CommandRefused, type OperatorAnswer } from "./request.ts";

const pendingPath = (out: string): string => `${out}.pending`;

/**
 * Gives a terminal a key that is carried to it; returns lines for the operator. Goes on with the key of
 * a command whose outcome stayed unknown, which the bank takes once.
 * @param ask gives the command, with the text of such a key file; the bank waits with a new key until
 *   the next answer is asked for
 * @throws {UsageError} when it is refused, or its outcome is unknown
 */
export async function carryKey(
  files: Files,
  out: string,
  ask: (key: string | undefined) => AsyncIterable<OperatorAnswer>,
): Promise<string[]> {
  const pending = pendingPath(out);
  if (isThere(files, out)) {
    throw new UsageError(`${out} is there already: move it away, or choose another`);
  }
  const key = isThere(files, pending)
    ? readPrivateFile(files, pending, "it may be the key of a terminal that the bank has")
    : undefined;
  const lines: string[] = [];
  try {
    for await (const answer of ask(key)) {
      if ("line" in answer) lines.push(answer.line);
      else if ("keyFile" in answer && key === undefined) {
        writePrivateFile(files, pending, answer.keyFile);
      }
    }
  } catch (error) {
    if (error instanceof CommandRefused && isThere(files, pending)) files.remove(pending);
    throw isThere(files, pending) ? withAdvice(error, pending) : error;
  }
  files.rename(pending, out);
  return [`its key is in ${out}: bring that file to the ATM, and to nobody else`, ...lines];
}

function withAdvice(error: unknown, pending: string): Error {
  const message = `${(error as Error).message}\n` +
    `${pending} stays, since the bank may have its key. Run the same command again: it goes on with ` +
    "that key, whether the bank has it or not. 'deno task bank terminal list' shows which it has.";
  return error instanceof UsageError || error instanceof OutcomeUnknown
    ? new UsageError(message)
    : new Error(message, { cause: error });
}
