/** The log-in. The password stays in its field, which is cleared as it is sent. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { usernameLengthMax } from "../../../../lib/limits.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Icon } from "../../parts/icon.ts";
import { Keyboard, keyboardOnTouch, KeyboardSwitch } from "../../parts/keyboard.ts";
import { Reveal } from "../../parts/reveal.ts";
import { asTyped, SecretField } from "../../parts/secret_field.ts";
import { Stage } from "../../parts/stage.ts";

export function LogIn(props: ViewScreenProps<"log_in">): VNode {
  const { screen, state, send, words } = props;
  const { shown } = screen;
  const busy = state.pending !== null;
  const keys = { keyboard: state.keyboard, send, words };

  const submit = (event: Event) => {
    event.preventDefault();
    const { elements } = event.currentTarget as HTMLFormElement;
    const name = elements.namedItem("username") as HTMLInputElement;
    const secret = elements.namedItem("password") as HTMLInputElement;
    if (busy) return;
    if (name.value.trim() === "") return name.focus();
    if (secret.value === "") return secret.focus();
    const intent = { type: "log_in", username: name.value, password: secret.value } as const;
    secret.value = "";
    send(intent);
  };

  return html`
    <${Stage}
      heading=${words.logIn.heading}
      lede=${words.logIn.lede}
      focusHeading=${false}
      aside=${html`
        <p class="help"><${Icon} name="shield" />${words.logIn.care}</p>
        <${KeyboardSwitch} ...${keys} />
      `}
      below=${html`<${Keyboard} ...${keys} />`}
      back=${{ label: words.cancel, press: () => send({ type: "back" }) }}
      next=${{ label: busy ? words.logIn.busy : words.logIn.next, form: "log-in", off: busy }}
    >
      <form
        id="log-in"
        class="card fields"
        onSubmit=${submit}
        onPointerUp=${keyboardOnTouch(state.keyboard, send)}
        aria-busy=${busy}
      >
        <label class="field">
          <span class="field__label">${words.logIn.username}</span>
          <input
            class="field__input"
            name="username"
            data-focus=${screen.username === "" || undefined}
            defaultValue=${screen.username}
            maxlength=${usernameLengthMax}
            ...${asTyped}
            readonly=${busy}
          />
        </label>
        <${SecretField}
          name="password"
          label=${words.logIn.password}
          shown=${shown}
          readonly=${busy}
          focus=${screen.username !== ""}
          reveal=${html`<${Reveal} ...${props} />`}
        />
      </form>
      <//>
  ` as VNode;
}
