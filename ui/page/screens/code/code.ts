/** A signed receipt to photograph, as large as the screen allows. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { QrCode } from "../../parts/qr_code.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { doneAction, Stage } from "../../parts/stage.ts";

export function Code({ screen, view, send, words }: ViewScreenProps<"code">): VNode {
  const text = words.code;
  return html`
    <${Stage}
      heading=${text.heading}
      lede=${text.lede}
      next=${doneAction(words, send)}
    >
      <div class="code">
        <${QrCode} receipt=${screen.code} url=${view.receiptUrl} label=${text.picture} />
      </div>
      <//>
  ` as VNode;
}
