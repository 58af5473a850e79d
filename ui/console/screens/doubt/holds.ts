/** Open movements: authorised, and not settled. Those in doubt wait for an operator. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { HoldNews } from "../../../../lib/console.ts";
import { Find } from "../../parts/find.ts";
import { money, span } from "../../parts/format.ts";
import { Listed } from "../../parts/listed.ts";
import { Pager } from "../../parts/pager.ts";
import { Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import type { Column } from "../../parts/table.ts";
import type { List, ScreenProps } from "../../state/model.ts";
import { stateOf } from "./hold_state.ts";

export function Holds({ state, news, send }: ScreenProps): VNode {
  const list = state.lists.holds as List<"holds"> | undefined;
  const { find = "", after = 0 } = list?.query ?? {};
  const answer = list?.answer;
  const page = answer && "rows" in answer ? answer : { rows: [] };
  const ask = (find: string, after: number) =>
    send({ type: "ask", query: { of: "holds", find, after } });
  const columns: Column<HoldNews>[] = [
    { head: "Customer", cell: ({ customer }) => customer, isOpener: true },
    { head: "Movement", cell: ({ kind }) => kind },
    { head: "Amount", isFigure: true, cell: ({ amount }) => money(amount, news.bank.currency) },
    { head: "Terminal", cell: ({ terminal }) => terminal },
    { head: "Open for", isFigure: true, cell: ({ timeMs }) => span(state.nowMs - timeMs) },
    { head: "State", cell: (hold) => html`<${Pill} ...${stateOf(hold)} />` },
  ];
  return html`
    <${Panel} title="Open movements"
      note="authorised and not settled: those in doubt first, then the oldest">
      ${(news.holds.count > 0 || find !== "") && html`
        <${Find}
          label="Find an open movement"
          hint="Customer, terminal or movement"
          find=${find}
          onFind=${(find: string) => ask(find, 0)}
        />
      `}
      <${Listed}
        list=${list}
        label="Open movements"
        columns=${columns}
        keyOf=${({ movement }: HoldNews) => movement}
        onOpen=${({ movement, terminal }: HoldNews) =>
          send({ type: "go", place: { screen: "doubt", id: movement, terminal } })}
        empty=${find === "" ? "No movement is open." : "No such movement is open."}
      />
      <${Pager}
        after=${after}
        count=${page.rows.length}
        of=${page.of}
        onPage=${(after: number) => ask(find, after)}
      />
      <//>
  ` as VNode;
}
