/** The worlds of tests. */
import type { BankWorld } from "../../../server/bank.ts";
import { systemBank } from "../../../server/programs/system_bank.ts";

/** The real world, with the lines of the operator's log in a list, or nowhere. */
export function bankWorld(log: string[] = []): BankWorld {
  return { ...systemBank, log: (line) => void log.push(line) };
}
