/** Before the first view of the machine. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ScreenProps } from "../../parts/screen_props.ts";
import { Door } from "../../parts/mark.ts";
import { Stage } from "../../parts/stage.ts";

export function Starting({ words }: ScreenProps<"starting">): VNode {
  return html`
    <${Stage} heading=${words.starting.heading} lede=${words.starting.lede}>
      <${Door} />
      <//>
  ` as VNode;
}
