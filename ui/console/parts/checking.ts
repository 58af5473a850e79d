/** A check that the console's process runs: its button, how far it is, and its result in words. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { LongCheck } from "../../../lib/console.ts";
import { ago, bytes, number } from "./format.ts";

/** What the page says of a check. */
export interface CheckWords {
  verb: string;
  running: string;
  /** What it does. */
  effect: string;
  /** What it counts. */
  units: string;
  heads: Readonly<Record<"good" | "bad" | "failed" | "unsure", string>>;
}

export function Checking({ check, words, nowMs, onBegin }: {
  check: LongCheck;
  words: CheckWords;
  nowMs: number;
  onBegin: () => void;
}): VNode {
  const isRunning = check.state === "running";
  return html`
    <div class="checking">
      <button class="button" disabled=${isRunning} onClick=${onBegin}>
        ${isRunning ? words.running : words.verb}
      </button>
      <div role="status">
        <${Result} ...${{ check, words, nowMs }} />
      </div>
    </div>
  ` as VNode;
}

function Result({ check, words, nowMs }: {
  check: LongCheck;
  words: CheckWords;
  nowMs: number;
}): VNode {
  if (check.state === "idle") return html`<p class="soft">${words.effect}</p>` as VNode;
  if (check.state === "running") {
    const { done, of, isCopying } = check;
    const label = isCopying ? "Copied" : "Checked";
    const amount = isCopying
      ? `${bytes(done)} of ${bytes(of)} copied, to check the copy.`
      : `${number(done)} of about ${number(of)} ${words.units}.`;
    return html`
      <progress aria-label=${label} max=${of} value=${done} />
      <p class="soft">${done > 0 && amount} It goes on when the console locks.</p>
    ` as VNode;
  }
  return html`
    <div class="answer answer--${check.state === "good" ? "good" : "warn"}">
      <b>${words.heads[check.state]}</b> <span class="soft">${ago(check.timeMs, nowMs)}</span>
      <p>${check.words}</p>
    </div>
  ` as VNode;
}
