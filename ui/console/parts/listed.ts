/** A list: a table of its rows, or the words for an empty list, and buttons for its pages. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ConsoleQueries } from "../../../lib/console.ts";
import type { List, ListName } from "../state/model.ts";
import { Nothing } from "./panel.ts";
import { type Column, Table } from "./table.ts";

type RowOf<Of extends ListName> = ConsoleQueries[Of]["rows"][number];

export function Listed<Of extends ListName>({ list, label, columns, keyOf, onOpen, empty }: {
  list: List<Of> | undefined;
  label: string;
  columns: readonly Column<RowOf<Of>>[];
  keyOf: (row: RowOf<Of>) => string;
  onOpen?: (row: RowOf<Of>) => void;
  /** What is said when there is no row. */
  empty: string;
}): VNode {
  const answer = list?.answer;
  if (!answer) return html`<${Nothing} words="Reading…" />` as VNode;
  if ("failed" in answer) return html`<${Nothing} words=${answer.failed} />` as VNode;
  if (answer.rows.length === 0) {
    return html`<${Nothing} words=${list.isReading ? "Reading…" : empty} />` as VNode;
  }
  return html`<${Table} ...${{ label, columns, rows: answer.rows, keyOf, onOpen }} />` as VNode;
}

/** Draws the ways to a list's first page and to its next one. */
export function Pages<Of extends ListName>({ list, first, next, onPage }: {
  list: List<Of> | undefined;
  first: string;
  next: string;
  /** `from`: where the page begins, or "". */
  onPage: (from: string) => void;
}): VNode {
  const answer = list?.answer;
  const from = answer && "rows" in answer ? answer.next : undefined;
  return html`
    <div class="pages">
      <button class="button button--small" onClick=${() => onPage("")}>${first}</button>
      ${from !== undefined &&
        html`<button class="button button--small" onClick=${() => onPage(from)}>${next}</button>`}
      ${list?.isReading && html`<span class="soft">Reading…</span>`}
    </div>
  ` as VNode;
}
