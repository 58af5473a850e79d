/** Time passes and hands move: when to ask for more time, when to tidy a screen that nobody reads. */
import { type ScreenName, show, type State, type Step, withoutSettings } from "./model.ts";
import { moneyPending, safeScreen } from "./screens.ts";

export const pageTimes = {
  /** The machine is told of touches at most this often. */
  touchEveryMs: 3000,
  /** How long before its end a visit asks whether more time is needed… */
  moreTimeMs: 20_000,
  /** …but never before this part of the idle time has gone by. */
  moreTimeAfterPart: 0.5,
  /** How long a change of the balance is pointed out. */
  balanceNewsMs: 8000,
  /** Screens without a visit go back to the start when nobody touched them for so long. */
  restMs: {
    welcome: 60_000,
    settings: 60_000,
    log_in: 60_000,
    ended: 12_000,
    back: 15_000,
    receipt: 45_000,
    refusal: 45_000,
  },
} as const;

const restMs: Partial<Record<ScreenName, number>> = pageTimes.restMs;

export function onTouch(before: State): Step {
  if (before.moreTime) return { state: before }; // only an answer to the question counts
  const state = { ...before, lastTouchMs: before.nowMs };
  return tellTouch(state);
}

export function onTick(before: State): Step {
  const newsOver = before.balanceNews &&
    before.nowMs - before.balanceNews.atMs >= pageTimes.balanceNewsMs;
  const state = newsOver ? { ...before, balanceNews: null } : before;
  const visit = state.view?.visit;
  const untouchedMs = state.nowMs - state.lastTouchMs;
  if (!visit) {
    const restedMs = Math.min(untouchedMs, state.nowMs - state.shownMs);
    const rested = restedMs >= (restMs[state.screen.name] ?? Infinity) && !state.pending;
    return { state: rested ? atRest(state) : state };
  }
  if (state.moreTime || moneyPending(state)) return { state };
  if (state.touchToldMs < state.lastTouchMs) return tellTouch(state);
  const askAfterMs = Math.max(
    visit.idleMsMax - pageTimes.moreTimeMs,
    visit.idleMsMax * pageTimes.moreTimeAfterPart,
  );
  return { state: untouchedMs >= askAfterMs ? { ...state, moreTime: true } : state };
}

/** Nobody is there: what they chose goes with them, and the welcome is not drawn anew each minute. */
function atRest(state: State): State {
  const usual = withoutSettings(state);
  return state.screen.name === "welcome" ? usual : show(usual, safeScreen(state.view));
}

/** Tells the machine of a touch, unless it was told a moment ago: then a tick soon does. */
export function tellTouch(state: State): Step {
  const due = state.nowMs - state.touchToldMs >= pageTimes.touchEveryMs;
  if (!due || !state.view?.visit) return { state };
  return {
    state: { ...state, touchToldMs: state.nowMs },
    call: { name: "touch", args: [] },
  };
}

/** How long until the machine logs the customer out, as far as the page knows, in ms. */
export function idleLeftMs(state: State): number {
  const idleMsMax = state.view?.visit?.idleMsMax ?? 0;
  return Math.max(0, idleMsMax - (state.nowMs - state.touchToldMs));
}
