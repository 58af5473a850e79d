import type { Answer, Ask } from "../lib/protocol/message.ts";
import { type BankClient, NoAnswer } from "./bank_client.ts";

/** Asks the bank; null when there is no answer. */
export async function ask(bank: BankClient, question: Ask): Promise<Answer | null> {
  try {
    return await bank.ask(question);
  } catch (error) {
    if (error instanceof NoAnswer) return null;
    throw error;
  }
}
