/**
 * What is in doubt: open movements, what terminals and books differ in, and money in the differences
 * account.
 */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ScreenProps } from "../../state/model.ts";
import { Differences } from "./differences.ts";
import { Disputes } from "./disputes.ts";
import { Hold } from "./hold.ts";
import { Holds } from "./holds.ts";

export function Doubt(props: ScreenProps): VNode {
  if (props.state.place.id !== undefined) return html`<${Hold} ...${props} />` as VNode;
  return html`
    <div class="stack">
      <${Holds} ...${props} />
      <${Differences} ...${props} />
      <${Disputes} ...${props} />
    </div>
  ` as VNode;
}
