/** The card is at the exit: until it is taken or drawn in, nothing else matters. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Stage } from "../../parts/stage.ts";
import type { State } from "../../state/model.ts";
import type { Words } from "../../words/words.ts";

export function TakeCard({ state, words }: { state: State; words: Words }): VNode {
  const { screen } = state;
  const notesFollow = screen.name === "working" && screen.on === "withdrawal";
  const { takeHeading, takeFirst, takeLede } = words.card;
  return html`
    <${Stage} heading=${takeHeading} lede=${notesFollow ? takeFirst : takeLede}>
      <div class="handed" aria-hidden="true">
        <svg class="bank-card" viewBox="0 0 172 108">
          <rect class="bank-card__plastic" width="172" height="108" rx="11" />
          <rect class="bank-card__chip" x="20" y="34" width="30" height="24" rx="5" />
          <path class="bank-card__print" d="M22 84h20M54 84h20M86 84h20M118 84h20" />
        </svg>
        <span class="slot__mouth"></span>
      </div>
      <//>
  ` as VNode;
}
