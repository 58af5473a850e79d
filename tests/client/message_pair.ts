/** A connection of messages, in memory. */
import type { MessageSocket } from "../../lib/world.ts";

/** Returns both ends of a connection in memory. */
export function messagePair(): [MessageSocket, MessageSocket] {
  const end = () => ({
    queue: [] as string[],
    waiting: null as ((text: string | null) => void) | null,
  });
  const [left, right] = [end(), end()];
  let isOver = false;
  const deliver = ({ queue, ...side }: typeof left, wake: () => void, text: string) => {
    if (side.waiting) side.waiting(text);
    else queue.push(text);
    wake();
  };
  const socket = (own: typeof left, peer: typeof left): MessageSocket => ({
    receive: () =>
      own.queue.length > 0
        ? Promise.resolve(own.queue.shift()!)
        : isOver
        ? Promise.resolve(null)
        : new Promise((resolve) => own.waiting = resolve),
    send: (text) => {
      if (!isOver) deliver(peer, () => peer.waiting = null, text);
    },
    close() {
      isOver = true;
      for (const side of [left, right]) {
        side.waiting?.(null);
        side.waiting = null;
      }
    },
  });
  return [socket(left, right), socket(right, left)];
}
