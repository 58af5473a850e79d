/** Facts with their names, in a row. */
import type { ComponentChildren, VNode } from "preact";
import { html } from "htm/preact";

export type Fact = readonly [name: string, fact: ComponentChildren];

export function Facts({ facts }: { facts: readonly Fact[] }): VNode {
  return html`
    <dl class="facts">
      ${facts.map(([name, fact]) =>
        html`
          <div>
            <dt>${name}</dt>
            <dd>${fact}</dd>
          </div>
        `
      )}
    </dl>
  ` as VNode;
}
