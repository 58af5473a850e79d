/** A state in a word, with a colour that repeats it. */
import type { VNode } from "preact";
import { html } from "htm/preact";

export type Tone = "good" | "warn" | "calm" | "off";

export function Pill({ tone, word }: { tone: Tone; word: string }): VNode {
  return html`<span class="pill pill--${tone}">${word}</span>` as VNode;
}
