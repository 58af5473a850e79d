/** Answers an operator whose command the database's fault delays or fails: the answer names the fault. */
import { UsageError } from "../../lib/errors.ts";
import { operatorFaultMsMax } from "../../lib/limits.ts";
import { pause } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import { causeInWords } from "../ledger/faults.ts";
import { OutcomeUnknown } from "../ledger/ledger.ts";
import { type Answers, CommandRefused, CommandUnsure, type OperatorAnswer } from "./request.ts";

/** A bank with the present fault of its database. */
export type FaultyBank = Pick<Bank, "world"> & { ledger: Pick<Bank["ledger"], "fault"> };

/**
 * Passes a command's answers on.
 * @throws {UsageError} naming the fault, if the disk fails the command or nothing can be committed:
 * when the command fails, or after a bounded time
 */
export async function* namingFaults(bank: FaultyBank, answers: Answers): Answers {
  let isAbandoned = false;
  try {
    for (;;) {
      const next = answers.next();
      const result = await beforeFault(bank, next);
      if (result === null) {
        isAbandoned = true; // the command continues without a reader
        next.then(() => answers.return()).catch(() => {});
        throw new CommandUnsure(
          `no answer within ${operatorFaultMsMax / 1_000} s: ${bank.ledger.fault}. The command ` +
            "may be executed then: check before you repeat it",
        );
      }
      if (result.done) return;
      yield result.value;
    }
  } catch (error) {
    const fault = bank.ledger.fault ?? faultOf(error as Error);
    const isFinal = error instanceof CommandRefused || error instanceof OutcomeUnknown;
    if (isAbandoned || isFinal || fault === null) throw error;
    const [message, exitCode] = error instanceof UsageError
      ? [error.message, error.exitCode]
      : ["the command failed", 1 as const];
    throw new CommandUnsure(`${message}: ${fault}`, exitCode);
  } finally {
    if (!isAbandoned) await answers.return();
  }
}

/** Returns the fault of the disk that an error is about, in words; null for a refusal. */
function faultOf(error: Error): string | null {
  const cause = error instanceof UsageError ? null : causeInWords(error.message);
  return cause && `${cause} (${error.message})`;
}

/** Returns the next answer; null if a fault delays it for too long. */
async function beforeFault(
  { world, ledger }: FaultyBank,
  next: Promise<IteratorResult<OperatorAnswer, void>>,
): Promise<IteratorResult<OperatorAnswer, void> | null> {
  const answered = new AbortController();
  try {
    for (;;) {
      const late = pause(world, operatorFaultMsMax, answered.signal).then(() => null);
      const result = await Promise.race([next, late]);
      if (result !== null || ledger.fault !== null) return result;
    }
  } finally {
    answered.abort();
  }
}
