/** A new view of the machine: how it changes the screen. */
import type { AtmView } from "../../../lib/atm.ts";
import { minorFromText } from "../../../lib/money.ts";
import { show, start, type State, type Step, withoutSettings } from "./model.ts";
import { endedScreen, needsVisit, safeScreen, showsMovement } from "./screens.ts";

export function onView(before: State, view: AtmView): Step {
  const state = withView(before, view);
  if (areReturned(before, view)) return { state: show(state, safeScreen(view)) };
  const isShut = state.screen.name === "deposit" && !view.escrow && !state.pending;
  // The devices have shut the acceptor: the ATM ends the deposit, and the customer reads how.
  return isShut
    ? start(state, { name: "depositConfirm", args: [] }, { name: "working", on: "deposit" })
    : { state };
}

/** Returns whether the notes of a deposit that staff were to count were given back, and taken. */
function areReturned({ view: before, screen }: State, view: AtmView): boolean {
  const isCounted = screen.name === "refusal" && screen.receipt?.kind === "deposit" &&
    screen.why === "to_be_counted";
  return isCounted && !!before?.presented && !view.presented;
}

function withView(before: State, view: AtmView): State {
  const seen = { ...before, view, moreTime: before.moreTime && view.visit !== null };
  const first = before.view === null || before.view.language !== view.language;
  const state = first ? withoutSettings(seen) : seen;
  if (showsMovement(state.screen)) return state;
  if (view.bank !== "online") return whileAway(state, view);
  switch (state.screen.name) {
    case "starting":
    case "out_of_service":
    case "welcome":
      return showSafe(state, view);
    case "lost":
      return show(state, { name: "back", hadVisit: state.screen.hadVisit });
    case "log_in":
    case "pin":
      if (view.visit) return begun(state);
      return (state.screen.name === "pin") === (view.card === "inserted") || state.pending
        ? state
        : show(state, safeScreen(view));
  }
  // a card that is inserted while nobody is logged in begins the next visit
  if (!view.visit && view.card === "inserted" && before.view?.card !== "inserted") {
    return show({ ...state, pending: null }, safeScreen(view));
  }
  const visitLost = before.view?.visit && !view.visit;
  const ends = state.screen.name === "refusal" || state.screen.name === "settings";
  if (!view.visit && (needsVisit(state.screen) || (visitLost && ends))) {
    return show({ ...state, pending: null }, endedScreen(view));
  }
  return withBalanceNews(state, before.view, view);
}

/** Shows at once that the bank is not reached; the answer under way no longer counts. */
function whileAway(state: State, view: AtmView): State {
  const dropped = { ...state, pending: null };
  if (view.bank !== "lost") return showSafe(dropped, view);
  const hadVisit = view.ended === "connection_lost" ||
    needsVisit(state.screen) || (state.screen.name === "lost" && state.screen.hadVisit);
  return show(dropped, { name: "lost", hadVisit });
}

/** Shows where the machine is while nobody is there; a screen that stays the same is not drawn again. */
function showSafe(state: State, view: AtmView): State {
  const { screen } = state;
  const safe = safeScreen(view);
  const same = safe.name === "out_of_service"
    ? screen.name === safe.name && screen.why === safe.why
    : screen.name === safe.name;
  return same ? state : show(state, safe);
}

/** Shows the visit of the customer who logged in; the time to be idle starts now. */
function begun(state: State): State {
  return show({
    ...state,
    pending: null,
    lastTouchMs: state.nowMs,
    touchSentMs: state.nowMs,
  }, safeScreen(state.view));
}

function withBalanceNews(state: State, before: AtmView | null, view: AtmView): State {
  const [was, is] = [before?.visit?.account, view.visit?.account];
  const looking = state.screen.name === "menu" || state.screen.name === "balance";
  if (!looking || !was || !is || was.id !== is.id || is.version <= was.version) return state;
  const change = (minorFromText(is.booked) ?? 0n) - (minorFromText(was.booked) ?? 0n);
  if (change === 0n) return state;
  return { ...state, balanceNews: { changeMinor: String(change), atMs: state.nowMs } };
}
