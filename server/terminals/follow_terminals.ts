/**
 * Follows other servers' changes of the terminals: enrolled, renewed and revoked ones are reloaded
 * here within seconds. Until then each commit still checks that a terminal's key is valid.
 */
import { otherServersMs } from "../../lib/limits.ts";
import { pause, type Timers } from "../../lib/world.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Terminal } from "../ledger/model.ts";
import type { TerminalKeys } from "./terminal_keys.ts";

/**
 * Polls the database until stopped.
 * @param world its `log` receives failures, without repetitions
 * @param keep writes the terminals to their file, whenever one has changed
 */
export function followTerminals(
  world: Timers & { log(line: string): void },
  ledger: Pick<Ledger, "read">,
  keys: TerminalKeys,
  keep: (rows: readonly Terminal[]) => void,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  let sum = "";
  let lastFailure = "";
  const look = async () => {
    const newest = await ledger.read.terminalsSum();
    if (newest === sum) return;
    const rows = await ledger.read.terminals();
    for (const row of rows) if (keys.differs(row)) keys.put(row);
    keep(rows);
    sum = newest;
  };
  const following = (async () => {
    while (!stopping.signal.aborted) {
      await keys.alone(look).then(() => lastFailure = "", ({ message }: Error) => {
        if (message !== lastFailure) world.log(`other servers' changes of terminals: ${message}`);
        lastFailure = message;
      });
      await pause(world, otherServersMs, stopping.signal);
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await following;
    },
  };
}
