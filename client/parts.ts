/** What a machine is put together from, and what its parts share. */
import type { Language, Receipt } from "../lib/atm.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import type { Currency, MinorText } from "../lib/money.ts";
import type { Answer, Ask } from "../lib/protocol/message.ts";
import type { NamedTerminalKey } from "../lib/terminal_key.ts";
import { type BankClient, type Line, NoAnswer } from "./bank_client.ts";
import type { SimulatedDevices } from "./cash/simulated_devices.ts";
import type { Journal } from "./journal.ts";

export interface AtmParts {
  line: Omit<Line, "terminalKey">;
  /**
   * The terminal's key and name: asked for before each try to reach the bank, until there is one.
   * @throws {UsageError} while there is none
   */
  findKey: () => NamedTerminalKey;
  journal: Journal;
  devices: SimulatedDevices;
  /** True where the page may play the customer's hands. */
  demo: boolean;
  log: (line: string) => void;
  /** Told at every meeting with the bank, before anything is settled. */
  onMeeting?: (currency: Currency) => void;
  /** Stores the terminal's next key durably, or throws; without it, the bank's offer is not taken up. */
  keepKey?: (key: NamedTerminalKey) => void;
  /** The bank's currency, if it has told before. */
  currency?: Currency | null;
  /** The language for whoever has chosen no other; English without. */
  language?: Language;
  /**
   * Keeps a text for the customer under this name, and tells where.
   * @throws {Error} when it cannot be written
   */
  keepFile?: (name: string, text: string) => string;
  /** Shorter in tests. */
  idleMsMax?: number;
  takeNotesMsMax?: number;
}

/** The answer, or null when there was none. */
export async function ask(bank: BankClient, question: Ask): Promise<Answer | null> {
  try {
    return await bank.ask(question);
  } catch (error) {
    if (error instanceof NoAnswer) return null;
    throw error;
  }
}

/** What became of a movement; facts that are not given are not known. */
export function receipt(
  kind: Receipt["kind"],
  amount: MinorText,
  outcome: AtmOutcome,
  facts: Partial<Receipt> = {},
): Receipt {
  const time = new Date().toISOString();
  return { outcome, kind, amount, notes: [], movement: "", account: null, time, ...facts };
}
