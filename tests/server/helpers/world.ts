/** The worlds of tests. */
import type { LogEvent } from "../../../lib/log_event.ts";
import { systemBank } from "../../../server/programs/system_bank.ts";

/** Returns the real world, with the failures and events of the operator's log in lists, or nowhere. */
export function bankWorld(log: string[] = [], events: LogEvent[] = []): typeof systemBank {
  return {
    ...systemBank,
    log: (line) => void log.push(line),
    event: (event) => void events.push(event),
  };
}
