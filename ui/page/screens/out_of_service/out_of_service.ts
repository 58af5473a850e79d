/** The bank has not been reached yet. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Door } from "../../parts/mark.ts";
import { Stage } from "../../parts/stage.ts";

export function OutOfService({ words }: ViewScreenProps<"out_of_service">): VNode {
  const { heading, lede, help } = words.outOfService;
  return html`
    <${Stage} heading=${heading} lede=${lede} aside=${html`<p class="help">${help}</p>`}>
      <${Door} still />
      <//>
  ` as VNode;
}
