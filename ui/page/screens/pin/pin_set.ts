/** The PIN is set. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function PinSet({ send, words }: ViewScreenProps<"pin_set">): VNode {
  return html`
    <${Stage}
      emblem=${["check", "good"]}
      heading=${words.pin.setHeading}
      lede=${words.pin.setLede}
      next=${{
        label: words.goOn,
        keys: "enter escape",
        press: () => send({ type: "next" }),
      }}
    />
  ` as VNode;
}
