/**
 * Reads screens out, where the platform can speak, and only if the customer has turned it on: a
 * voice reaches everyone around. What is typed is never spoken.
 */

/** Speaks one text at a time. */
export interface Speaker {
  speak(text: string, locale: string): void;
  /** Stops in the middle of a text. */
  stop(): void;
}

/** Returns the platform's own voice; undefined if none exists. */
export function platformSpeaker(): Speaker | undefined {
  const { speechSynthesis: voice } = globalThis;
  if (!voice || typeof SpeechSynthesisUtterance === "undefined") return undefined;
  return {
    speak(text, locale) {
      voice.cancel();
      const utterance = new SpeechSynthesisUtterance(text);
      utterance.lang = locale;
      voice.speak(utterance);
    },
    stop: () => voice.cancel(),
  };
}

/** Returns what is read out of a screen: its question, its details, and what can be pressed. */
export function spokenOf(root: HTMLElement): string {
  const scope = root.querySelector("[role=alertdialog]") ?? root.querySelector(".screen") ?? root;
  const spoken = "h1, h2#more-time-heading, .lede, .tile__name, .actions .button";
  return [...scope.querySelectorAll(spoken)]
    .map((each) => each.textContent?.trim().replace(/\s+/g, " ") ?? "")
    .filter((text) => text !== "")
    .map((text) => /[.?!。？！؟]$/.test(text) ? text : `${text}.`)
    .join(" ");
}
