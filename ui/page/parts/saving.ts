/** A button that saves what is on the screen to a file at the machine, and the place of that file. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Saving } from "../state/model.ts";
import { fill, type Words } from "../words/words.ts";
import { Icon } from "./icon.ts";

/** A path reads from left to right in every language: isolated by the marks that Unicode has for it. */
const leftToRight = (path: string, { direction }: Words) =>
  direction === "rtl" ? `\u2066${path}\u2069` : path;

export function SaveButton(
  { label, saving, words, save }: {
    label: string;
    saving: Saving | undefined;
    words: Words;
    save: () => void;
  },
): VNode {
  const text = words.receipt;
  const result = saving === "failed"
    ? text.notSaved
    : typeof saving === "object"
    ? fill(text.saved, { place: leftToRight(saving.place, words) })
    : "";
  return html`
    <div class="saving">
      <button
        class="button button--small"
        type="button"
        data-save
        aria-disabled=${saving === "under_way"}
        onClick=${save}
      >
        <${Icon} name="save" />${saving === "under_way" ? text.saving : label}
      </button>
      <p class="saving__place" role="status"><bdi>${result}</bdi></p>
    </div>
  ` as VNode;
}
