/** A terminal's notes: a bar for each cassette, with its count. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { TerminalNews } from "../../../lib/console.ts";
import { scarceNotesMax } from "../../../lib/limits.ts";
import type { Currency } from "../../../lib/money.ts";
import { money, number } from "./format.ts";

/** Notes that fill a bar: more than a usual cassette's half. */
const fullNotes = 1_000;

export function Cassettes({ cassettes, currency }: {
  cassettes: TerminalNews["cassettes"];
  currency: Currency;
}): VNode {
  if (cassettes === null) return html`<span class="soft">not reported yet</span>` as VNode;
  return html`
    <ul class="cassettes">${cassettes.map(({ value, count, unfilled = false }) => {
      const isLow = count <= scarceNotesMax && !unfilled;
      const tone = count === 0 ? "empty" : isLow ? "low" : "enough";
      const of = money(value, currency).replace(/[.,]00$/, "");
      return html`
        <li class="cassette cassette--${tone}">
          <span class="cassette__value">${of}</span>
          <meter min="0" max=${fullNotes} value=${count} aria-label="Notes of ${of}"></meter>
          <span class="cassette__count">${count === 0 ? "empty" : number(count)}</span>
        </li>
      `;
    })}</ul>
  ` as VNode;
}
