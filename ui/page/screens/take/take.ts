/** Notes lie in the tray: until they are taken or drawn back, nothing else matters. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView } from "../../../../lib/atm.ts";
import { NoteStacks } from "../../parts/notes.ts";
import { Stage } from "../../parts/stage.ts";
import { shortMoney } from "../../words/format.ts";
import type { Words } from "../../words/words.ts";

export function Take({ view, words }: { view: AtmView; words: Words }): VNode {
  const { heading, lede } = words.take;
  const { notes, total } = view.presented ?? { notes: [], total: "0" };
  return html`
    <${Stage}
      heading=${heading}
      lede=${lede}
      aside=${html`
        <div class="counted">
          <p class="counted__total">${shortMoney(total, view.currency, words.locale)}</p>
        </div>
      `}
    >
      <div class="handed">
        <${NoteStacks} notes=${notes} currency=${view.currency} words=${words} />
        <span class="slot__mouth"></span>
      </div>
      <//>
  ` as VNode;
}
