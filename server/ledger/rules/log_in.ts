/** Log-ins, counted before the password is checked, and entries that change nothing but the log. */
import type { Outcome } from "../../../lib/errors.ts";
import { knownTerminalMsMax, knownTerminalsMax } from "../../../lib/limits.ts";
import {
  customerPatience,
  everywherePatience,
  oneMore,
  type Patience,
  remembered,
  terminalPatience,
  waitMs,
} from "./throttle.ts";
import {
  type Customer,
  customerAtSource,
  customerSource,
  type Failures,
  type KnownTerminal,
  type OneTime,
  terminalSource,
} from "../model.ts";
import type { CardLogIn, LogCommand, LogIn } from "../command.ts";
import { type Answer, type Batch, failed, failuresOf } from "./batch.ts";
import { dayOutOf } from "./bounds.ts";
import { forgetTries } from "./card_tries.ts";

export function logIn(batch: Batch, command: LogIn): Answer {
  const { username, nameHash, terminal } = command;
  const customer = batch.books.customer(username);
  const attempt = { username, nameHash, terminal };
  const log = (action: string, outcome: Outcome) =>
    batch.log(customer ? username : `unknown ${nameHash.slice(0, 16)}`, failed(action, outcome), {
      kind: "log-in",
      outcome,
      terminal: batch.terminalName(terminal),
    });
  if (command.op === "begin_log_in") {
    if (batch.books.restoring) return { outcome: "try_later" }; // until the terminals have retold
    const retryAfterMs = mustWaitMs(batch, attempt);
    if (retryAfterMs > 0) {
      log("log in", "throttled");
      return { outcome: "throttled", retryAfterMs };
    }
    countAttempt(batch, attempt);
    return { outcome: "ok", ...checkedAgainst(customer) };
  }
  const isSame = command.passwordVersion === customer?.passwordVersion;
  if (command.passed && customer && !isSame) {
    // Changed since it was checked, by a new password, PIN or card: what was right may still be.
    log("log in", "try_later");
    return { outcome: "try_later" };
  }
  const isRight = command.passed && isSame;
  const { passed, how } = judgePassword(batch, customer, isRight);
  log(`log in${how}`, passed ? "ok" : "wrong_credentials");
  if (!passed) return { outcome: "wrong_credentials" };
  forgetAttempt(batch, attempt);
  forgetTries(batch, username);
  const { card, oneTime } = customer!;
  return {
    ...admit(batch, command),
    ...(oneTime && { oneTime: true }),
    ...(card && { card: card.pinHash === null ? "without_pin" : "with_pin" }),
  };
}

/** Begins a visit at a terminal, which is known from then on; returns what the visit needs. */
export function admit(
  batch: Batch,
  command: Extract<LogIn | CardLogIn, { passed: boolean }>,
): Answer {
  const { username, terminal, connection } = command;
  knowTerminal(batch, command);
  if (connection !== undefined) batch.books.setLineVisit({ terminal, connection, username });
  const accounts = batch.books.accountsOf("customer", username);
  const usable = accounts.filter(({ state }) => state !== "closed");
  // The first usable one; a closed one if there is no other.
  const account = usable[0] ?? accounts[0];
  const cash = batch.books.accountOf("terminal", terminal);
  const { displayName } = batch.books.customer(username)!;
  return {
    ...{ outcome: "ok", account, accounts: usable, day: batch.day },
    cash: cash && dayOutOf(cash),
    ...(displayName !== undefined && { displayName }),
  };
}

/**
 * Returns whether a password is accepted, and how it is logged: a one-time password expires, also
 * within a visit that began earlier or with a card.
 */
export function judgePassword(
  batch: Batch,
  customer: Customer | undefined,
  isRight: boolean,
): { passed: boolean; how: string } {
  const oneTime = customer?.oneTime ?? null;
  if (!isRight || oneTime === null) return { passed: isRight, how: "" };
  const hasEnded = isOver(batch, oneTime);
  return { passed: !hasEnded, how: ` with ${hasEnded ? "an expired" : "a"} one-time password` };
}

