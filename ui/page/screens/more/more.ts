/** What is done less often. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { placeTile } from "../../parts/tile.ts";

export function More({ view, send, words }: ViewScreenProps<"more">): VNode {
  const tile = placeTile(send);
  const card = view.visit?.card;
  const several = (view.visit?.accounts.length ?? 0) > 1;
  return html`
    <${Stage}
      heading=${words.menu.more}
      lede=${words.menu.moreLede}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
    >
      <div class="tiles">
        ${several && tile("accounts", "swap", words.accounts.other)}
        ${tile("password", "key", words.password.heading)}
        ${card &&
          tile("set_pin", "card", card === "with_pin" ? words.pin.change : words.pin.heading)}
        ${tile("settings", "settings", words.settings.heading)}
      </div>
      <//>
  ` as VNode;
}
