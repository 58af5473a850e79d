/** The visit is over, and why. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Ended({ screen, send, words }: ViewScreenProps<"ended">): VNode {
  const { heading, lede } = words.ended[screen.why];
  const goodbye = screen.why === "logged_out";
  const emblem = goodbye ? ["check", "good"] : [screen.why === "idle" ? "clock" : "lock", "calm"];
  return html`
    <${Stage}
      emblem=${emblem}
      heading=${heading}
      lede=${lede}
      next=${{ label: words.endedNext, keys: "enter escape", press: () => send({ type: "next" }) }}
    />
  ` as VNode;
}
