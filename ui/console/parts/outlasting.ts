/** Acts that were under way when the console locked, or its page was loaded again: how far they are, or their outcomes. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Answer } from "./answer.ts";
import { span } from "./format.ts";
import { Panel } from "./panel.ts";
import type { Send, State } from "../state/model.ts";

export function Outlasting({ state, send }: { state: State; send: Send }): VNode | null {
  const acts = state.view?.state === "open" ? state.view.outlasting : [];
  if (acts.length === 0) return null;
  return html`
    <div class="outlasting">
      <${Panel} title="Given earlier">
        <ul>${acts.map(({ id, words, sinceMs, answer }) =>
          html`
            <li class="outlasting__act" key=${id}>
              <div>
                <b>${words}</b>
                ${answer === null
                  ? html`<p class="soft">Under way for ${span(state.nowMs - sinceMs)}.</p>`
                  : html`<${Answer} answer=${answer} />`}
              </div>
              ${answer !== null && html`
                <button class="button" onClick=${() => send({ type: "dismiss", id })}>Close</button>
              `}
            </li>
          `
        )}</ul>
        <//>
        </div>
  ` as VNode;
}
