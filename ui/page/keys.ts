/**
 * Enter goes on and Escape goes back, on every screen: each screen marks the buttons that do so. With
 * speech, digits press the choices in their order, and function keys change the speech.
 */
import { choicesOf } from "./speech.ts";
import type { SpeechKey } from "./state/model.ts";

const speechKeys: Record<string, SpeechKey> = {
  F1: "speak",
  F2: "volume",
  F3: "speed",
  F4: "blank",
};

/** Calls `press` with each key of speech, and presses the choices while `isOn`. */
export function listenToSpeechKeys(
  document: Document,
  press: (key: SpeechKey) => void,
  isOn: () => boolean,
): void {
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const key = speechKeys[event.key];
    const digit = /^[1-9]$/.test(event.key) && isOn() &&
      !(event.target instanceof HTMLInputElement);
    if (!key && !digit) return;
    event.preventDefault();
    if (event.repeat) return;
    if (key) press(key);
    else choicesOf(document.body)[Number(event.key) - 1]?.click();
  });
}

/** Presses the visible button with that key among its `data-key`. */
export function listenToKeys(document: Document): void {
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key !== "Enter" && event.key !== "Escape") return;
    if (event.key === "Enter" && takesEnter(event.target)) return;
    const key = event.key.toLowerCase();
    const scope = document.querySelector("[role=alertdialog]") ?? document;
    const button = scope.querySelector<HTMLElement>(`[data-key~=${key}]`);
    if (!button) return;
    event.preventDefault();
    button.click();
  });
}

/** Returns whether an element handles Enter itself. */
function takesEnter(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("button, a, input, select, textarea") !== null;
}
