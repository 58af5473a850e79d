import type { Answer, Ask } from "../lib/protocol/message.ts";
import { type BankClient, NoAnswer } from "./bank_client.ts";

/** Sends a request to the bank; returns null if there is no answer. */
export function ask(bank: BankClient, question: Ask): Promise<Answer | null> {
  return bank.ask(question).catch(noAnswer);
}

/** Returns null for the error of a request without an answer; rethrows any other. */
export function noAnswer(error: unknown): null {
  if (error instanceof NoAnswer) return null;
  throw error;
}
