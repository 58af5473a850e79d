/** Accepts connections until a listener is closed: the loop of every listener. */
import { acceptReportMs, acceptRetryMs } from "./limits.ts";
import { type Clock, pause, type Timers } from "./world.ts";

export interface AcceptOptions {
  /** Whose connections they are, for that line. */
  whose: string;
  /** Receives a line when connections cannot be accepted, at most once a minute. */
  log(line: string): void;
  /**
   * Closes a connection, so that another can be accepted; returns false if no connection can be closed.
   */
  makeRoom?(): boolean;
}

/** Calls `serve` with each connection; returns when the listener is closed. */
export async function acceptAll<S>(
  listener: { accept(): Promise<S | null> },
  world: Timers & Pick<Clock, "monotonicMs">,
  serve: (socket: S) => void,
  { whose, log, makeRoom = () => false }: AcceptOptions,
): Promise<void> {
  let reportedMs = -Infinity;
  for (;;) {
    try {
      const socket = await listener.accept();
      if (socket === null) return;
      serve(socket);
    } catch (error) { // most likely out of file handles
      if (world.monotonicMs() - reportedMs >= acceptReportMs) {
        reportedMs = world.monotonicMs();
        log(`accepting connections of ${whose} failed: ${(error as Error).message}`);
      }
      if (makeRoom()) await new Promise<void>((resolve) => world.nextTurn(resolve));
      else await pause(world, acceptRetryMs);
    }
  }
}
