/** The answer to a call: how it changes the screen. */
import type { HistoryPage, Notes, Receipt, SignedReceipt } from "../../../lib/atm.ts";
import type { AtmOutcome } from "../../../lib/errors.ts";
import { throttledMsDefault } from "../../../lib/limits.ts";
import type { CallValue } from "../bridge/bridge.ts";
import {
  type Answered,
  type Recipient,
  type RefusalScreen,
  type Screen,
  show,
  type State,
  type Step,
} from "./model.ts";
import { ask, digitsOf, payOut, showReceipt, typedAmount } from "./intents.ts";
import { endedScreen, safeScreen } from "./screens.ts";

export function onAnswer(before: State, answer: Answered): Step {
  // requested without waiting for it, so it is not the pending call
  if (answer.name === "signedReceipt") return { state: codeCame(before, answer.value) };
  const { pending } = before;
  if (pending?.number !== answer.number || pending.name !== answer.name) return { state: before };
  // the customer could do nothing meanwhile: the time to be idle starts at the answer
  const state = { ...before, pending: null, lastTouchMs: before.nowMs };
  switch (answer.name) {
    case "logIn":
      return { state: loggedIn(state, answer.value, "log_in") };
    case "logInWithCard":
      return { state: loggedIn(state, answer.value, "pin") };
    case "setPin":
      return { state: pinSet(state, answer.value.outcome) };
    case "depositOpen":
      return { state: depositOpened(state, answer.value.outcome) };
    case "noteMixes":
      return mixesCame(state, answer.value);
    case "withdraw":
    case "depositConfirm":
    case "transfer":
      return settled(state, answer.value);
    case "recipient":
      return { state: recipientCame(state, answer.value) };
    case "changePassword":
      return { state: passwordChanged(state, answer.value) };
    case "balance":
      return { state: balanceCame(state, answer.value) };
    case "chooseAccount":
      return { state: show(state, { name: "menu" }) };
    case "history":
      return historyCame(state, answer.value);
    case "depositCancel":
      return answer.value ? settled(state, answer.value) : { state: afterVisitCheck(state) };
    case "logOut":
      return { state: afterVisitCheck(state) };
    default:
      return { state };
  }
}

interface Wait {
  retryAfterMs?: number;
}

function loggedIn(
  state: State,
  value: { outcome: AtmOutcome } & Wait,
  from: "log_in" | "pin",
): State {
  const { outcome, retryAfterMs } = value;
  if (state.view?.visit) return show(state, safeScreen(state.view));
  // logged in, and the visit ended before its first view came
  if (outcome === "ok") return state.view ? show(state, endedScreen(state.view)) : state;
  const typed = state.screen.name === "log_in" ? state.screen.username : "";
  return show(state, refusal(state, { why: outcome, from, typed }, retryAfterMs));
}

/** Returns a refusal; where the customer must wait, with the time of the next try. */
function refusal(
  { nowMs }: State,
  facts: Omit<RefusalScreen, "name" | "retryAtMs">,
  retryAfterMs = throttledMsDefault,
): RefusalScreen {
  const wait = facts.why === "throttled" ? { retryAtMs: nowMs + retryAfterMs } : {};
  return { name: "refusal", ...facts, ...wait };
}

/** Shows the mixes to choose from; with less than two it withdraws at once. */
function mixesCame(state: State, mixes: Notes[][]): Step {
  const { screen, view } = state;
  if (screen.name !== "amount" || !view) return { state };
  const amount = String(typedAmount(screen.typed, view.currency.exponent));
  if (mixes.length < 2) return payOut(state, amount);
  return { state: show(state, { name: "mix", amount, mixes }) };
}

function recipientCame(
  state: State,
  { outcome, recipient, retryAfterMs }: { outcome: AtmOutcome; recipient?: string } & Wait,
): State {
  const { screen } = state;
  if (screen.name !== "recipient") return state;
  const { typed } = screen;
  if (outcome === "ok") {
    return show(state, {
      name: "sum",
      recipient: { to: digitsOf(typed), name: recipient ?? "" },
      typed: "",
    });
  }
  const facts = { why: outcome, from: "recipient", typed } as const;
  return show(state, refusal(state, facts, retryAfterMs));
}

function passwordChanged(state: State, { outcome, retryAfterMs }: { outcome: AtmOutcome } & Wait) {
  if (state.screen.name !== "password") return state;
  if (outcome === "ok") return show(state, { name: "password_changed" });
  return show(state, refusal(state, { why: outcome, from: "password" }, retryAfterMs));
}

function pinSet(state: State, outcome: AtmOutcome): State {
  if (state.screen.name !== "set_pin") return state;
  if (outcome === "ok") return show(state, { name: "pin_set" });
  return show(state, { name: "refusal", why: outcome, from: "set_pin" });
}

function balanceCame(
  state: State,
  { outcome, days, ...statement }: CallValue<"balance">,
): State {
  if (state.screen.name !== "balance") return state;
  if (outcome !== "ok") return show(state, { name: "refusal", why: outcome, from: "menu" });
  return { ...state, screen: { ...state.screen, days, statement } };
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

/** Shows the end of a movement: its receipt, or why it was refused. */
function settled(state: State, receipt: Receipt): Step {
  const { outcome, kind } = receipt;
  if (outcome === "ok") return showReceipt(state, { name: "receipt", receipt });
  const { recipient } = state.screen as { recipient?: Recipient };
  const sender = recipient && mendable.has(outcome) ? { from: "sum", recipient } as const : null;
  const from = kind === "withdrawal" && mendable.has(outcome) ? "amount" : "menu";
  return { state: show(state, { name: "refusal", why: outcome, from, ...sender, receipt }) };
}

/** Shows the code of a receipt, if its screen is still there. */
function codeCame(state: State, { place, receipt }: SignedReceipt): State {
  const { screen } = state;
  const code = receipt ?? null;
  if (screen.name !== "receipt" || screen.receipt.logged?.place !== place) return state;
  return { ...state, screen: { ...screen, code } };
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

/** Shows the menu, or why the visit is over. */
function afterVisitCheck(state: State): State {
  const next: Screen = !state.view || state.view.visit
    ? safeScreen(state.view)
    : endedScreen(state.view);
  return show(state, next);
}
