/** The visit is over, and why. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Emblem } from "../../parts/icon.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Ended({ screen, send, words }: ViewScreenProps<"ended">): VNode {
  const { heading, lede } = words.ended[screen.why];
  const icon = screen.why === "logged_out"
    ? html`<${Emblem} name="check" tone="good" />`
    : html`<${Emblem} name=${screen.why === "idle" ? "clock" : "lock"} tone="calm" />`;
  return html`
    <${Stage}
      kind="tell"
      icon=${icon}
      heading=${heading}
      lede=${lede}
      next=${{ label: words.endedNext, press: () => send({ type: "next" }) }}
    />
  ` as VNode;
}
