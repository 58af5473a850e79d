/** Notes, drawn: a stack for each denomination, each in another colour. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Notes } from "../../../lib/atm.ts";
import { type Currency, minorFromText, type MinorText } from "../../../lib/money.ts";
import { shortMoney } from "../words/format.ts";
import type { Words } from "../words/words.ts";

/** More notes of a stack than these are not drawn, only counted. */
const drawnMax = 5;
const note = { width: 168, height: 84, offset: 9 };

/** Draws a stack for each denomination, the largest first. */
export function NoteStacks(
  { notes, currency, words }: { notes: Notes[]; currency: Currency; words: Words },
): VNode {
  const largestFirst = notes.filter(({ count }) => count > 0)
    .toSorted((a, b) => Number((minorFromText(b.value) ?? 0n) - (minorFromText(a.value) ?? 0n)));
  const drawnOfAny = Math.min(drawnMax, Math.max(...largestFirst.map(({ count }) => count)));
  return html`
    <ul class="stacks">
      ${largestFirst.map(({ value, count }) => {
        const label = shortMoney(value, currency, words.locale);
        return html`
          <li class="stack" key=${value}>
            <${Stack} ...${{ count, label, drawnOfAny, tone: noteTone(value, currency) }} />
            <span class="stack__label"><b>${count}</b> × ${label}</span>
          </li>
        `;
      })}
    </ul>
  ` as VNode;
}

interface StackProps {
  count: number;
  label: string;
  tone: number;
  /** How many notes the tallest stack shows: all are drawn to its scale. */
  drawnOfAny: number;
}

function Stack({ count, label, tone, drawnOfAny }: StackProps): VNode {
  const drawn = Math.min(count, drawnMax);
  const rise = (drawnOfAny - 1) * note.offset;
  return html`
    <svg
      class="note note--${tone}"
      viewBox="-3 -3 ${note.width + rise + 6} ${note.height + rise + 8}"
      aria-hidden="true"
    >
      ${Array.from({ length: drawn }, (_, index) =>
        html`
          <g key=${index} transform="translate(${index * note.offset} ${rise -
            index * note.offset})">
            <${OneNote} label=${label} />
          </g>
        `)}
    </svg>
  ` as VNode;
}

/** Draws one note, at the origin. Its ornament is that of no real currency. */
function OneNote({ label }: { label: string }): VNode {
  return html`
    <g class="note__sheet">
      <rect class="note__paper" width="168" height="84" rx="7" />
      <rect class="note__edge" x="6" y="6" width="156" height="72" rx="4" />
      <g class="note__ornament">
        ${[14, 20, 26, 32].map((radius) => html`<circle cx="52" cy="42" r=${radius} />`)}
        <path d="M84 66c10-14 20-14 30 0s20 14 30 0M84 58c10-14 20-14 30 0s20 14 30 0" />
      </g>
      <circle class="note__wheel" cx="52" cy="42" r="8" />
      <path class="note__wheel" d="M46.3 36.3l-4-4M57.7 36.3l4-4M46.3 47.7l-4 4M57.7 47.7l4 4" />
      <text class="note__value" x="154" y="38" text-anchor="end">${label}</text>
    </g>
  ` as VNode;
}

/** Returns one of seven tones, by the note's worth in whole units: 5, 10, 20, 50, 100, 200, more. */
function noteTone(value: MinorText, currency: Currency): number {
  const units = (minorFromText(value) ?? 0n) / 10n ** BigInt(currency.exponent);
  const tone = [5n, 10n, 20n, 50n, 100n, 200n].findIndex((most) => units <= most);
  return tone < 0 ? 6 : tone;
}
