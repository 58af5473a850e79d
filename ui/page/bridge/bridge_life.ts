/** The life of a bridge, whatever carries it: once dead, it stays so, and says so once. */
import { type Gone, newestOnly, type NumberedView, silentSecondsMax } from "./bridge.ts";
import type { AtmView } from "../../../lib/atm.ts";

export interface BridgeLife {
  /** Aborted when the bridge dies. */
  ended: AbortSignal;
  die(why: Gone): void;
  /** Runs `work` while the bridge lives; its first failure ends the bridge, not the caller. */
  guarded<Value>(work: () => Promise<Value>): Promise<Value>;
  /** A promise that is never settled: what becomes of a call of a dead bridge. */
  never: Promise<never>;
  /** Whoever wants to know of the end; told at once where it has come already. */
  gone(listener: (why: Gone) => void): void;
  /** Whoever wants to know of newer views. */
  views(listener: (view: AtmView) => void): void;
  /** A view has come, by whichever way. */
  see(numbered: NumberedView): void;
  /** The host lives. From the first time on, silence ends the bridge. */
  heard(): void;
}

export function bridgeLife(): BridgeLife {
  let dead: Gone | null = null;
  let onGone: (why: Gone) => void = () => {};
  let onView: (numbered: NumberedView) => void = () => {};
  // Counts seconds in which this page ran, not seconds of the clock: a laptop that slept has heard
  // nothing for hours and its host is well.
  let silentSeconds = 0;
  let counting: ReturnType<typeof setInterval> | undefined;
  const ending = new AbortController();
  const never = new Promise<never>(() => {});

  const die = (why: Gone) => {
    if (dead) return;
    dead = why;
    clearInterval(counting);
    ending.abort();
    onGone(why);
  };
  return {
    ended: ending.signal,
    never,
    die,
    async guarded(work) {
      if (dead) return never;
      try {
        return await work();
      } catch {
        die("stopped");
        return never;
      }
    },
    gone(listener) {
      onGone = listener;
      if (dead) listener(dead);
    },
    views: (listener) => void (onView = newestOnly(listener)),
    see: (numbered) => onView(numbered),
    heard() {
      silentSeconds = 0;
      if (dead) return;
      counting ??= setInterval(() => {
        silentSeconds += 1;
        if (silentSeconds > silentSecondsMax) die("stopped");
      }, 1000);
    },
  };
}
