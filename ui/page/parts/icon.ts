/** Line icons, 24 units square, drawn in the colour of their text. */
import type { VNode } from "preact";
import { html } from "htm/preact";

/** The drawing of each name is in `index.html`, where it costs the script nothing. */
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
  | "sealed"
  | "amount"
  | "erase"
  | "shield"
  | "key"
  | "clock"
  | "cut"
  | "lock"
  | "card"
  | "notes"
  | "fault"
  | "search"
  | "more"
  | "person"
  | "show"
  // of the console
  | "today"
  | "terminal"
  | "close";

export function Icon({ name }: { name: IconName }): VNode {
  return html`
    <svg class="icon icon--${name}" viewBox="0 0 24 24" aria-hidden="true">
      <use href="#icon-${name}" />
    </svg>
  ` as VNode;
}

export type Tone = "good" | "calm" | "warn";

/** Draws a large icon in a circle, above a heading. */
export function Emblem({ name, tone = "calm" }: { name: IconName; tone?: Tone }): VNode {
  return html`
    <div class="emblem emblem--${tone}">
      <${Icon} name=${name} />
    </div>
  ` as VNode;
}
