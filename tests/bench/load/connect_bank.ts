/** A line to the bank of a bench, as an ATM has it. */
import { BankClient } from "../../../client/bank_client.ts";
import { connectTcp, system } from "../../../lib/system.ts";
import type { Reach } from "./bank_program.ts";

/** @param index whose terminal it is, of those that the bank has */
export async function connectBank(
  { hostname, port, bankId, terminals }: Reach,
  index: number,
): Promise<BankClient> {
  const { id, key } = terminals[index]!;
  return await BankClient.connect({
    connect: () => connectTcp(hostname, port),
    terminalKey: {
      terminal: Uint8Array.fromHex(id),
      version: 1,
      key: Uint8Array.fromHex(key),
      bank: Uint8Array.fromHex(bankId),
    },
    world: system,
  });
}
