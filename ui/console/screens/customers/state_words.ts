/** The states of accounts in a word, with the tone that repeats it. */
import type { CustomerNews } from "../../../../lib/console.ts";
import type { Tone } from "../../parts/pill.ts";

export const stateWords: Record<CustomerNews["state"], { tone: Tone; word: string }> = {
  open: { tone: "good", word: "open" },
  locked: { tone: "warn", word: "locked" },
  closed: { tone: "off", word: "closed" },
  mixed: { tone: "calm", word: "mixed" },
};
