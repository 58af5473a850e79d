/** The life of a bridge, whatever carries it: connected until its first failure, then never again. */
import { hostSilentSecondsMax } from "../../../lib/limits.ts";
import { type DisconnectReason, newestOnly, type NumberedView } from "./bridge.ts";

export interface BridgeLife<View> {
  /** Aborted when the bridge is disconnected. */
  ended: AbortSignal;
  disconnect(why: DisconnectReason): void;
  /** Runs `work` while the bridge lives; its first failure ends the bridge, not the caller. */
  guarded<Value>(work: () => Promise<Value>): Promise<Value>;
  /** A promise that is never settled: what a call of a disconnected bridge returns. */
  never: Promise<never>;
  /** Sets the listener for the end; calls it at once if the end has come already. */
  onDisconnected(listener: (why: DisconnectReason) => void): void;
  /** Sets the listener for newer views. */
  onView(listener: (view: View) => void): void;
  /** Passes on a view, whichever way it came. */
  view(numbered: NumberedView<View>): void;
  /** Records a sign of life of the host. After the first one, silence ends the bridge. */
  alive(): void;
}

export function bridgeLife<View>(): BridgeLife<View> {
  let reason: DisconnectReason | null = null;
  let notifyEnd: (why: DisconnectReason) => void = () => {};
  let notifyView: (numbered: NumberedView<View>) => void = () => {};
  // Counts seconds in which this page ran, not seconds of the clock: after a laptop's sleep nothing
  // came for hours, and its host is well.
  let silentSeconds = 0;
  let counting: ReturnType<typeof setInterval> | undefined;
  const ending = new AbortController();
  const never = new Promise<never>(() => {});

  const disconnect = (why: DisconnectReason) => {
    if (reason) return;
    reason = why;
    clearInterval(counting);
    ending.abort();
    notifyEnd(why);
  };
  return {
    ended: ending.signal,
    never,
    disconnect,
    async guarded(work) {
      if (reason) return never;
      try {
        return await work();
      } catch {
        disconnect("stopped");
        return never;
      }
    },
    onDisconnected(listener) {
      notifyEnd = listener;
      if (reason) listener(reason);
    },
    onView: (listener) => void (notifyView = newestOnly(listener)),
    view: (numbered) => notifyView(numbered),
    alive() {
      silentSeconds = 0;
      if (reason) return;
      counting ??= setInterval(() => {
        silentSeconds += 1;
        if (silentSeconds > hostSilentSecondsMax) disconnect("stopped");
      }, 1000);
    },
  };
}
