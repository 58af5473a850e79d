/** A bank with as many customers and terminals as a bench needs, all with the same password. */
import { argon2id } from "hash-wasm";
import { hex } from "../../../lib/bytes.ts";
import { system } from "../../../lib/system.ts";
import { type Bank, createBank } from "../../../server/bank.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { newIdentity } from "../../../server/ledger/new_identity.ts";
import { systemBank } from "../../../server/programs/system_bank.ts";
import { sealTerminalKey } from "../../../server/terminals/terminal_keys.ts";

export const password = "the password of all";

export interface FilledBank {
  bank: Bank;
  /** Hex. */
  bankId: string;
  terminals: { id: string; key: string }[];
}

export const customerName = (index: number) => `customer${index}`;

/** @param count of customers, and of terminals */
export async function fillBank(folder: string, count: number): Promise<FilledBank> {
  const settings = {
    bankName: "Bench",
    currency: { code: "EUR", exponent: 2 },
    timeZone: "UTC",
    smallestNote: 500n,
  };
  const bank = await createBank(systemBank, folder, settings, () => {});
  // a bench measures requests: a password that takes a tenth of a second to check is in the way
  const passwordHash = await argon2id({
    password,
    salt: system.randomBytes(16),
    iterations: 1,
    memorySize: 8,
    parallelism: 1,
    hashLength: 32,
    outputType: "encoded",
  });
  const terminals = Array.from({ length: count }, () => ({
    id: hex(system.randomBytes(16)),
    key: hex(system.randomBytes(32)),
  }));
  const commands = terminals.flatMap(({ id, key }, index): Command[] => [
    {
      op: "add_customer",
      operator: "bench",
      username: customerName(index),
      passwordHash,
      opening: 10n ** 9n,
      movement: hex(system.randomBytes(16)),
      ...newIdentity(system),
    },
    {
      op: "enrol_terminal",
      operator: "bench",
      terminal: id,
      name: `terminal${index}`,
      keyVersion: 1,
      sealedKey: sealTerminalKey(
        bank.terminals.sealKeys,
        { terminal: id, keyVersion: 1 },
        Uint8Array.fromHex(key),
        system.randomBytes(16),
      ),
    },
  ]);
  while (commands.length > 0) {
    await Promise.all(
      commands.splice(0, 4_096).map(async (command) => {
        const { outcome } = await bank.ledger.submit(command);
        if (outcome !== "ok") throw new Error(`${command.op}: ${outcome}`);
      }),
    );
  }
  for (const terminal of await bank.ledger.read.terminals()) bank.terminals.put(terminal);
  return { bank, bankId: bank.settings.bankId, terminals };
}
