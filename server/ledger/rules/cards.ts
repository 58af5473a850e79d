/**
 * Cards: issued and revoked by operators, used to log in with a PIN. A customer has one at most.
 * Each use is counted, for the card over all terminals, in a commit before the PIN is checked.
 */
import { type Card, type Customer, terminalSource } from "../model.ts";
import type { Administer, CardLogIn, SetPin } from "../command.ts";
import { type Answer, type Batch, failed, failuresOf } from "./batch.ts";
import { countTry, forgetTries, isCardBlocked } from "./card_tries.ts";
import { admit } from "./log_in.ts";
import { oneMore, remembered, terminalPatience, waitMs } from "./throttle.ts";

type Asked<Op extends Administer["op"]> = Extract<Administer, { op: Op }>;

export function issueCard(batch: Batch, command: Asked<"issue_card">): Answer {
  const { username, cardHash: hash, operator } = command;
  const { books, timeMs } = batch;
  const customer = books.customer(username);
  // Repeated, since the first answer was lost: no other command has this number.
  if (customer?.card?.hash === hash) return { outcome: "ok" };
  const outcome = !customer ? "unknown_name" : customer.card ? "has_card" : "ok";
  batch.log(`operator ${operator}`, failed(`issue a card to ${username}`, outcome), { outcome });
  if (outcome !== "ok") return { outcome };
  books.setCard(username, { hash, sinceMs: timeMs, pinHash: null });
  forgetTries(batch, username);
  return { outcome };
}

/** Ends a card for good, and the customer's visits with it. */
export function revokeCard(batch: Batch, command: Asked<"revoke_card">): Answer {
  const { username, operator } = command;
  const customer = batch.books.customer(username);
  const outcome = !customer ? "unknown_name" : !customer.card ? "no_card" : "ok";
  const action = failed(`revoke the card of ${username}`, outcome);
  batch.log(`operator ${operator}`, action, { outcome });
  if (outcome !== "ok") return { outcome };
  batch.books.setCard(username, null);
  batch.books.raisePasswordVersion(username);
  return { outcome };
}

/**
 * Begins a log-in, which counts it, or ends it. Refuses with the first of: `throttled` ·
 * `card_blocked` · `pin_not_set`; in the end `card_blocked` for the last wrong PIN, and otherwise
 * `wrong_credentials`, also for a card that the bank does not have.
 */
export function cardLogIn(batch: Batch, command: CardLogIn): Answer {
  const { username, cardHash, terminal } = command;
  const customer = batch.books.customer(username);
  const card = customer?.card?.hash === cardHash ? customer.card : undefined;
  const log = (outcome: Answer["outcome"]) =>
    batch.log(
      card ? username : `unknown ${cardHash.slice(0, 16)}`,
      failed("log in with a card", outcome),
      { kind: "log-in", outcome, terminal: batch.terminalName(terminal) },
    );
  if (command.op === "begin_card_log_in") return begin(batch, command, customer, card, log);
  const passed = command.passed && !!card && command.passwordVersion === customer!.passwordVersion;
  const outcome = passed
    ? "ok"
    : card && isCardBlocked(batch, username)
    ? "card_blocked"
    : "wrong_credentials";
  log(outcome);
  if (outcome !== "ok") return { outcome };
  forgetTries(batch, username);
  const here = failuresOf(batch, terminalSource(terminal));
  const count = Math.max(0, remembered(here, terminalPatience, batch.steadyMs) - 1);
  batch.books.setFailures({ ...here, count });
  return admit(batch, command);
}

function begin(
  batch: Batch,
  { username, terminal }: CardLogIn,
  customer: Customer | undefined,
  card: Card | undefined,
  log: (outcome: Answer["outcome"]) => void,
): Answer {
  const { books, steadyMs } = batch;
  if (books.restoring) return { outcome: "try_later" }; // until the terminals have retold
  const here = failuresOf(batch, terminalSource(terminal));
  const retryAfterMs = waitMs(here, terminalPatience, steadyMs);
  const outcome = retryAfterMs > 0
    ? "throttled"
    : card && isCardBlocked(batch, username)
    ? "card_blocked"
    : card && card.pinHash === null
    ? "pin_not_set"
    : "ok";
  if (outcome !== "ok") {
    log(outcome);
    return outcome === "throttled" ? { outcome, retryAfterMs } : { outcome };
  }
  books.setFailures(oneMore(here, terminalPatience, steadyMs));
  if (!card) return { outcome, passwordHash: null, passwordVersion: 0 };
  countTry(batch, username);
  const { passwordVersion } = customer!;
  return { outcome, passwordHash: card.pinHash, passwordVersion };
}

/** Sets the PIN of a card, in a visit that began with the password, and ends all other visits. */
export function setPin(batch: Batch, { username, terminal, pinHash, refused }: SetPin): Answer {
  const { books } = batch;
  const card = books.customer(username)?.card;
  const outcome = !card ? "no_card" : refused ?? "ok";
  const facts = { kind: "log-in", outcome, terminal: batch.terminalName(terminal) } as const;
  batch.log(username, failed("set the PIN", outcome), facts);
  if (outcome !== "ok") return { outcome };
  books.setCard(username, { ...card!, pinHash });
  const { passwordVersion } = books.raisePasswordVersion(username);
  return { outcome, passwordVersion };
}
