/**
 * What is in doubt: open movements, what terminals and books differ in, and money in the differences
 * account.
 */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { HoldNews } from "../../../../lib/console.ts";
import { money, span } from "../../parts/format.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import { type Column, Table } from "../../parts/table.ts";
import type { ScreenProps } from "../../state/model.ts";
import { Differences } from "./differences.ts";
import { Disputes } from "./disputes.ts";
import { Hold } from "./hold.ts";
import { stateOf } from "./hold_state.ts";

export function Doubt(props: ScreenProps): VNode {
  if (props.state.place.id !== undefined) return html`<${Hold} ...${props} />` as VNode;
  return html`
    <div class="stack">
      <${Holds} ...${props} />
      <${Differences} ...${props} />
      <${Disputes} ...${props} />
    </div>
  ` as VNode;
}

function Holds({ state, news, send }: ScreenProps): VNode {
  const { count, rows } = news.holds;
  const columns: Column<HoldNews>[] = [
    { head: "Customer", cell: ({ customer }) => customer, isOpener: true },
    { head: "Movement", cell: ({ kind }) => kind },
    { head: "Amount", isFigure: true, cell: ({ amount }) => money(amount, news.bank.currency) },
    { head: "Terminal", cell: ({ terminal }) => terminal },
    { head: "Open for", isFigure: true, cell: ({ timeMs }) => span(state.nowMs - timeMs) },
    { head: "State", cell: (hold) => html`<${Pill} ...${stateOf(hold)} />` },
  ];
  return html`
    <${Panel}
      title="Open movements"
      note=${count > rows.length
        ? `authorised and not settled: the oldest ${rows.length} of ${count}`
        : "authorised and not settled"}
    >
      ${rows.length === 0 ? html`<${Nothing} words="No movement is open." />` : html`
        <${Table}
          label="Open movements"
          columns=${columns}
          rows=${rows}
          keyOf=${({ movement }: HoldNews) => movement}
          onOpen=${({ movement, terminal }: HoldNews) =>
            send({ type: "go", place: { screen: "doubt", id: movement, terminal } })}
        />
      `}
    <//>
  ` as VNode;
}
