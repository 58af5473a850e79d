/** The password is another one now. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function PasswordChanged({ send, words }: ViewScreenProps<"password_changed">): VNode {
  return html`
    <${Stage}
      emblem=${["check", "good"]}
      heading=${words.password.changedHeading}
      lede=${words.password.changedLede}
      next=${{
        label: words.goOn,
        keys: "enter escape",
        press: () => send({ type: "next" }),
      }}
    />
  ` as VNode;
}
