/** The worlds of tests. */
import { systemBank } from "../../../server/programs/system_bank.ts";

/** Returns the real world, with the lines of the operator's log in a list, or nowhere. */
export function bankWorld(log: string[] = []): typeof systemBank {
  return { ...systemBank, log: (line) => void log.push(line) };
}
