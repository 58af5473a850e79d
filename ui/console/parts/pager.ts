/** The pages of a list whose rows are counted. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { consoleRowsMax } from "../../../lib/limits.ts";

export function Pager({ after, count, of, onPage }: {
  /** How many rows come before this page, and how many are on it. */
  after: number;
  count: number;
  of: number | undefined;
  onPage: (after: number) => void;
}): VNode | null {
  if (of === undefined || (of <= consoleRowsMax && after === 0)) return null;
  const last = after + count;
  const lastPage = Math.floor(Math.max(0, of - 1) / consoleRowsMax) * consoleRowsMax;
  return html`
    <div class="pages">
      <button
        class="button button--small"
        disabled=${after === 0}
        onClick=${() => onPage(Math.max(0, Math.min(after - consoleRowsMax, lastPage)))}
      >Previous</button>
      <span class="soft">${count === 0 ? "none" : `${after + 1} to ${last}`} of ${of.toLocaleString(
        "en",
      )}</span>
      <button
        class="button button--small"
        disabled=${last >= of}
        onClick=${() => onPage(last)}
      >Next</button>
    </div>
  ` as VNode;
}
