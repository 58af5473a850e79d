/** The bank's mark: the wheel of a strongroom's door. */
import type { VNode } from "preact";
import { html } from "htm/preact";

export function Mark(): VNode {
  return html`
    <svg class="mark" viewBox="0 0 40 40" aria-hidden="true">
      <rect class="mark__ground" width="40" height="40" rx="11" />
      <g class="mark__wheel">
        <circle cx="20" cy="20" r="8.5" />
        <path d="M14 14l-4.5-4.5M26 14l4.5-4.5M14 26l-4.5 4.5M26 26l4.5 4.5" />
        <circle class="mark__hub" cx="20" cy="20" r="2.8" />
      </g>
    </svg>
  ` as VNode;
}

/** Draws the door itself, large, for screens on which nothing else happens. */
export function Door(): VNode {
  const bolts = Array.from({ length: 12 }, (_, index) => {
    const angle = index * Math.PI / 6;
    return html`
      <circle
        class="door__bolt"
        cx=${200 + 152 * Math.cos(angle)}
        cy=${200 + 152 * Math.sin(angle)}
        r="7"
      />
    `;
  });
  const spokes = Array.from({ length: 5 }, (_, index) =>
    html`
      <g transform="rotate(${index * 72} 200 200)">
        <path class="door__spoke" d="M200 176V106" />
        <circle class="door__knob" cx="200" cy="104" r="11" />
      </g>
    `);
  return html`
    <svg class="door" viewBox="0 0 400 400" aria-hidden="true">
      <circle class="door__frame" cx="200" cy="200" r="194" />
      <circle class="door__plate" cx="200" cy="200" r="174" />
      <circle class="door__groove" cx="200" cy="200" r="130" />
      ${bolts}
      <circle class="door__inner" cx="200" cy="200" r="118" />
      <g class="door__wheel">
        <circle class="door__ring" cx="200" cy="200" r="66" />
        ${spokes}
        <circle class="door__hub" cx="200" cy="200" r="28" />
        <circle class="door__pin" cx="200" cy="200" r="9" />
      </g>
    </svg>
  ` as VNode;
}
