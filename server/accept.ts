/** Accepts connections until a listener is closed: the loop behind both of the bank's doors. */
import { acceptRetryMs } from "../lib/limits.ts";
import { pause, type Timers } from "../lib/world.ts";

/**
 * Calls `serve` with each connection; returns when the listener is closed.
 * @param log receives a line for each connection that could not be accepted
 */
export async function acceptAll<S>(
  listener: { accept(): Promise<S | null> },
  timers: Timers,
  serve: (socket: S) => void,
  log: (line: string) => void,
): Promise<void> {
  for (;;) {
    try {
      const socket = await listener.accept();
      if (socket === null) return;
      serve(socket);
    } catch (error) {
      log(`a connection could not be accepted: ${(error as Error).message}`);
      await pause(timers, acceptRetryMs); // most likely no file handles are left
    }
  }
}
