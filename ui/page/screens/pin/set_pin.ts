/** A new PIN, typed twice. Both stay in their fields, which are cleared as they are sent. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { pinLengthMax, pinLengthMin } from "../../../../lib/limits.ts";
import { PinKeys } from "../../parts/pin_keys.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { SecretField } from "../../parts/secret_field.ts";
import { Stage } from "../../parts/stage.ts";
import type { PinFault } from "../../state/model.ts";

/** Returns what is wrong before the bank is asked, and in which field. */
function faultOf(next: string, again: string): [PinFault, "next" | "again"] | null {
  if (!/^[0-9]+$/.test(next) || next.length < pinLengthMin) return ["form", "next"];
  return next === again ? null : ["mismatch", "again"];
}

export function SetPin({ screen, view, state, send, words }: ViewScreenProps<"set_pin">): VNode {
  const { fault } = screen;
  const text = words.pin;
  const busy = state.pending !== null;

  const submit = (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const { elements } = event.currentTarget as HTMLFormElement;
    const field = (name: string) => elements.namedItem(name) as HTMLInputElement;
    const [next, again] = [field("next"), field("again")];
    const pin = next.value;
    // Enter in the first field leads to the second
    if (again.value === "" && faultOf(pin, pin) === null) return again.focus();
    const found = faultOf(pin, again.value);
    if (found) {
      const [why, where] = found;
      send({ type: "pin_fault", fault: why });
      field(where).value = "";
      return field(where).focus();
    }
    for (const each of [next, again]) each.value = "";
    send({ type: "set_pin", pin });
  };

  const secret = (name: "next" | "again", about: PinFault, focus: boolean) =>
    html`
      <${SecretField}
        ...${{ name, focus, label: text[name], readonly: busy, lengthMax: pinLengthMax }}
        inputmode="numeric"
        fault=${fault === about ? "pin-fault" : undefined}
      />
    `;
  return html`
    <${Stage}
      heading=${view.visit?.card === "with_pin" ? text.change : text.heading}
      lede=${text.lede}
      focusHeading=${false}
      aside=${html`
        <form id="pin-form" class="card fields pin-form" onSubmit=${submit} aria-busy=${busy}>
          ${secret("next", "form", true)} ${secret("again", "mismatch", false)}
        </form>
        <p class="help help--fault" id="pin-fault" role="alert">${fault && text.faults[fault]}</p>
      `}
      back=${{ label: words.cancel, press: () => send({ type: "back" }) }}
      next=${{ label: busy ? words.logIn.busy : text.set, form: "pin-form", off: busy }}
    >
      <${PinKeys} words=${words} />
      <//>
  ` as VNode;
}
