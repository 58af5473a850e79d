/** The thin shell around the reducer: gives it the time, touches and views, and makes its calls. */
import { render } from "preact";
import { html } from "htm/preact";
import { App } from "./app.ts";
import type { Bridge, Call, CallValue } from "./bridge/bridge.ts";
import { focusAfter } from "./focus.ts";
import { listenToKeys, listenToSpeechKeys } from "./keys.ts";
import { receiptText } from "./screens/receipt/slip.ts";
import { keyOf, labelOf, type Speaker, spokenOf, typedOf } from "./speech.ts";
import { type Answered, initialState, type PageEvent, type State } from "./state/model.ts";
import { reduce } from "./state/reduce.ts";
import { speaks } from "./state/screens.ts";
import { speechLengthMax, startingShownAfterMs } from "../../lib/limits.ts";
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
    if (step.print) printReceipt();
    if (step.speak) speak();
  };

  const draw = (before: State) => {
    clearTimeout(starting);
    const { settings } = state;
    const words = tables[settings.language];
    if (settings !== before.settings) setUp(state, words);
    try {
      render(html`<${App} state=${state} send=${send} words=${words} tables=${tables} />`, root);
    } catch (error) {
      return stopAfter(error);
    }
    if (!focusAfter(before, state, root, words)) {
      if (settings.sound && typedIn(state) !== typedIn(before)) say(typedOf(root));
      return;
    }
    hush();
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
    const keys = state.screen.name === "welcome" ? ` ${words.speech.keys}` : "";
    say(`${spokenOf(root, words)}${keys}`);
  };

  /** Speaks with the platform's voice, or with the ATM's where the platform has none. */
  const say = (text: string) => {
    if (text === "" || !speaks(state)) return;
    const { language, rate, volume } = state.settings;
    const speech = { text: text.slice(0, speechLengthMax), language, rate, volume };
    const ofAtm = state.view?.aids.voices.includes(language) ?? false;
    if (host.speaker && (host.speaker.has(language) || !ofAtm)) return host.speaker.speak(speech);
    isAtmSpeaking = true;
    void bridge.call("speak", [speech]);
  };

  let isAtmSpeaking = false;
  const hush = () => {
    host.speaker?.stop();
    if (isAtmSpeaking) void bridge.call("hush", []);
    isAtmSpeaking = false;
  };

  /** Prints at the ATM's printer, or, where it has none, as the host does. */
  const printReceipt = () => {
    const { screen, view, settings } = state;
    if (screen.name !== "receipt" || !view) return;
    if (!view.aids.prints) return host.print?.();
    void bridge.call("print", [receiptText(screen.receipt, view, tables[settings.language])]);
  };

  const make = async (call: Call, number: number) => {
    const value = await bridge.call(call.name, call.args) as CallValue<typeof call.name>;
    send({ type: "answered", number, name: call.name, value } as Answered);
  };

  setUp(state, tables[state.settings.language]);
  // the ATM usually answers sooner than a first screen is drawn: its screen is drawn at once then
  const starting = setTimeout(() => draw(state), startingShownAfterMs);

  listenToKeys(document);
  listenToSpeechKeys(
    document,
    (key) => send({ type: "speech_key", key }),
    () => state.settings.sound,
  );
  document.addEventListener("keydown", ({ target, key }) => {
    const words = tables[state.settings.language];
    // any other key announces the one that begins
    const isStart = state.screen.name === "welcome" && !state.settings.sound;
    if (isStart && key.length === 1) say(words.speech.start);
    if (!state.settings.sound || !isFieldOfText(target)) return;
    say(keyOf(target, key, words));
  });
  document.addEventListener("focusin", ({ target }) => {
    if (state.settings.sound && isFieldOfText(target)) say(labelOf(target));
  });
  for (const touch of ["pointerdown", "keydown"]) {
    document.addEventListener(touch, () => {
      hush(); // who acts needs no more of it
      send({ type: "touched" });
    }, { capture: true });
  }
  // the second touch of two in one place is not for the screen that the first has brought
  let touchedMs = 0;
  document.addEventListener("click", (event) => {
    if (event.detail < 2) touchedMs = state.shownMs;
    else if (touchedMs !== state.shownMs) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, { capture: true });
  document.addEventListener("contextmenu", (event) => event.preventDefault());
  for (const drag of ["dragover", "drop"]) {
    document.addEventListener(drag, (event) => event.preventDefault());
  }
  setInterval(() => send({ type: "tick" }), 1000);
  bridge.onDisconnected((why) => send({ type: "disconnected", why }));
  bridge.watch((view) => send({ type: "view", view }));
}

/** Returns what is typed on a screen with a key pad. */
function typedIn({ screen }: State): string | null {
  return "typed" in screen ? screen.typed ?? "" : null;
}

function isFieldOfText(target: EventTarget | null): target is HTMLInputElement {
  return target instanceof HTMLInputElement && target.closest(".fields") !== null;
}

/** Sets the attributes of the document that style sheets and screen readers use. */
function setUp({ settings }: State, words: Tables["en"]): void {
  const { documentElement: element } = document;
  element.lang = words.locale;
  element.dir = words.direction;
  element.dataset.contrast = settings.contrast;
  element.dataset.size = settings.size;
  element.dataset.blank = settings.blank ? "on" : "off";
}
