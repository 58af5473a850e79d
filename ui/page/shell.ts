/** The thin shell around the reducer: gives it the time, touches and views, and makes its calls. */
import { render } from "preact";
import { html } from "htm/preact";
import { App } from "./app.ts";
import type { Bridge, Call, CallValue } from "./bridge/bridge.ts";
import { focusAfter } from "./focus.ts";
import { listenToKeys } from "./keys.ts";
import { type Speaker, spokenOf } from "./speech.ts";
import { type Answered, initialState, type PageEvent, type State } from "./state/model.ts";
import { reduce } from "./state/reduce.ts";
import type { Tables } from "./words/words.ts";

/** What the page's host has besides the screen; what is missing is not offered. */
export interface Host {
  /** Prints what is on the screen. */
  print?: () => void;
  speaker?: Speaker;
}

/** Shows the page in `root`, for as long as the document lives. */
export function startShell(
  bridge: Bridge,
  place: HTMLElement,
  tables: Tables,
  host: Host,
): void {
  let root = place;
  // milliseconds since the epoch that never run backwards, whatever is done to the clock
  const now = () => performance.timeOrigin + performance.now();
  let state = initialState(now(), {
    prints: !!host.print,
    speaks: !!host.speaker,
    highContrast: matchMedia("(prefers-contrast: more)").matches,
  });

  const send = (event: PageEvent) => {
    const step = reduce(state, event, now());
    const before = state;
    state = step.state;
    if (step.call) void make(step.call, state.calls);
    if (state !== before) draw(before);
    if (step.print) host.print?.();
    if (step.speak) speak();
  };

  const draw = (before: State) => {
    const { settings } = state;
    const words = tables[settings.language];
    if (settings !== before.settings) setUp(state, words);
    try {
      render(html`<${App} state=${state} send=${send} words=${words} tables=${tables} />`, root);
    } catch (error) {
      return stopAfter(error);
    }
    if (!focusAfter(before, state, root, words)) return;
    host.speaker?.stop();
    if (settings.sound) speak();
  };

  /** An error while the page draws itself leaves nothing to use: the screen says so, for good. */
  const stopAfter = (error: unknown) => {
    reportError(error);
    if (state.screen.name === "disconnected") return;
    root.replaceChildren();
    root = root.parentElement!.insertBefore(root.cloneNode() as HTMLElement, root);
    root.nextElementSibling!.remove();
    const { settings, can } = state;
    const screen = { name: "disconnected", why: "stopped" } as const;
    const before = state;
    state = { ...initialState(now(), can), settings, screen };
    if (before.view?.visit) void bridge.call("logOut", []);
    draw(before);
  };

  const speak = () => {
    const words = tables[state.settings.language];
    host.speaker?.speak(spokenOf(root), words.locale);
  };

  const make = async (call: Call, number: number) => {
    const value = await bridge.call(call.name, call.args) as CallValue<typeof call.name>;
    send({ type: "answered", number, name: call.name, value } as Answered);
  };

  setUp(state, tables[state.settings.language]);
  draw(state);

  listenToKeys(document);
  for (const touch of ["pointerdown", "keydown"]) {
    document.addEventListener(touch, () => {
      host.speaker?.stop(); // who acts needs no more of it
      send({ type: "touched" });
    }, { capture: true });
  }
  document.addEventListener("contextmenu", (event) => event.preventDefault());
  for (const drag of ["dragover", "drop"]) {
    document.addEventListener(drag, (event) => event.preventDefault());
  }
  setInterval(() => send({ type: "tick" }), 1000);
  bridge.onDisconnected((why) => send({ type: "disconnected", why }));
  bridge.watch((view) => send({ type: "view", view }));
}

/** Sets the attributes of the document that style sheets and screen readers use. */
function setUp({ settings }: State, words: Tables["en"]): void {
  const { documentElement: element } = document;
  element.lang = words.locale;
  element.dir = words.direction;
  element.dataset.contrast = settings.contrast;
  element.dataset.size = settings.size;
}
