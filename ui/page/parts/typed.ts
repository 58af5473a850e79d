/** One large field, and the key pad that types into it: an amount, or an account's number. */
import type { ComponentChildren, VNode } from "preact";
import { html } from "htm/preact";
import { typedLengthMax } from "../../../lib/limits.ts";
import type { Intent } from "../state/model.ts";
import type { Words } from "../words/words.ts";
import { KeyPad } from "./key_pad.ts";

interface TypedProps {
  typed: string;
  send: (intent: Intent) => void;
}

/** The field, as the form `typed`: a button of the action bar submits it. */
export function TypedField(
  { typed, send, label, before }: TypedProps & { label: string; before?: ComponentChildren },
): VNode {
  const submit = (event: Event) => {
    event.preventDefault();
    send({ type: "use_typed" });
  };
  return html`
    <form id="typed" class="big-field" onSubmit=${submit}>
      <label class="field__label" for="typed-field">${label}</label>
      <div class="big-field__row">
        ${before && html`<span class="big-field__currency" aria-hidden="true">${before}</span>`}
        <input
          class="big-field__input"
          id="typed-field"
          inputmode="none"
          autocomplete="off"
          placeholder="0"
          data-focus
          maxlength=${typedLengthMax}
          value=${typed}
          onInput=${(event: Event) =>
            send({ type: "type", typed: (event.currentTarget as HTMLInputElement).value })}
        />
      </div>
    </form>
  ` as VNode;
}

export function TypedKeys({ typed, send, words }: TypedProps & { words: Words }): VNode {
  const type = (text: string) => send({ type: "type", typed: text });
  return html`<${KeyPad} typed=${typed} onType=${type} words=${words} />` as VNode;
}
