/** The head of one thing's page: the way back to all of them, its name and its state. */
import type { ComponentChildren, VNode } from "preact";
import { html } from "htm/preact";
import { Icon } from "../../page/parts/icon.ts";
import type { Place, Send } from "../state/model.ts";

export function Back({ to, words, send, title, children }: {
  to: Place;
  words: string;
  send: Send;
  title?: string;
  children?: ComponentChildren;
}): VNode {
  return html`
    <div class="back">
      <button class="button button--small" onClick=${() => send({ type: "go", place: to })}>
        <${Icon} name="back" />${words}
      </button>
      ${title !== undefined && html`<h2>${title}</h2>`}
      ${children}
    </div>
  ` as VNode;
}
