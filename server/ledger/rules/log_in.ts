/** Log-ins, counted before the password is checked, and entries that change nothing but the log. */
import type { Outcome } from "../../../lib/errors.ts";
import { customerPatience, oneMore, remembered, terminalPatience, waitMs } from "./throttle.ts";
import { type Customer, customerSource, terminalSource } from "../model.ts";
import type { LogCommand, LogIn } from "../command.ts";
import { type Answer, type Batch, failed } from "./batch.ts";

export function logIn(batch: Batch, { op, username, nameHash, terminal, ...rest }: LogIn): Answer {
  const customer = batch.books.customer(username);
  const attempt = { nameHash, terminal };
  const log = (action: string, outcome: Outcome) =>
    batch.log(customer ? username : `unknown ${nameHash.slice(0, 16)}`, failed(action, outcome), {
      kind: "log-in",
      outcome,
      terminal: batch.terminalName(terminal),
    });
  if (op === "begin_log_in") {
    if (batch.books.restoring) return { outcome: "try_later" }; // until the terminals have retold
    const retryAfterMs = mustWaitMs(batch, attempt);
    if (retryAfterMs > 0) {
      log("log in", "throttled");
      return { outcome: "throttled", retryAfterMs };
    }
    countAttempt(batch, attempt);
    return { outcome: "ok", ...checkedAgainst(customer) };
  }
  const passed = "passed" in rest && rest.passed &&
    rest.passwordVersion === customer?.passwordVersion;
  log("log in", passed ? "ok" : "wrong_credentials");
  if (!passed) return { outcome: "wrong_credentials" };
  forgetAttempt(batch, attempt);
  const accounts = batch.books.accountsOf("customer", username);
  const usable = accounts.filter(({ state }) => state !== "closed");
  // The first that can be used; a closed one where there is no other.
  return { outcome: "ok", account: usable[0] ?? accounts[0], accounts: usable };
}

/** What a password is checked against. */
export function checkedAgainst(
  customer: Customer | undefined,
): Pick<Answer, "passwordHash" | "passwordVersion"> {
  const { passwordHash = null, passwordVersion = 0 } = customer ?? {};
  return { passwordHash, passwordVersion };
}

/** Whose password is tried, and where. */
type Attempt = Pick<LogIn, "nameHash" | "terminal">;

function failuresOf({ books }: Batch, { nameHash, terminal }: Attempt) {
  return {
    mine: books.failures(customerSource(nameHash)),
    its: books.failures(terminalSource(terminal)),
  };
}

/** How long until a password may be tried again; 0 for now. */
export function mustWaitMs(batch: Batch, attempt: Attempt): number {
  const { mine, its } = failuresOf(batch, attempt);
  return Math.max(
    waitMs(mine, customerPatience, batch.timeMs),
    waitMs(its, terminalPatience, batch.timeMs),
  );
}

/** Counts an attempt before its password is checked, so that many at once gain nothing. */
export function countAttempt(batch: Batch, attempt: Attempt): void {
  const { mine, its } = failuresOf(batch, attempt);
  batch.books.setFailures(oneMore(mine, customerPatience, batch.timeMs));
  batch.books.setFailures(oneMore(its, terminalPatience, batch.timeMs));
}

/** After a right password: clears the customer's failures, and takes this attempt from the terminal's. */
export function forgetAttempt(batch: Batch, attempt: Attempt): void {
  const { mine, its } = failuresOf(batch, attempt);
  batch.books.setFailures({ ...mine, count: 0 });
  const count = Math.max(0, remembered(its, terminalPatience, batch.timeMs) - 1);
  batch.books.setFailures({ ...its, count });
}

export function logOnly(
  batch: Batch,
  { who, action, kind, outcome, terminal }: LogCommand,
): Answer {
  const at = terminal ? batch.terminalName(terminal) : "";
  batch.log(who, failed(action, outcome), { kind, outcome, terminal: at });
  return { outcome: "ok" };
}
