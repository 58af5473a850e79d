/** A terminal's state in a word. */
import type { TerminalNews } from "../../../../lib/console.ts";
import type { Tone } from "../../parts/pill.ts";

/** Returns the word, and the tone that repeats it. */
export function healthOf(
  { state, contact, problems }: TerminalNews,
): { tone: Tone; word: string } {
  if (state !== "active") return { tone: "off", word: state };
  if (contact === "lost" || contact === "unseen") return { tone: "warn", word: "no contact" };
  return problems.length > 0
    ? { tone: "warn", word: "needs you" }
    : { tone: "good", word: "connected" };
}
