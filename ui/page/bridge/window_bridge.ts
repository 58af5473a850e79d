/**
 * The bridge of a page in a native window: one function that the window bound into the page, and
 * behind it the worker that holds the machine (`ui/window/window_host.ts`). The window's secret lives
 * in this closure and nowhere else: a page that got here by some other way cannot make a call.
 */
import type { AtmCalls, AtmView } from "../../../lib/atm.ts";
import type { Answer, Bridge, Calls, DisconnectReason, NumberedView } from "./bridge.ts";
import { bridgeLife } from "./bridge_life.ts";

/** What the window bound into the page: plain JSON in and out. */
export type BoundFunction = (secret: string, ...request: WindowRequest) => Promise<unknown>;

/** What a page may ask of its window; `page` is the number that `open` gave. */
export type WindowRequest =
  | ["open"]
  | ["watch", page: number, seen: number]
  | ["call", page: number, name: string, args: readonly unknown[]];

/** The answer to `watch`: a view that is newer than the last one, the end, or a sign of life. */
export type WatchAnswer<View> =
  | NumberedView<View>
  | { disconnected: DisconnectReason }
  | null;

export function openWindowBridge<Machine extends Calls<Machine> = AtmCalls, View = AtmView>(
  bound: BoundFunction,
  secret: string,
): Bridge<Machine, View> {
  const { disconnect, guarded, never, onDisconnected, onView, view, alive, ended } = bridgeLife<
    View
  >();

  const ask = async <Value>(...request: WindowRequest): Promise<Value> => {
    const value = await bound(secret, ...request) as Value;
    alive();
    return ended.aborted ? never : value;
  };

  const opened = guarded(() => {
    alive(); // starts the count: a worker that never answers is noticed too
    return ask<number>("open");
  });

  const follow = () =>
    guarded(async () => {
      const page = await opened;
      for (let seen = -1;;) {
        const answer = await ask<WatchAnswer<View>>("watch", page, seen);
        if (answer === null) continue;
        if ("disconnected" in answer) return disconnect(answer.disconnected);
        seen = answer.number;
        view(answer);
      }
    });

  return {
    call: (name, args) =>
      guarded(async () => {
        const answer = await ask<Answer<View>>("call", await opened, String(name), args);
        view(answer);
        return answer.value as never;
      }),
    watch(listener) {
      onView(listener);
      void follow();
    },
    onDisconnected,
  };
}
