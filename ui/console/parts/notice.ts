/** The whole page while nothing of the bank is shown: locked, without a server, or at its end. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { DisconnectReason } from "../../page/bridge/bridge.ts";
import { Door } from "../../page/parts/mark.ts";
import type { State } from "../state/model.ts";

const ends: Record<DisconnectReason, string> = {
  stopped: "It was ended in its terminal. Start it there with ‘deno task bank console’.",
  opened_elsewhere: "It is open in another tab or window. If that was not you, end it in its " +
    "terminal with Ctrl-C, and report it.",
  link_used: "This link was used before, or it opened the page instead of another one, and the " +
    "console has locked since. The console’s terminal names the file that opens it again.",
};

export function Notice({ state }: { state: State }): VNode {
  const { title, text } = wordsOf(state);
  return html`
    <main class="notice" data-screen=${state.view?.state ?? "starting"}>
      <${Door} />
      <h1>${title}</h1>
      <p role="status">${text}</p>
    </main>
  ` as VNode;
}

export function wordsOf({ view, disconnected }: State): { title: string; text: string } {
  if (disconnected) return { title: "The console is closed", text: ends[disconnected] };
  if (view?.state === "locked") {
    const why = view.why === "idle" ? "Nobody used it for a while. " : "";
    return {
      title: "Locked",
      text: `${why}${view.operator} unlocks it in the terminal where it was started, which says ` +
        "how. What you signed before goes on, and its outcome is shown then.",
    };
  }
  if (view?.state === "lost") return { title: "No answer from the bank", text: `${view.why}.` };
  return { title: "Opening", text: "The console connects to its bank." };
}
