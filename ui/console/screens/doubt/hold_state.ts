/** An open movement's state in a word, with its tone. */
import type { HoldNews } from "../../../../lib/console.ts";
import type { Tone } from "../../parts/pill.ts";

export function stateOf({ inDoubt, kind }: HoldNews): { tone: Tone; word: string } {
  if (!inDoubt) return { tone: "calm", word: "open" };
  return {
    tone: "warn",
    word: `in doubt: ${kind === "transfer" ? "see the log" : "count the notes"}`,
  };
}
