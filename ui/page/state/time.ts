/** Time passes, and the customer touches the screen: when to ask for more time, and when to tidy up. */
import {
  balanceNewsMs,
  balanceShownMsMax,
  moreTimeAfterPart,
  moreTimeMs,
  screenRestMs,
  touchReportMs,
} from "../../../lib/limits.ts";
import { type ScreenName, show, type State, type Step, withoutSettings } from "./model.ts";
import { moneyPending, safeScreen } from "./screens.ts";

const restMs: Partial<Record<ScreenName, number>> = screenRestMs;

export function onTouch(before: State): Step {
  if (before.moreTime) return { state: before }; // only an answer to the question counts
  const state = { ...before, lastTouchMs: before.nowMs };
  return sendTouch(state);
}

export function onTick(before: State): Step {
  const newsOver = before.balanceNews &&
    before.nowMs - before.balanceNews.atMs >= balanceNewsMs;
  const { balanceShownAtMs } = before;
  const coverAgain = balanceShownAtMs !== null &&
    before.nowMs - balanceShownAtMs >= balanceShownMsMax;
  const state = newsOver || coverAgain
    ? {
      ...before,
      balanceNews: newsOver ? null : before.balanceNews,
      balanceShownAtMs: coverAgain ? null : balanceShownAtMs,
    }
    : before;
  const visit = state.view?.visit;
  const untouchedMs = state.nowMs - state.lastTouchMs;
  if (!visit) {
    const restedMs = Math.min(untouchedMs, state.nowMs - state.shownMs);
    const rested = restedMs >= (restMs[state.screen.name] ?? Infinity) && !state.pending;
    return { state: rested ? atRest(state) : state };
  }
  if (state.moreTime || moneyPending(state)) return { state };
  if (state.touchSentMs < state.lastTouchMs) return sendTouch(state);
  const askAfterMs = Math.max(
    visit.idleMsMax - moreTimeMs,
    visit.idleMsMax * moreTimeAfterPart,
  );
  return { state: untouchedMs >= askAfterMs ? { ...state, moreTime: true } : state };
}

/** Resets the settings and shows the start; a welcome that is shown already is not drawn again. */
function atRest(state: State): State {
  const usual = withoutSettings(state);
  return state.screen.name === "welcome" ? usual : show(usual, safeScreen(state.view));
}

/** Reports a touch to the machine, unless it did so a moment ago: then a later tick does. */
function sendTouch(state: State): Step {
  const due = state.nowMs - state.touchSentMs >= touchReportMs;
  if (!due || !state.view?.visit) return { state };
  return {
    state: { ...state, touchSentMs: state.nowMs },
    call: { name: "touch", args: [] },
  };
}

/** Returns how long until the machine logs the customer out, by the last report of a touch, in ms. */
export function idleLeftMs(state: State): number {
  const idleMsMax = state.view?.visit?.idleMsMax ?? 0;
  return Math.max(0, idleMsMax - (state.nowMs - state.touchSentMs));
}
