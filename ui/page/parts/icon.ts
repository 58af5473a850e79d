/** Line icons, 24 units square, drawn in the colour of the text beside them. */
import type { VNode } from "preact";
import { html } from "htm/preact";

const paths = {
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  check: "M5 12.5l4.5 4.5L19 7.5",
  leave: "M14 4H6v16h8M10 12h10M17 8.5l3.5 3.5-3.5 3.5",
  withdraw: "M3 6h18v9H3zM12 8.5a2 2 0 100 4 2 2 0 000-4M12 15v6M9 18.5l3 2.5 3-2.5",
  deposit: "M3 9h18v9H3zM12 11.5a2 2 0 100 4 2 2 0 000-4M12 9V3M9 5.5L12 3l3 2.5",
  balance: "M4 20h16M6 17v-6M10.5 17V7M15 17v-4M19 17V4",
  history: "M12 7v5l3.5 2M4 12a8 8 0 108-8 8 8 0 00-6.5 3.3M4.5 3.5v4h4",
  amount:
    "M5 3h14v18H5zM8.5 7h7M8.5 11.5h.01M12 11.5h.01M15.5 11.5h.01M8.5 16h.01M12 16h.01M15.5 16h.01",
  erase: "M8.5 6H20v12H8.5L3.5 12zM11.5 9.5l5 5M16.5 9.5l-5 5",
  shield: "M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.5V6zM9 12l2.2 2.2L15.2 10",
  key: "M8 11a4 4 0 110 6 4 4 0 010-6zM11 12.5L19 4.5M16 7.5l2.5 2.5",
  clock: "M12 3.5a8.5 8.5 0 100 17 8.5 8.5 0 000-17zM12 7.5V12l3 2",
  cut: "M4 12h4M16 12h4M9.5 8.5l5 7M14.5 8.5l-5 7",
  lock: "M6 11h12v9.5H6zM8.5 11V8a3.5 3.5 0 017 0v3M12 14.5v2.5",
  notes: "M3 8h14v8H3zM6.5 5H21v8.5M10 10.5a1.5 1.5 0 100 3 1.5 1.5 0 000-3",
  fault: "M12 4l9 16H3zM12 10v4.5M12 17.2h.01",
  search: "M10.5 4.5a6 6 0 100 12 6 6 0 000-12zM15 15l5 5",
  person: "M12 4a4 4 0 100 8 4 4 0 000-8zM4.5 20.5c.7-4 3.7-6 7.5-6s6.8 2 7.5 6",
  show:
    "M2.5 12c2.5-4.5 5.7-6.5 9.5-6.5s7 2 9.5 6.5c-2.5 4.5-5.7 6.5-9.5 6.5S5 16.5 2.5 12zM12 9a3 3 0 100 6 3 3 0 000-6",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }): VNode {
  return html`
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d=${paths[name]} />
    </svg>
  ` as VNode;
}

/** An icon large and in a circle, above a heading that tells something. */
export function Emblem({ name, tone }: { name: IconName; tone: "good" | "calm" | "warn" }): VNode {
  return html`
    <div class="emblem emblem--${tone}">
      <${Icon} name=${name} />
    </div>
  ` as VNode;
}
