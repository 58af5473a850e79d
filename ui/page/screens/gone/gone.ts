/** This page can do no more: its host failed, or another page has taken over. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Gone({ screen, words }: ScreenProps<"gone">): VNode {
  const { heading, lede, help } = words.gone[screen.why];
  return html`
    <${Stage}
      emblem=${screen.why === "stopped" ? ["fault", "warn"] : ["lock", "calm"]}
      heading=${heading}
      lede=${lede}
      aside=${html`<p class="help">${help}</p>`}
    />
  ` as VNode;
}
