/** Notes lie in the tray: until they are taken or drawn back, nothing else matters. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView } from "../../../../lib/atm.ts";
import { NoteStacks } from "../../parts/notes.ts";
import { Stage } from "../../parts/stage.ts";
import type { Words } from "../../words/words.ts";

export function Take({ view, words }: { view: AtmView; words: Words }): VNode {
  const { heading, lede } = words.take;
  const notes = view.presented?.notes ?? [];
  return html`
    <${Stage} heading=${heading} lede=${lede}>
      <div class="tray tray--out">
        <${NoteStacks} notes=${notes} currency=${view.currency} words=${words} />
      </div>
      <//>
  ` as VNode;
}
