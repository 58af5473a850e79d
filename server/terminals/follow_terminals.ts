/**
 * What other servers do to the terminals: enrolled, renewed and revoked ones are taken in here soon
 * after. Until then nothing is lost: whether a terminal's key stands is decided within each commit.
 */
import { otherServersMs } from "../../lib/limits.ts";
import type { Terminal } from "../ledger/model.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { TerminalKeys } from "./terminal_keys.ts";

/**
 * Looks again and again, until stopped.
 * @param keep writes the terminals down, whenever one has changed
 */
export function followTerminals(
  ledger: Pick<Ledger, "read">,
  keys: TerminalKeys,
  keep: (rows: readonly Terminal[]) => void,
  log: (line: string) => void,
): { stop(): Promise<void> } {
  const stopping = Promise.withResolvers<void>();
  let running = true;
  let sum = "";
  let told = "";
  const look = async () => {
    const newest = await ledger.read.terminalsSum();
    if (newest === sum) return;
    const rows = await ledger.read.terminals();
    for (const row of rows) if (keys.differs(row)) keys.put(row);
    keep(rows);
    sum = newest;
  };
  const following = (async () => {
    while (running) {
      await keys.alone(look).then(() => told = "", (error: Error) => {
        if (error.message !== told) log(`other servers' changes of terminals: ${error.message}`);
        told = error.message;
      });
      let timer: ReturnType<typeof setTimeout> | undefined;
      const pause = new Promise<void>((resolve) => timer = setTimeout(resolve, otherServersMs));
      await Promise.race([pause, stopping.promise]);
      clearTimeout(timer);
    }
  })();
  return {
    async stop() {
      running = false;
      stopping.resolve();
      await following;
    },
  };
}
