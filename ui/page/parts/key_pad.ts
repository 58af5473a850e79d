/** Digits to press on the screen. The field that they type into keeps the focus. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Words } from "../words/words.ts";
import { Icon } from "./icon.ts";

const digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

export function KeyPad(
  { typed, onType, words }: { typed: string; onType: (typed: string) => void; words: Words },
): VNode {
  const key = (face: unknown, label: string, press: () => void, kind = "") =>
    html`
      <button
        class="key ${kind}"
        key=${label}
        aria-label=${label}
        onMouseDown=${(event: Event) => event.preventDefault()}
        onClick=${press}
      >
        ${face}
      </button>
    `;
  const add = (text: string) => () => onType(typed + text);
  return html`
    <div class="key-pad" role="group" aria-label=${words.amount.pad} dir="ltr">
      ${digits.map((digit) => key(digit, digit, add(digit)))}
      ${key(words.amount.clear, words.amount.clear, () => onType(""), "key--word")}
      ${key("0", "0", add("0"))}
      ${key(
        html`<${Icon} name="erase" />`,
        words.amount.erase,
        () => onType(typed.slice(0, -1)),
        "key--word",
      )}
    </div>
  ` as VNode;
}
