/** Accepting connections for as long as a listener is open: the loop that both of the bank's doors run. */

/** How long to wait after a failed accept: file handles have run out, most likely. */
const retryMs = 100;

/**
 * Gives each connection to `serve`; returns when the listener is closed.
 * @param log hears of what could not be accepted: the loop goes on
 */
export async function acceptAll<C extends Deno.Conn>(
  listener: { accept(): Promise<C> },
  serve: (connection: C) => void,
  log: (line: string) => void,
): Promise<void> {
  for (;;) {
    try {
      serve(await listener.accept());
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) {
        return;
      }
      log(`a connection could not be accepted: ${(error as Error).message}`);
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
