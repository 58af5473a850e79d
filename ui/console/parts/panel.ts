/** A titled part of a screen. */
import type { ComponentChildren, VNode } from "preact";
import { html } from "htm/preact";

export function Panel({ title, note, name, children }: {
  title: string;
  /** A word or two next to the title. */
  note?: string;
  /** Its place in the screen's grid. */
  name?: string;
  children?: ComponentChildren;
}): VNode {
  return html`
    <section class="panel ${name ? `panel--${name}` : ""}" aria-label=${title}>
      <header class="panel__head"><h2>${title}</h2>${note && html`<span>${note}</span>`}</header>
      ${children}
    </section>
  ` as VNode;
}

/** Says that a part has nothing to show. */
export function Nothing({ words }: { words: string }): VNode {
  return html`<p class="nothing">${words}</p>` as VNode;
}
