/**
 * The least plaintext of each kind of record: as much as the longest message of its kind takes, so that
 * its length reveals the kind and nothing else. PROTOCOL.md has the exceptions.
 */
import type { Ask, Operation } from "./message.ts";

type Lengths = Partial<Record<Operation, number>>;

/** Requests with what a person types, in any script; all others fit into the first size class. */
const requests: Lengths = { log_in: 608, history: 608, change_password: 896 };

/** A device's status has some 320 bytes. */
const withStatus = 608;

/** Answers with accounts, a token, a receipt, days or entries. */
const answers: Lengths = {
  log_in: 2_048,
  log_in_with_card: 2_048,
  authorise: 896,
  receipt: 2_048,
  balance: 8_192,
  history: 16_384,
};
/** All other answers, and pushes: a transfer's, with its voucher, is the longest. */
const otherAnswers = 608;
/** A page of history with each entry's sealed form. */
const sealedPage = 65_536;

export function requestPlaintextBytesMin(ask: Ask): number {
  if ("status" in ask && ask.status !== undefined) return withStatus;
  return requests[ask.op] ?? 0;
}

/** @param ask the request that is answered; none for a push */
export function answerPlaintextBytesMin(ask?: Ask): number {
  if (ask === undefined) return otherAnswers;
  if (ask.op === "history" && ask.sealed) return sealedPage;
  return answers[ask.op] ?? otherAnswers;
}
