/** The thin shell around the reducer: gives it views and the time, and makes its calls. */
import { render } from "preact";
import { html } from "htm/preact";
import type { ConsoleCalls, ConsoleView, ReadAnswer } from "../../lib/console.ts";
import { consoleTouchMs } from "../../lib/limits.ts";
import type { Bridge } from "../page/bridge/bridge.ts";
import { App } from "./app.ts";
import { type ConsoleEvent, type Effect, initialState, type State } from "./state/model.ts";
import { reduce } from "./state/reduce.ts";

export type ConsoleBridge = Bridge<ConsoleCalls, ConsoleView>;

/** Shows the page in `root`, for as long as the document lives. */
export function startShell(bridge: ConsoleBridge, root: HTMLElement): void {
  let state: State = initialState(Date.now());
  let isDrawing = false;

  const send = (event: ConsoleEvent) => {
    const step = reduce(state, event);
    const isSame = step.state === state;
    state = step.state;
    for (const effect of step.effects) void make(effect);
    if (!isSame) draw();
  };

  /** Draws once for all events of a moment. */
  const draw = () => {
    if (isDrawing) return;
    isDrawing = true;
    queueMicrotask(() => {
      isDrawing = false;
      const { view } = state;
      document.title = view?.state === "open" ? `${view.news.bank.name} · Console` : "Console";
      render(html`<${App} state=${state} send=${send} />`, root);
    });
  };

  const make = async (effect: Effect) => {
    if (effect.call === "act") {
      return send({ type: "acted", answer: await bridge.call("act", [effect.command]) });
    }
    if (effect.call === "dismiss") return void bridge.call("dismiss", [effect.id]);
    if (!("query" in effect)) return void bridge.call(effect.call, []);
    const answer = await bridge.call(effect.call, [effect.query]) as ReadAnswer<never>;
    send({ type: "rows", query: effect.query, answer });
  };

  let touchedMs = 0;
  for (const touch of ["pointerdown", "keydown", "wheel"]) {
    document.addEventListener(touch, () => {
      if (Date.now() - touchedMs < consoleTouchMs || state.view?.state !== "open") return;
      touchedMs = Date.now();
      void bridge.call("touch", []);
    }, { capture: true, passive: true });
  }
  document.addEventListener("keydown", (event) => {
    // A key that is held would sign in the dialog that it has opened, and close the answer.
    if (event.repeat && ["Enter", "Escape"].includes(event.key)) return event.preventDefault();
    if (event.key === "Escape" && state.act) send({ type: "close" });
  });
  for (const drag of ["dragover", "drop"]) {
    document.addEventListener(drag, (event) => event.preventDefault());
  }
  setInterval(() => send({ type: "tick", nowMs: Date.now() }), 1_000);
  bridge.onDisconnected((why) => send({ type: "disconnected", why }));
  bridge.watch((view) => send({ type: "view", view }));
  draw();
}
