/** Something is under way that must not be disturbed: there is nothing to press. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Working({ screen, view, words }: ViewScreenProps<"working">): VNode {
  const { heading, lede } = words.working[screen.on];
  const away = view.bank !== "online";
  const icon = html`
    <svg class="wheel" viewBox="0 0 100 100" aria-hidden="true">
      <circle class="wheel__track" cx="50" cy="50" r="42" />
      <circle class="wheel__arc" cx="50" cy="50" r="42" />
    </svg>
  `;
  const aside = html`<p class="help" role="status">${away ? words.working.lost : ""}</p>`;
  return html`
    <${Stage} icon=${icon} heading=${heading} lede=${lede} aside=${aside} />
  ` as VNode;
}
