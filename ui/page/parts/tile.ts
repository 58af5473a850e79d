/** A button that leads to another screen. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Intent, Place } from "../state/model.ts";
import { Icon, type IconName } from "./icon.ts";

/** Returns a function that draws such buttons. */
export function placeTile(send: (intent: Intent) => void) {
  return (to: Place, icon: IconName, name: string): VNode =>
    html`
      <button class="tile" data-go=${to} onClick=${() => send({ type: "go", to })}>
        <span class="tile__icon"><${Icon} name=${icon} /></span>
        <span class="tile__name">${name}</span>
      </button>
    ` as VNode;
}
