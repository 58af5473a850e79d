/** A new password. All three stay in their fields, which are cleared as they are sent. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { passwordLengthMin } from "../../../../lib/limits.ts";
import { fill } from "../../words/words.ts";
import { Keyboard, keyboardOnTouch, KeyboardSwitch } from "../../parts/keyboard.ts";
import { Reveal } from "../../parts/reveal.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { SecretField } from "../../parts/secret_field.ts";
import { Stage } from "../../parts/stage.ts";
import type { PasswordFault } from "../../state/model.ts";

/** Returns what is wrong before the bank is asked, and in which field. */
function faultOf(current: string, next: string, again: string): [PasswordFault, string] | null {
  if (current === "") return ["missing", "current"];
  if (next.length < passwordLengthMin) return ["too_short", "next"];
  if (next === current) return ["unchanged", "next"];
  return next === again ? null : ["mismatch", "again"];
}

export function Password(props: ViewScreenProps<"password">): VNode {
  const { screen, state, send, words } = props;
  const { shown, fault } = screen;
  const text = words.password;
  const oneTime = props.view.visit?.oneTime ?? false;
  const busy = state.pending !== null;
  const keys = { keyboard: state.keyboard, send, words };
  const length = String(passwordLengthMin);

  const submit = (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const { elements } = event.currentTarget as HTMLFormElement;
    const field = (name: string) => elements.namedItem(name) as HTMLInputElement;
    const fields = ["current", "next", "again"].map(field);
    const [current = "", next = "", again = ""] = fields.map(({ value }) => value);
    const found = faultOf(current, next, again);
    if (found) {
      const [why, where] = found;
      send({ type: "password_fault", fault: why });
      return field(where).focus();
    }
    for (const each of fields) each.value = "";
    send({ type: "change_password", current, next });
  };

  const secret = (name: "current" | "next" | "again", about: PasswordFault[], more = {}) => {
    const wrong = fault && about.includes(fault) ? "password-fault" : undefined;
    const label = oneTime && name === "current" ? text.oneTime.current : text[name];
    const shared = { name, label, shown, readonly: busy, fault: wrong };
    return html`<${SecretField} ...${{ ...shared, ...more }} />`;
  };
  return html`
    <${Stage}
      heading=${oneTime ? text.oneTime.heading : text.heading}
      lede=${fill(oneTime ? text.oneTime.lede : text.lede, { length })}
      focusHeading=${false}
      aside=${html`
        <p class="help help--fault" id="password-fault" role="alert">
          ${fault && fill(text.faults[fault], { length })}
        </p>
        <${KeyboardSwitch} ...${keys} />
      `}
      below=${html`<${Keyboard} ...${keys} />`}
      back=${{ label: oneTime ? words.logOut : words.cancel, press: () => send({ type: "back" }) }}
      next=${{ label: busy ? words.logIn.busy : text.change, form: "password-form", off: busy }}
    >
      <form
        id="password-form"
        class="card fields"
        onSubmit=${submit}
        onPointerUp=${keyboardOnTouch(state.keyboard, send)}
        aria-busy=${busy}
      >
        ${secret("current", ["missing"], {
          focus: true,
          reveal: html`<${Reveal} ...${props} />`,
        })}
        ${secret("next", ["too_short", "unchanged"])}
        ${secret("again", ["mismatch"])}
      </form>
      <//>
  ` as VNode;
}
