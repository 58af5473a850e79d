/** The bank answered once and does not now: said at once, with what becomes of the customer. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Lost({ screen, words }: ViewScreenProps<"lost">): VNode {
  const { heading, lede, ledeVisit, help } = words.lost;
  return html`
    <${Stage}
      emblem=${["cut", "warn"]}
      heading=${heading}
      lede=${screen.hadVisit ? ledeVisit : lede}
      aside=${html`<p class="help help--waiting"><span class="pulse" aria-hidden="true"></span>${help}</p>`}
    />
  ` as VNode;
}
