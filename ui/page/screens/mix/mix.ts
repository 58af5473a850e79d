/** Which notes? Each way to pay the amount, drawn; the first has the fewest notes. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Notes } from "../../../../lib/atm.ts";
import { shortMoney } from "../../words/format.ts";
import { counted, fill } from "../../words/words.ts";
import { NoteStacks } from "../../parts/notes.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Mix({ screen, view, send, words }: ViewScreenProps<"mix">): VNode {
  const { amount, mixes } = screen;
  const { currency } = view;
  return html`
    <${Stage}
      heading=${words.mix.heading}
      lede=${fill(words.mix.lede, { amount: shortMoney(amount, currency, words.locale) })}
      focusHeading=${false}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
    >
      <div class="mixes">
        ${mixes.map((notes, index) =>
          html`
            <button
              class="mix"
              key=${index}
              data-mix=${index}
              data-focus=${index === 0 || undefined}
              onClick=${() => send({ type: "withdraw", amount, notes })}
            >
              <${NoteStacks} ...${{ notes, currency, words }} />
              <small aria-hidden="true">${counted(
                words.deposit.count,
                countOf(notes),
                words.locale,
              )}</small>
            </button>
          `
        )}
      </div>
      <//>
  ` as VNode;
}

const countOf = (notes: Notes[]) => notes.reduce((sum, { count }) => sum + count, 0);
