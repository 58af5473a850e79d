/**
 * Screens read out, where the platform can speak. Only for who has turned it on: an ATM that speaks
 * to everyone tells everyone what is asked of it. What is typed is never spoken.
 */

/** Speaks one text at a time. */
export interface Mouth {
  say(text: string, locale: string): void;
  /** Says nothing more of what it was saying. */
  hush(): void;
}

/** The platform's own voice; undefined where there is none. */
export function platformMouth(): Mouth | undefined {
  const { speechSynthesis: voice } = globalThis;
  if (!voice || typeof SpeechSynthesisUtterance === "undefined") return undefined;
  return {
    say(text, locale) {
      voice.cancel();
      const utterance = new SpeechSynthesisUtterance(text);
      utterance.lang = locale;
      voice.speak(utterance);
    },
    hush: () => voice.cancel(),
  };
}

/** What is read out of a screen: its question, what is to be known of it, and what can be pressed. */
export function spokenOf(root: HTMLElement): string {
  const scope = root.querySelector("[role=alertdialog]") ?? root.querySelector(".screen") ?? root;
  const said = "h1, h2#more-time-heading, .lede, [data-say], .tile__name, .actions .button";
  return [...scope.querySelectorAll(said)]
    .map((each) => each.textContent?.trim().replace(/\s+/g, " ") ?? "")
    .filter((text) => text !== "")
    .map((text) => /[.?!。？！؟]$/.test(text) ? text : `${text}.`)
    .join(" ");
}
