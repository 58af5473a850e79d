/** Letters to press on the screen, for a machine without keys. The field being typed in keeps the focus. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Intent, State } from "../state/model.ts";
import type { Words } from "../words/words.ts";
import { Icon, type IconName } from "./icon.ts";

interface KeyboardProps {
  keyboard: State["keyboard"];
  send: (intent: Intent) => void;
  words: Words;
}

const digits = "1234567890";
const signs = ["@#%&*()/+", "!?\"':;,=$"];

/** Draws a button that brings the keyboard and puts it away. */
export function KeyboardSwitch({ keyboard, send, words }: KeyboardProps): VNode {
  return html`
    <button
      class="button button--small keyboard-switch"
      type="button"
      data-keyboard
      aria-pressed=${keyboard !== null}
      onMouseDown=${keepFocus}
      onClick=${() => send({ type: "keyboard", keyboard: keyboard ? null : "letters" })}
    >
      <${Icon} name="keyboard" />${keyboard ? words.keyboard.hide : words.keyboard.name}
    </button>
  ` as VNode;
}

/** Returns a listener that brings the keyboard when a finger touches a field. */
export function keyboardOnTouch(keyboard: State["keyboard"], send: (intent: Intent) => void) {
  return ({ pointerType, target }: PointerEvent) => {
    const isField = target instanceof HTMLInputElement;
    if (pointerType === "touch" && isField && keyboard === null) {
      send({ type: "keyboard", keyboard: "letters" });
    }
  };
}

export function Keyboard({ keyboard, send, words }: KeyboardProps): VNode | null {
  if (!keyboard) return null;
  const text = words.keyboard;
  const key = (face: unknown, label: string, press: () => void, kind = "") =>
    html`
      <button
        class="letter ${kind}"
        key=${label}
        type="button"
        aria-label=${label}
        onMouseDown=${keepFocus}
        onClick=${press}
      >
        ${face}
      </button>
    `;
  const face = (name: IconName) => html`<${Icon} name=${name} />`;
  const faces = (row: string) => [...row].map((char) => key(char, char, () => typeInField(char)));
  const capitals = keyboard === "capitals";
  const rows = text.rows.split(" ").map((row) => capitals ? row.toUpperCase() : row);
  const shift = () => send({ type: "keyboard", keyboard: capitals ? "letters" : "capitals" });
  const other = keyboard === "signs" ? "letters" : "signs";
  return html`
    <section class="keyboard" aria-label=${text.name} dir="ltr">
      <div>${faces(digits)}</div>
      ${(keyboard === "signs" ? signs : rows.slice(0, 2)).map((row) =>
        html`<div>${faces(row)}</div>`
      )}
      <div>
        ${keyboard !== "signs" &&
          key(face("shift"), text.shift, shift, capitals ? "letter--on" : "letter--wide")}
        ${keyboard !== "signs" && faces(rows[2] ?? "")}
        ${key(face("erase"), words.amount.erase, eraseInField, "letter--wide")}
      </div>
      <div>
        ${key(
          other === "signs" ? "@#" : "abc",
          text[other],
          () => send({ type: "keyboard", keyboard: other }),
          "letter--wide",
        )}
        ${faces("-_")} ${key(" ", text.space, () => typeInField(" "), "letter--space")} ${faces(
          ".",
        )}
      </div>
    </section>
  ` as VNode;
}

function keepFocus(event: Event): void {
  event.preventDefault();
}

/** Returns the field being typed in, or the first one to be filled in. */
function field(): HTMLInputElement | null {
  return document.querySelector(".fields input:focus") ?? document.querySelector(".fields input");
}

/** Types into the field that has the focus, or the first one. */
export function typeInField(text: string): void {
  const input = field();
  if (!input || input.readOnly || input.value.length >= input.maxLength) return;
  input.focus();
  const [start, end] = [input.selectionStart ?? 0, input.selectionEnd ?? 0];
  input.setRangeText(text, start, end, "end");
}

/** Erases what is before the cursor. */
export function eraseInField(): void {
  const input = field();
  if (!input || input.readOnly) return;
  input.focus();
  const [start, end] = [input.selectionStart ?? 0, input.selectionEnd ?? 0];
  input.setRangeText("", start === end ? Math.max(0, start - 1) : start, end, "end");
}
