import type { Answer, Ask } from "../lib/protocol/message.ts";
import { type BankClient, NoAnswer } from "./bank_client.ts";

/** Asks the bank; null when there is no answer. */
export function ask(bank: BankClient, question: Ask): Promise<Answer | null> {
  return bank.ask(question).catch(noAnswer);
}

/** Turns the error of a request without an answer into null. */
export function noAnswer(error: unknown): null {
  if (error instanceof NoAnswer) return null;
  throw error;
}
