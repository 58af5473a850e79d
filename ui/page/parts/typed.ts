/** One large field, and the key pad that types into it: an amount, or an account's number. */
import type { ComponentChildren, VNode } from "preact";
import { html } from "htm/preact";
import type { Intent } from "../state/model.ts";
import type { Words } from "../words/words.ts";
import { KeyPad } from "./key_pad.ts";

interface TypedProps {
  typed: string;
  send: (intent: Intent) => void;
}

interface TypedFieldProps extends TypedProps {
  label: string;
  before?: ComponentChildren;
  /** What the field shows instead of what was typed: digits in groups. */
  shown?: string;
  /** Returns what was typed, from what the field shows now; absent where it shows just that. */
  read?: (shown: string) => string;
  /** Why what was typed cannot be used, seen while it is typed. */
  fault?: string | false;
}

/** Texts longer than this are drawn smaller. */
const largeLengthMax = 9;

/** Draws the field, as the form `typed`: a button of the action bar submits it. */
export function TypedField(
  { typed, send, label, before, shown = typed, read = (text) => text, fault }: TypedFieldProps,
): VNode {
  const submit = (event: Event) => {
    event.preventDefault();
    send({ type: "use_typed" });
  };
  const type = (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const after = field.value.length - (field.selectionEnd ?? 0);
    send({ type: "type", typed: read(field.value) });
    // drawn at once: groups change before the caret, not after it
    const caret = Math.max(0, field.value.length - after);
    field.setSelectionRange(caret, caret);
  };
  const look = shown.length > largeLengthMax ? "big-field__input--long" : "";
  return html`
    <form id="typed" class="big-field" onSubmit=${submit}>
      <label class="field__label" for="typed-field">${label}</label>
      <div class="big-field__row">
        ${before && html`<span class="big-field__currency" aria-hidden="true">${before}</span>`}
        <input
          class="big-field__input ${look}"
          id="typed-field"
          inputmode="none"
          autocomplete="off"
          data-focus
          aria-invalid=${!!fault}
          aria-describedby="typed-fault"
          value=${shown}
          onInput=${type}
        />
      </div>
      <p class="help help--fault" id="typed-fault" role="status">${fault || ""}</p>
    </form>
  ` as VNode;
}

export function TypedKeys({ typed, send, words }: TypedProps & { words: Words }): VNode {
  const type = (text: string) => send({ type: "type", typed: text });
  return html`<${KeyPad} typed=${typed} onType=${type} words=${words} />` as VNode;
}
