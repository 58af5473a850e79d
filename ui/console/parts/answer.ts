/** The outcome of an act, in words. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ActAnswer } from "../../../lib/console.ts";

export const unsure = "It may be done: look before you repeat it";

const answers: Record<ActAnswer["outcome"], { head: string; tone: string }> = {
  done: { head: "Done", tone: "good" },
  proposed: { head: "Proposed: a second operator has 24 hours to approve it", tone: "calm" },
  refused: { head: "Not done", tone: "warn" },
  unsure: { head: unsure, tone: "warn" },
};

export function Answer({ answer }: { answer: ActAnswer }): VNode {
  const { head, tone } = answers[answer.outcome];
  const lines = "lines" in answer ? shownLines(answer) : [answer.why];
  return html`
    <div class="answer answer--${tone}" role="status">
      <b>${head}</b>
      ${lines.map((line) => isFile(line) ? html`<pre>${line}</pre>` : html`<p>${line}</p>`)}
    </div>
  ` as VNode;
}

/** Returns whether a line is the text of a file: a checkpoint, a proof, a receipt. */
const isFile = (line: string) => line.endsWith("\n");

/** Returns the lines without what is for the terminal: its command for an approval. */
function shownLines(answer: Extract<ActAnswer, { lines: string[] }>): string[] {
  return answer.outcome === "proposed"
    ? answer.lines.map((line) => line.split("\n")[0]!.replace(/^proposed, and not done yet: /, ""))
    : answer.lines;
}
