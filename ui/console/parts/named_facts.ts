/** Values that people have written, each on its own line under its name: none reads as another. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ProposalFact } from "../../../lib/console.ts";
import type { Send } from "../state/model.ts";

/** @param send opens a customer's page; without it there are no links */
export function NamedFacts({ head, facts, send }: {
  head?: string;
  facts: readonly ProposalFact[];
  send?: Send;
}): VNode | null {
  if (facts.length === 0) return null;
  return html`
    ${head && html`<p class="soft">${head}</p>`}
    <dl class="named-facts">
      ${facts.map(({ name, value, customer }) =>
        html`
          <dt>${name}</dt>
          <dd dir="auto">${send && customer !== undefined
            ? html`
              <button
                class="opener"
                onClick=${() => send({ type: "go", place: { screen: "customers", id: customer } })}
              >${value}</button>
            `
            : value}</dd>
        `
      )}
    </dl>
  ` as VNode;
}
