/** The PIN of the inserted card. It stays in its field, which is cleared as it is sent. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { pinLengthMax } from "../../../../lib/limits.ts";
import { PinKeys } from "../../parts/pin_keys.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { SecretField } from "../../parts/secret_field.ts";
import { Stage } from "../../parts/stage.ts";

export function Pin({ state, send, words }: ViewScreenProps<"pin">): VNode {
  const text = words.card;
  const busy = state.pending !== null;

  const submit = (event: Event) => {
    event.preventDefault();
    const { elements } = event.currentTarget as HTMLFormElement;
    const field = elements.namedItem("pin") as HTMLInputElement;
    if (busy) return;
    if (field.value === "") return field.focus();
    const intent = { type: "log_in_with_card", pin: field.value } as const;
    field.value = "";
    send(intent);
  };

  return html`
    <${Stage}
      heading=${text.heading}
      lede=${text.lede}
      focusHeading=${false}
      aside=${html`
        <form id="pin-form" class="card fields pin-form" onSubmit=${submit} aria-busy=${busy}>
          <${SecretField}
            name="pin"
            label=${text.label}
            lengthMax=${pinLengthMax}
            inputmode="numeric"
            readonly=${busy}
            focus
          />
        </form>
      `}
      back=${{ label: words.cancel, press: () => send({ type: "back" }) }}
      next=${{ label: busy ? words.logIn.busy : text.next, form: "pin-form", off: busy }}
    >
      <${PinKeys} words=${words} />
      <//>
  ` as VNode;
}
