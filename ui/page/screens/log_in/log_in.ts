/** Who is there? The password stays in its field, which is cleared as it is sent. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Icon } from "../../parts/icon.ts";
import { Stage } from "../../parts/stage.ts";

/** Longest texts that the fields take. */
const lengthMax = { username: 64, password: 256 };

/** What is typed is a name and a secret: nothing is to be completed, corrected or remembered. */
const asTyped = {
  autocomplete: "off",
  autocapitalize: "none",
  autocorrect: "off",
  spellcheck: false,
};

export function LogIn({ screen, state, send, words }: ViewScreenProps<"log_in">): VNode {
  const { shown } = screen;
  const busy = state.pending !== null;

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
      aside=${html`<p class="help"><${Icon} name="shield" />${words.logIn.care}</p>`}
      back=${{ label: words.cancel, press: () => send({ type: "back" }) }}
      next=${{ label: busy ? words.logIn.busy : words.logIn.next, form: "log-in", off: busy }}
    >
      <form id="log-in" class="card fields" onSubmit=${submit} aria-busy=${busy}>
        <label class="field">
          <span class="field__label">${words.logIn.username}</span>
          <input
            class="field__input"
            name="username"
            data-focus
            defaultValue=${screen.username}
            maxlength=${lengthMax.username}
            ...${asTyped}
            readonly=${busy}
          />
        </label>
        <div class="field">
          <label class="field__label" for="password">${words.logIn.password}</label>
          <div class="field__row">
            <input
              class="field__input"
              id="password"
              name="password"
              type=${shown ? "text" : "password"}
              maxlength=${lengthMax.password}
              ...${asTyped}
              readonly=${busy}
            />
            <button
              class="field__reveal"
              type="button"
              aria-label=${shown ? words.logIn.hide : words.logIn.show}
              aria-pressed=${shown}
              onClick=${() => send({ type: "show_password", shown: !shown })}
            >
              <${Icon} name="show" />
            </button>
          </div>
        </div>
      </form>
      <//>
  ` as VNode;
}
