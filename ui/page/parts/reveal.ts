/** Shows and hides what is typed into the password fields of a screen. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ScreenProps } from "./screen_props.ts";
import { Icon } from "./icon.ts";

export function Reveal({ screen, send, words }: ScreenProps<"log_in" | "password">): VNode {
  const { shown = false } = screen;
  return html`
    <button
      class="field__reveal"
      type="button"
      aria-label=${shown ? words.logIn.hide : words.logIn.show}
      aria-pressed=${shown}
      onClick=${() => send({ type: "show_password", shown: !shown })}
    >
      <${Icon} name="show" />
    </button>
  ` as VNode;
}