/** Returns whether a one-time password is invalid: after its time, or once the bank's time was set back. */
function isOver({ timeMs, setBacks }: Batch, oneTime: OneTime): boolean {
  return timeMs >= oneTime.untilMs || setBacks !== oneTime.setBacks;
}

/** Returns the hash against which a password is checked. */
export function checkedAgainst(
  customer: Customer | undefined,
): Pick<Answer, "passwordHash" | "passwordVersion"> {
  const { passwordHash = null, passwordVersion = 0 } = customer ?? {};
  return { passwordHash, passwordVersion };
}

/** The username and terminal of an attempt. */
type Attempt = Pick<LogIn, "username" | "nameHash" | "terminal">;

interface Counter {
  failures: Failures;
  patience: Patience;
}

/** Returns the counters that delay an attempt, and count it. */
function countersOf(batch: Batch, attempt: Attempt): Record<string, Counter> {
  const { books, timeMs } = batch;
  const { username, nameHash, terminal } = attempt;
  const known = books.customer(username)?.knownTerminals ?? [];
  const isKnown = known.some((each) => each.terminal === terminal && isRecent(each, timeMs));
  const counter = (source: string, patience: Patience): Counter => ({
    failures: failuresOf(batch, source),
    patience,
  });
  return {
    here: counter(customerAtSource(nameHash, terminal), customerPatience),
    terminal: counter(terminalSource(terminal), terminalPatience),
    ...(!isKnown && { everywhere: counter(customerSource(nameHash), everywherePatience) }),
  };
}

const isRecent = ({ lastMs }: KnownTerminal, nowMs: number) => nowMs - lastMs < knownTerminalMsMax;

/** Returns the delay before a password may be tried again; 0 for none. */
export function mustWaitMs(batch: Batch, attempt: Attempt): number {
  return Math.max(
    ...Object.values(countersOf(batch, attempt)).map(({ failures, patience }) =>
      waitMs(failures, patience, batch.steadyMs)
    ),
  );
}

/** Counts an attempt before its password is checked, so that many at once gain nothing. */
export function countAttempt(batch: Batch, attempt: Attempt): void {
  for (const { failures, patience } of Object.values(countersOf(batch, attempt))) {
    batch.books.setFailures(oneMore(failures, patience, batch.steadyMs));
  }
}

/**
 * Clears the customer's failures here after a correct password, and removes this attempt from the
 * other counters.
 */
export function forgetAttempt(batch: Batch, attempt: Attempt): void {
  const { here, ...others } = countersOf(batch, attempt);
  batch.books.setFailures({ ...here!.failures, count: 0 });
  for (const { failures, patience } of Object.values(others)) {
    const count = Math.max(0, remembered(failures, patience, batch.steadyMs) - 1);
    batch.books.setFailures({ ...failures, count });
  }
}

/** Adds the terminal of a log-in to the known ones, of which the latest are kept. */
function knowTerminal(
  { books, timeMs }: Batch,
  { username, terminal }: Pick<Attempt, "username" | "terminal">,
): void {
  const others = books.customer(username)!.knownTerminals.filter((each) =>
    each.terminal !== terminal && isRecent(each, timeMs)
  );
  const known = [{ terminal, lastMs: timeMs }, ...others].slice(0, knownTerminalsMax);
  books.setKnownTerminals(username, known);
}

export function logOnly(
  batch: Batch,
  { who, action, kind, outcome, terminal, leaves }: LogCommand,
): Answer {
  if (terminal && leaves !== undefined) {
    batch.books.setLineVisit({ terminal, connection: leaves, username: "" });
  }
  const at = terminal ? batch.terminalName(terminal) : "";
  batch.log(who, failed(action, outcome), { kind, outcome, terminal: at });
  return { outcome: "ok" };
}
