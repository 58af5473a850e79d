/** Nobody is there: a touch anywhere begins. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Door } from "../../parts/mark.ts";
import { fill } from "../../words/words.ts";
import { Stage } from "../../parts/stage.ts";

export function Welcome({ view, send, words }: ViewScreenProps<"welcome">): VNode {
  const begin = () => send({ type: "next" });
  return html`
    <div class="anywhere" onClick=${begin}>
      <${Stage}
        heading=${fill(words.welcome.heading, { bank: view.bankName })}
        lede=${words.welcome.lede}
        next=${{ label: words.welcome.begin, press: begin }}
      >
        <${Door} />
        <//>
        </div>
  ` as VNode;
}
