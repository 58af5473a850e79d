/** A table whose figures are aligned; a row may open something. */
import type { ComponentChildren, VNode } from "preact";
import { html } from "htm/preact";

export interface Column<Row> {
  head: string;
  /** Figures are aligned at their end. */
  isFigure?: boolean;
  /** Gives way first where it is narrow. */
  isMinor?: boolean;
  /** Stays on one line. */
  isShort?: boolean;
  /** The cell with which the keyboard opens the row. */
  isOpener?: boolean;
  cell(row: Row): ComponentChildren;
}

/** Handles a click in a row, unless it is on one of its buttons. */
const besidesButtons = (act: () => void) => (event: Event) => {
  if ((event.target as Element).closest("button") === null) act();
};

export function Table<Row>({ label, columns, rows, keyOf, onOpen }: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  onOpen?: (row: Row) => void;
}): VNode {
  const kindOf = ({ isFigure, isMinor, isShort }: Column<Row>) =>
    [isFigure && "number", isMinor && "minor", isShort && "short"].filter(Boolean).join(" ");
  return html`
    <table class="table" aria-label=${label}>
      <thead>
        <tr>${columns.map((column) =>
          html`<th class=${kindOf(column)} scope="col">${column.head}</th>`
        )}</tr>
      </thead>
      <tbody>${rows.map((row) =>
        html`
          <tr key=${keyOf(row)} class=${onOpen ? "opens" : ""} onClick=${onOpen &&
            besidesButtons(() => onOpen(row))}>${columns.map(
              (column) => {
                const cell = column.cell(row);
                return html`<td class=${kindOf(column)}>${
                  column.isOpener && onOpen
                    ? html`<button class="opener" onClick=${() => onOpen(row)}>${cell}</button>`
                    : cell
                }</td>`;
              },
            )}</tr>
        `
      )}</tbody>
    </table>
  ` as VNode;
}
