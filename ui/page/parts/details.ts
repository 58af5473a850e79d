/** Names and values under each other, as on a receipt. */
import type { ComponentChildren, VNode } from "preact";
import { html } from "htm/preact";

export interface Detail {
  name: string;
  hint?: string;
  value: ComponentChildren;
  strong?: boolean;
}

export function Details({ rows }: { rows: (Detail | null | false | undefined)[] }): VNode {
  return html`
    <dl class="details">
      ${rows.filter((row) => !!row).map(({ name, hint, value, strong }) =>
        html`
          <div class=${strong ? "details__row details__row--strong" : "details__row"} key=${name}>
            <dt>${name}${hint && html`<small>${hint}</small>`}</dt>
            <dd>${value}</dd>
          </div>
        `
      )}
    </dl>
  ` as VNode;
}
