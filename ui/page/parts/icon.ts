/** Line icons, 24 units square, drawn in the colour of the text beside them. */
import type { VNode } from "preact";
import { html } from "htm/preact";

/** What is drawn for each name stands in `index.html`, where it costs the script nothing. */
export type IconName =
  | "back"
  | "next"
  | "check"
  | "leave"
  | "withdraw"
  | "deposit"
  | "balance"
  | "history"
  | "transfer"
  | "swap"
  | "print"
  | "settings"
  | "sound"
  | "mute"
  | "keyboard"
  | "shift"
  | "save"
  | "sealed"
  | "amount"
  | "erase"
  | "shield"
  | "key"
  | "clock"
  | "cut"
  | "lock"
  | "notes"
  | "fault"
  | "search"
  | "person"
  | "show";

export function Icon({ name }: { name: IconName }): VNode {
  return html`
    <svg class="icon icon--${name}" viewBox="0 0 24 24" aria-hidden="true">
      <use href="#icon-${name}" />
    </svg>
  ` as VNode;
}

export type Tone = "good" | "calm" | "warn";

/** An icon large and in a circle, above a heading that tells something. */
export function Emblem({ name, tone = "calm" }: { name: IconName; tone?: Tone }): VNode {
  return html`
    <div class="emblem emblem--${tone}">
      <${Icon} name=${name} />
    </div>
  ` as VNode;
}
