/** A stream of views as JSON lines, with an empty line as a heartbeat. */
import type { DisconnectReason, NumberedView } from "../page/bridge/bridge.ts";

export interface ViewStream {
  body: ReadableStream<Uint8Array>;
  /** Sends a newer view. A slow reader gets only the newest. */
  send(view: NumberedView<unknown>): void;
  /** Ends the stream, after a last message if there is one. */
  end(lastWord?: { disconnected: DisconnectReason }): void;
}

/** Creates a stream. `onEnd` is called once, however the stream ends. */
export function streamViews(
  first: NumberedView<unknown>,
  heartbeatMs: number,
  onEnd: () => void,
): ViewStream {
  const encoder = new TextEncoder();
  let waiting: NumberedView<unknown> | null = first;
  let ended = false;
  let controller: ReadableStreamDefaultController<Uint8Array>;

  const write = (line: string) => controller.enqueue(encoder.encode(line + "\n"));
  const flush = () => {
    if (ended || !waiting || (controller.desiredSize ?? 0) <= 0) return;
    const view = waiting;
    waiting = null; // first, since writing requests more at once
    write(JSON.stringify(view));
  };
  const heartbeat = setInterval(() => {
    if (!waiting && (controller.desiredSize ?? 0) > 0) write("");
  }, heartbeatMs);
  const finish = () => {
    if (ended) return false;
    ended = true;
    clearInterval(heartbeat);
    onEnd();
    return true;
  };

  const body = new ReadableStream<Uint8Array>({
    start: (started) => void (controller = started),
    pull: flush,
    cancel: () => void finish(),
  });
  return {
    body,
    send(view) {
      waiting = view;
      flush();
    },
    end(lastWord) {
      if (!finish()) return;
      if (lastWord) write(JSON.stringify(lastWord));
      controller.close();
    },
  };
}
