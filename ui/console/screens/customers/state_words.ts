/** The states of accounts and cards in words, with the tone that repeats them. */
import type { CardNews, CustomerNews } from "../../../../lib/console.ts";
import type { Tone } from "../../parts/pill.ts";

export const stateWords: Record<CustomerNews["state"], { tone: Tone; word: string }> = {
  open: { tone: "good", word: "open" },
  locked: { tone: "warn", word: "locked" },
  closed: { tone: "off", word: "closed" },
  mixed: { tone: "calm", word: "mixed" },
};

/** Returns a card's state: a blocked one waits for a log-in with the password. */
export function cardWords({ hasPin, isBlocked }: CardNews): { tone: Tone; word: string } {
  if (isBlocked) return { tone: "warn", word: "blocked by wrong PINs" };
  return hasPin ? { tone: "good", word: "with a PIN" } : { tone: "calm", word: "no PIN yet" };
}
