/** The thin shell around the reducer: brings it the time, hands and views, and makes its calls. */
import { render } from "preact";
import { html } from "htm/preact";
import { App } from "./app.ts";
import type { Bridge, Call, CallValue } from "./bridge.ts";
import { focusAfter } from "./focus.ts";
import { listenToKeys } from "./keys.ts";
import { type Answered, initialState, type PageEvent, reduce, type State } from "./state.ts";
import type { Words } from "./words.ts";

/**
 * Shows the page in `root` and keeps it going for as long as the document lives.
 * @param print prints what is on the screen, where the host can
 */
export function startShell(
  bridge: Bridge,
  root: HTMLElement,
  words: Words,
  print?: () => void,
): void {
  // milliseconds since the epoch that never run backwards, whatever is done to the clock
  const now = () => performance.timeOrigin + performance.now();
  let state = initialState(now(), print !== undefined);

  const send = (event: PageEvent) => {
    const step = reduce(state, event, now());
    const before = state;
    state = step.state;
    if (step.call) void make(step.call, state.calls);
    if (state !== before) draw(before);
    if (step.print) print?.();
  };

  const draw = (before: State) => {
    render(html`<${App} state=${state} send=${send} words=${words} />`, root);
    focusAfter(before, state, root, words);
  };

  const make = async (call: Call, number: number) => {
    const value = await bridge.call(call.name, call.args) as CallValue<typeof call.name>;
    send({ type: "answered", number, name: call.name, value } as Answered);
  };

  document.documentElement.lang = words.locale;
  document.documentElement.dir = words.direction;
  draw(state);

  listenToKeys(document);
  for (const hand of ["pointerdown", "keydown"]) {
    document.addEventListener(hand, () => send({ type: "touched" }), { capture: true });
  }
  document.addEventListener("contextmenu", (event) => event.preventDefault());
  for (const drag of ["dragover", "drop"]) {
    document.addEventListener(drag, (event) => event.preventDefault());
  }
  setInterval(() => send({ type: "tick" }), 1000);
  bridge.gone((why) => send({ type: "gone", why }));
  bridge.watch((view) => send({ type: "view", view }));
}
