/** Money that went to the differences account: what the bank and a customer may disagree about. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { EntryNews } from "../../../../lib/console.ts";
import { Acts } from "../../parts/acts.ts";
import { dayAndTime } from "../../parts/format.ts";
import { Listed, Pages } from "../../parts/listed.ts";
import { Panel } from "../../parts/panel.ts";
import type { Column } from "../../parts/table.ts";
import type { List, ScreenProps } from "../../state/model.ts";
import { correction } from "../customers/customer_acts.ts";

/** Entries about notes as such, of which no movement is wrong. */
const ofNotes = /^(count the notes|write off)/;

export function Disputes({ state, news, send }: ScreenProps): VNode {
  const list = state.lists.disputes as List<"disputes"> | undefined;
  const columns: Column<EntryNews>[] = [
    { head: "Time", isShort: true, cell: ({ timeMs }) => dayAndTime(timeMs, news.bank.timeZone) },
    { head: "Who", isShort: true, cell: ({ who }) => who },
    { head: "What", cell: ({ action }) => action },
    {
      head: "Terminal",
      cell: ({ terminal: id }) =>
        id !== "" && html`
          <button
            class="opener"
            onClick=${() => send({ type: "go", place: { screen: "terminals", id } })}
          >${id}</button>
        `,
    },
    {
      head: "Place",
      isFigure: true,
      isMinor: true,
      cell: ({ place }) => html`<code class="soft">${place}</code>`,
    },
    {
      head: "Act",
      cell: ({ movement, action }) =>
        movement !== "" && !ofNotes.test(action) &&
        html`<${Acts} acts=${[correction(movement, action)]} news=${news} send=${send} isSmall />`,
    },
  ];
  return html`
    <${Panel} title="Disputes" note="entries about money in the differences account, newest first">
      <${Listed}
        list=${list}
        label="Disputes"
        columns=${columns}
        keyOf=${({ place }: EntryNews) => place}
        empty="This part of the log has no such entry."
      />
      <${Pages}
        list=${list}
        first="Newest"
        next="Earlier"
        onPage=${(at: string) => send({ type: "ask", query: { of: "disputes", at } })}
      />
      <//>
  ` as VNode;
}
