/** The bank is back after it was lost. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Back({ screen, send, words }: ViewScreenProps<"back">): VNode {
  const { heading, lede, ledeVisit, next } = words.bankBack;
  return html`
    <${Stage}
      emblem=${["check", "good"]}
      heading=${heading}
      lede=${screen.hadVisit ? ledeVisit : lede}
      next=${{ label: next, press: () => send({ type: "next" }) }}
    />
  ` as VNode;
}
