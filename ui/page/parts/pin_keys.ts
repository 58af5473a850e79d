/** Digits to press for a PIN: they go into the field that has the focus, and nowhere else. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Words } from "../words/words.ts";
import { Icon } from "./icon.ts";
import { eraseInField, typeInField } from "./keyboard.ts";

const digits = [..."123456789"];

export function PinKeys({ words }: { words: Words }): VNode {
  const key = (face: unknown, label: string, press: () => void, kind = "") =>
    html`
      <button
        class="key ${kind}"
        key=${label}
        type="button"
        aria-label=${label}
        onMouseDown=${(event: Event) => event.preventDefault()}
        onClick=${press}
      >
        ${face}
      </button>
    `;
  const erase = words.amount.erase;
  return html`
    <div class="key-pad" role="group" aria-label=${words.amount.pad} dir="ltr">
      ${digits.map((digit) => key(digit, digit, () => typeInField(digit)))}
      <span></span>
      ${key("0", "0", () => typeInField("0"))}
      ${key(html`<${Icon} name="erase" />`, erase, eraseInField, "key--word")}
    </div>
  ` as VNode;
}
