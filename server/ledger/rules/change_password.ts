/**
 * Changes a customer's password: counted and checked as a log-in is, so that guessing the old one
 * is no easier.
 */
import type { ChangePassword } from "../command.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import {
  checkedAgainst,
  countAttempt,
  forgetAttempt,
  judgePassword,
  mustWaitMs,
} from "./log_in.ts";

/**
 * Changes it, or refuses with the first of: `throttled` · `wrong_credentials` · the fault of the
 * new one.
 */
export function changePassword(batch: Batch, command: ChangePassword): Answer {
  const { username, terminal } = command;
  const customer = batch.books.customer(username);
  const log = (outcome: Answer["outcome"], how = "") =>
    batch.log(username, failed(`change password${how}`, outcome), {
      kind: "log-in",
      outcome,
      terminal: batch.terminalName(terminal),
    });
  if (command.op === "begin_password_change") {
    const retryAfterMs = mustWaitMs(batch, command);
    if (retryAfterMs > 0) {
      log("throttled");
      return { outcome: "throttled", retryAfterMs };
    }
    countAttempt(batch, command);
    return { outcome: "ok", ...checkedAgainst(customer) };
  }
  const { refused, passwordHash } = command;
  const { passed, how } = judgePassword(batch, customer, command.passed);
  const outcome = !passed ? "wrong_credentials" : refused ?? "ok";
  log(outcome, how);
  if (outcome === "wrong_credentials") return { outcome };
  forgetAttempt(batch, command);
  if (outcome !== "ok") return { outcome };
  const { passwordVersion } = batch.books.raisePasswordVersion(username, {
    passwordHash,
    oneTime: null,
  });
  return { outcome, passwordVersion };
}
