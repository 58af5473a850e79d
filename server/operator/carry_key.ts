/**
 * The key file of a terminal or of its device on the operator's side. It is written as `FILE.pending` before the bank
 * gets the command, and stays until the outcome is known, since a lost key would make the
 * name unusable.
 */
import { isOfDevice } from "../../lib/device_keys.ts";
import { UsageError } from "../../lib/errors.ts";
import { isThere, readPrivateFile, writePrivateFile } from "../../lib/private_file.ts";
import type { Files } from "../../lib/world.ts";
import { OutcomeUnknown } from "../ledger/ledger.ts";
import { CommandRefused, type OperatorAnswer } from "./request.ts";

const pendingPath = (out: string): string => `${out}.pending`;

/**
 * Runs a command whose key the operator copies to the terminal; returns lines for the operator, and
 * whether the command waits for a second one.
 * Continues with the key of an earlier command with an unknown outcome; the bank accepts that key
 * once.
 * @param ask sends the command, with the text of such a key file; the bank waits with a new key
 * until
 *   the next answer is requested
 * @throws {UsageError} if it is refused, or its outcome is unknown
 */
export async function carryKey(
  files: Files,
  out: string,
  ask: (key: string | undefined) => AsyncIterable<OperatorAnswer>,
): Promise<{ lines: string[]; isProposed: boolean }> {
  const pending = pendingPath(out);
  if (isThere(files, out)) {
    throw new UsageError(`${out} already exists. Move it, or choose another path`);
  }
  const key = isThere(files, pending)
    ? readPrivateFile(files, pending, "it may have a key that the bank has stored")
    : undefined;
  const lines: string[] = [];
  let answered: string | undefined;
  let isProposed = false;
  try {
    for await (const answer of ask(key)) {
      if ("line" in answer) lines.push(answer.line);
      else if ("proposal" in answer) isProposed = true;
      else if ("keyFile" in answer) {
        if (key === undefined) writePrivateFile(files, pending, answer.keyFile);
        answered = answer.keyFile;
      }
    }
  } catch (error) {
    const isRefused = error instanceof CommandRefused;
    // No other command has had the key that this one made.
    if (isRefused && key === undefined && answered !== undefined) files.remove(pending);
    if (!isThere(files, pending)) throw error;
    throw isRefused ? withKept(error, pending) : withAdvice(error, pending);
  }
  if (answered !== undefined) {
    files.rename(pending, out);
    const holder = isOfDevice(answered) ? "device's service" : "ATM";
    lines.unshift(`its key is in ${out}: copy it to the ${holder} only`);
  } else if (isThere(files, pending)) {
    lines.push(`this command made no key: ${pending} is of another one, and is kept`);
  }
  return { lines, isProposed };
}

function withKept({ message }: CommandRefused, pending: string): CommandRefused {
  return new CommandRefused(
    `${message}\n${pending} is kept. If the bank has its key, rename the file: it is the only ` +
      "copy. Otherwise move it away, or choose another --out",
  );
}

function withAdvice(error: unknown, pending: string): Error {
  const message = `${(error as Error).message}\n` +
    `${pending} is kept, since the bank may have its key. Run the same command again: it continues with ` +
    "that key, whether the bank has it or not. 'deno task bank terminal list' shows which it has.";
  return error instanceof UsageError || error instanceof OutcomeUnknown
    ? new UsageError(message)
    : new Error(message, { cause: error });
}
