/**
 * Reads screens out, and what is typed into them, once a customer has turned it on: a voice reaches
 * everyone around. Of a password only the number of its characters is spoken.
 */
import type { Language, Speech } from "../../lib/atm.ts";
import { fill, type Words } from "./words/words.ts";

/** Speaks one text at a time. */
export interface Speaker {
  /** Returns whether it has a voice for a language. */
  has(language: Language): boolean;
  speak(speech: Speech): void;
  /** Stops in the middle of a text. */
  stop(): void;
}

/** Returns the platform's own voice; undefined if none exists. */
export function platformSpeaker(): Speaker | undefined {
  const { speechSynthesis: voice } = globalThis;
  if (!voice || typeof SpeechSynthesisUtterance === "undefined") return undefined;
  return {
    has: (language) => voice.getVoices().some(({ lang }) => lang.startsWith(language)),
    speak({ text, language, rate, volume }) {
      voice.cancel();
      const utterance = new SpeechSynthesisUtterance(text);
      Object.assign(utterance, { lang: language, rate, volume });
      voice.speak(utterance);
    },
    stop: () => voice.cancel(),
  };
}

/** What is read out of a screen, in the order in which it has them. */
const spoken = [
  "h1",
  "#more-time-heading",
  ".lede",
  ".details__row",
  ".account__amount:not(.account__amount--covered)",
  ".stack__label",
  ".countdown",
  ".help",
  ".counted",
  ".entries__day",
  "div.entry__row",
  ".field__label",
].join();

/** The buttons that digits press: not those of the pads, and none that is off. */
const choices = "button:not([data-key], .key, .letter, .field__reveal, [aria-disabled=true])";

/** Returns what keys act on: the question over the screen, or the screen. */
function scopeOf(root: Element): Element {
  return root.querySelector("[role=alertdialog]") ?? root.querySelector(".screen") ?? root;
}

/** Returns the buttons of a screen that the digits from 1 press. */
export function choicesOf(root: Element): HTMLElement[] {
  return [...scopeOf(root).querySelectorAll<HTMLElement>(choices)].slice(0, 9);
}

/** Returns what is read out of a screen: what it says, what can be chosen, and what Enter does. */
export function spokenOf(root: Element, words: Words): string {
  const scope = scopeOf(root);
  const said = [...scope.querySelectorAll(spoken)].filter((each) => !each.closest("button"))
    .map(textOf);
  const chosen = choicesOf(root).map((button, index) =>
    fill(words.speech.choice, { key: String(index + 1), name: nameOf(button) })
  );
  const byKey = (key: string, wording: string) => {
    const button = scope.querySelector(`[data-key~=${key}]:not([aria-disabled=true])`);
    return button ? fill(wording, { name: nameOf(button) }) : "";
  };
  const keys = [byKey("enter", words.speech.enter), byKey("escape", words.speech.cancel)];
  return sentences([...said, ...chosen, ...keys]);
}

/** Returns what is said of a field that has just changed, with why it cannot be used. */
export function typedOf(root: Element): string {
  const field = root.querySelector<HTMLInputElement>("#typed-field");
  if (!field) return "";
  const unit = root.querySelector(".big-field__currency")?.textContent ?? "";
  const value = unit === "" ? [...field.value].join(" ") : `${field.value} ${unit}`;
  return sentences([value, textOf(root.querySelector("#typed-fault"))]);
}

/** Returns what is said of a key in a field of a name or a secret; empty where it types nothing. */
export function keyOf(field: HTMLInputElement, key: string, words: Words): string {
  if (key.length !== 1) return "";
  return field.type === "password" ? words.speech.masked : key;
}

/** Returns what is said of a field of a name or a secret as it gets the focus. */
export function labelOf(field: HTMLInputElement): string {
  return textOf(field.labels?.[0] ?? null);
}

function nameOf(button: Element): string {
  return button.getAttribute("aria-label") ?? textOf(button);
}

/** Returns the text of an element, with spaces between its parts. */
function textOf(element: Element | null): string {
  if (element === null) return "";
  const parts: string[] = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement: parent, textContent } = walker.currentNode;
    if (!parent?.closest("[aria-hidden=true]")) parts.push(textContent?.trim() ?? "");
  }
  return parts.filter((part) => part !== "").join(" ").replace(/\s+/g, " ");
}

function sentences(texts: string[]): string {
  return texts.filter((text) => text !== "")
    .map((text) => /[.?!。？！؟]$/.test(text) ? text : `${text}.`).join(" ");
}
