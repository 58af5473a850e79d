/** A line to the bank of a bench, as an ATM has it. */
import { BankClient } from "../../../client/bank_client.ts";
import { system } from "../../../lib/system.ts";
import type { Reach } from "./bank_program.ts";

/** @param index whose terminal it is, of those that the bank has */
export async function connectBank(
  { hostname, port, bankId, terminals }: Reach,
  index: number,
): Promise<BankClient> {
  const { id, key } = terminals[index]!;
  return await BankClient.connect({
    connect: async () => {
      const socket = await Deno.connect({ hostname, port });
      socket.setNoDelay(); // or the last word of the handshake waits for the kernel
      return socket;
    },
    terminalKey: {
      terminal: Uint8Array.fromHex(id),
      version: 1,
      key: Uint8Array.fromHex(key),
      bank: Uint8Array.fromHex(bankId),
    },
    randomBytes: system.randomBytes,
    nowMs: Date.now,
  });
}
