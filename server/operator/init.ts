/** Creates a bank. */
import { smallestNote } from "../../lib/notes.ts";
import type { Currency } from "../../lib/money.ts";
import { type BankWorld, createBank } from "../bank.ts";
import type { KeepFirstKey } from "../folder/bank_folder.ts";
import { logCommand } from "../ledger/command.ts";

export interface NewBank {
  /** The bank's folder. */
  path: string;
  /** The bank's PostgreSQL database; if absent, the bank is in the folder's file. */
  url?: string;
  operator: string;
  /** The first operators: admins, with their public keys. Two of them need each other. */
  admins?: readonly { name: string; publicKey: string }[];
  bankName: string;
  currency: Currency;
  /** An IANA name. */
  timeZone: string;
  /** The maximum of one withdrawal. */
  withdrawalMax: bigint | null;
  /** Receives the first key of the log's chain. */
  keepFirstKey: KeepFirstKey;
}

/**
 * Creates a bank; returns a line about it.
 * @throws {UsageError} if there is one already, or it cannot be created
 */
export async function initBank(world: BankWorld, request: NewBank): Promise<string> {
  const { path, url, operator, bankName, currency, timeZone, withdrawalMax } = request;
  const settings = { bankName, currency, timeZone, smallestNote: smallestNote(currency) };
  const { keepFirstKey, admins = [] } = request;
  const bank = await createBank(world, path, settings, keepFirstKey, url, async (ledger) => {
    await ledger.submit(logCommand(`operator ${operator}`, `make ${bankName}`));
    for (const admin of admins) {
      await ledger.submit({ op: "add_operator", operator, ...admin, role: "admin" });
    }
    if (withdrawalMax !== null) {
      await ledger.submit({ op: "set_limits", operator, limits: { withdrawalMax } });
    }
  });
  await bank.close();
  const where = url === undefined ? path : `the database, its first server in ${path}`;
  return `${bankName} is created in ${where}: ${currency.code}, ${timeZone}.`;
}
