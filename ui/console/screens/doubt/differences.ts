/** What terminals have counted otherwise than the books, each with the way to mend it. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { DifferenceNews } from "../../../../lib/console.ts";
import { Acts } from "../../parts/acts.ts";
import { ago } from "../../parts/format.ts";
import { Listed } from "../../parts/listed.ts";
import { Panel } from "../../parts/panel.ts";
import { Pager } from "../../parts/pager.ts";
import type { Column } from "../../parts/table.ts";
import type { List, ScreenProps } from "../../state/model.ts";
import { correction } from "../customers/customer_acts.ts";

export function Differences({ state, news, send }: ScreenProps): VNode {
  const list = state.lists.differences as List<"differences"> | undefined;
  const answer = list?.answer;
  const page = answer && "rows" in answer ? answer : { rows: [] };
  const mendOf = ({ terminal, difference, movement, isOpen }: DifferenceNews) => {
    if (movement === "" || difference.endsWith("the bank has nothing")) {
      return "count its notes: ‘deno task atm cash count’ on the ATM";
    }
    if (isOpen) {
      const place = { screen: "doubt", id: movement, terminal } as const;
      return html`
        <button class="button button--small" onClick=${() => send({ type: "go", place })}>
          Settle
        </button>
      `;
    }
    const acts = [correction(movement, `movement ${movement.slice(0, 8)}… at ${terminal}`)];
    return html`<${Acts} acts=${acts} news=${news} send=${send} isSmall />`;
  };
  const columns: Column<DifferenceNews>[] = [
    { head: "Terminal", isShort: true, isOpener: true, cell: ({ terminal }) => terminal },
    { head: "Difference", cell: ({ difference }) => difference },
    {
      head: "Compared",
      isFigure: true,
      cell: ({ reconciledMs }) => ago(reconciledMs, state.nowMs),
    },
    { head: "Mend", cell: mendOf },
  ];
  return html`
    <${Panel} title="Counts"
      note="differences that each terminal’s last comparison with the books found">
      <${Listed}
        list=${list}
        label="Differences between terminals and books"
        columns=${columns}
        keyOf=${({ terminal, difference }: DifferenceNews) => `${terminal} ${difference}`}
        onOpen=${({ terminal }: DifferenceNews) =>
          send({ type: "go", place: { screen: "terminals", id: terminal } })}
        empty="Every terminal that was compared has what the books have."
      />
      <${Pager}
        after=${list?.query.after ?? 0}
        count=${page.rows.length}
        of=${page.of}
        onPage=${(after: number) => send({ type: "ask", query: { of: "differences", after } })}
      />
      <//>
  ` as VNode;
}
