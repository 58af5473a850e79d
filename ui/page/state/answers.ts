/** A call was answered: what that does to the screen. */
import type { HistoryPage, Receipt } from "../../../lib/atm.ts";
import type { AtmOutcome } from "../../../lib/errors.ts";
import {
  type Answered,
  type RefusalScreen,
  type Screen,
  show,
  type State,
  type Step,
} from "./model.ts";
import { ask } from "./intents.ts";
import { endedScreen, safeScreen } from "./screens.ts";

/** Waited before another try where the machine did not say how long. */
const retryAfterMsDefault = 30_000;

export function onAnswer(before: State, answer: Answered): Step {
  const { pending } = before;
  if (pending?.number !== answer.number || pending.name !== answer.name) return { state: before };
  // the customer could do nothing meanwhile: the time to be idle starts at the answer
  const state = { ...before, pending: null, lastTouchMs: before.nowMs };
  switch (answer.name) {
    case "logIn":
      return { state: loggedIn(state, answer.value) };
    case "depositOpen":
      return { state: depositOpened(state, answer.value.outcome) };
    case "withdraw":
    case "depositConfirm":
      return { state: settled(state, answer.value) };
    case "history":
      return historyCame(state, answer.value);
    case "logOut":
    case "depositCancel":
      return { state: afterVisitCheck(state) };
    default:
      return { state };
  }
}

function loggedIn(state: State, value: { outcome: AtmOutcome; retryAfterMs?: number }): State {
  const { outcome, retryAfterMs } = value;
  if (state.view?.visit) return show(state, { name: "menu" });
  // logged in, and the visit is over before its first view was told
  if (outcome === "ok") return state.view ? show(state, endedScreen(state.view)) : state;
  const refusal: RefusalScreen = { name: "refusal", why: outcome, from: "log_in" };
  if (outcome === "throttled") {
    refusal.retryAtMs = state.nowMs + (retryAfterMs ?? retryAfterMsDefault);
  }
  return show(state, refusal);
}

/** Refusals after which another amount, or the same again, may succeed. */
const mendable: ReadonlySet<AtmOutcome> = new Set<AtmOutcome>([
  "amount_not_positive",
  "amount_too_large",
  "over_withdrawal_limit",
  "over_day_limit",
  "insufficient_funds",
  "not_dispensable",
  "try_later",
]);

/** A movement came to its end: money, or a refusal in words. */
function settled(state: State, receipt: Receipt): State {
  const { outcome, kind } = receipt;
  if (outcome === "ok") return show(state, { name: "receipt", receipt });
  const from = kind === "withdrawal" && mendable.has(outcome) ? "withdraw" : "menu";
  return show(state, { name: "refusal", why: outcome, from, receipt });
}

function depositOpened(state: State, outcome: AtmOutcome): State {
  if (outcome !== "ok") return show(state, { name: "refusal", why: outcome, from: "menu" });
  return show(state, state.view?.visit ? { name: "deposit" } : safeScreen(state.view));
}

function historyCame(state: State, page: HistoryPage): Step {
  const { screen } = state;
  if (screen.name !== "history") return { state };
  if (screen.again) return ask(state, { ...screen, again: false });
  if (page.outcome !== "ok") {
    return { state: show(state, { name: "refusal", why: page.outcome, from: "history" }) };
  }
  const { entries, cursor: older } = page;
  return { state: { ...state, screen: { ...screen, page: { entries, older } } } };
}

/** Nothing more to show of what was done: the menu, or why the visit is over. */
function afterVisitCheck(state: State): State {
  const next: Screen = !state.view || state.view.visit
    ? safeScreen(state.view)
    : endedScreen(state.view);
  return show(state, next);
}
