/**
 * What the page shows, as one pure reducer: screen × event → screen, and at most one call that is to
 * be made. No I/O, no clock: `shell.ts` brings the time and makes the calls.
 *
 * While a call is `pending` no other starts, so nothing can be pressed twice. No state ever holds a
 * password: it passes through the `log_in` event into the call.
 */
import { onAnswer } from "./answers.ts";
import { onIntent } from "./intents.ts";
import { initialState, type PageEvent, type State, type Step } from "./model.ts";
import { onTick, onTouch } from "./time.ts";
import { onView } from "./views.ts";

/** Reduces a state and an event to the next state. `nowMs` never runs backwards. */
export function reduce(before: State, event: PageEvent, nowMs: number): Step {
  if (before.screen.name === "disconnected") return { state: before };
  const state = { ...before, nowMs };
  switch (event.type) {
    case "disconnected":
      return {
        state: {
          ...initialState(nowMs, state.can),
          view: state.view,
          settings: state.settings,
          screen: { name: "disconnected", why: event.why },
        },
      };
    case "view":
      return onView(state, event.view);
    case "tick":
      return onTick(state);
    case "touched":
      return onTouch(state);
    case "answered":
      return onAnswer(state, event);
    default:
      return onIntent(state, event);
  }
}
