/** The terminals, those that need attention first. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { TerminalNews } from "../../../../lib/console.ts";
import { Cassettes } from "../../parts/cassettes.ts";
import { Find } from "../../parts/find.ts";
import { ago } from "../../parts/format.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pager } from "../../parts/pager.ts";
import { Pill } from "../../parts/pill.ts";
import { type Column, Table } from "../../parts/table.ts";
import type { List, ScreenProps } from "../../state/model.ts";
import { healthOf } from "./health.ts";
import { Terminal } from "./terminal.ts";

export function Terminals(props: ScreenProps): VNode {
  const Part = props.state.place.id === undefined ? AllTerminals : Terminal;
  return html`<${Part} ...${props} />` as VNode;
}

function AllTerminals({ state, news, send }: ScreenProps): VNode {
  const list = state.lists.terminals as List<"terminals"> | undefined;
  const answer = list?.answer;
  const rows = answer && "rows" in answer ? answer.rows : [];
  const { find = "", after = 0 } = list?.query ?? {};
  const ask = (find: string, after: number) =>
    send({ type: "ask", query: { of: "terminals", find, after } });
  const columns: Column<TerminalNews>[] = [
    { head: "Terminal", cell: ({ name }) => name, isShort: true, isOpener: true },
    { head: "State", cell: (terminal) => html`<${Pill} ...${healthOf(terminal)} />` },
    {
      head: "Last contact",
      isFigure: true,
      cell: ({ lastMs }) => ago(lastMs, state.nowMs, "not since the start"),
    },
    {
      head: "Cash",
      cell: ({ cassettes }) =>
        html`<${Cassettes} cassettes=${cassettes} currency=${news.bank.currency} />`,
    },
    { head: "What is wrong", cell: ({ problems }) => problems[0]?.what ?? "" },
  ];
  return html`
    <${Panel} title="Terminals" note=${answer && "of" in answer ? String(answer.of) : ""}>
      <${Find}
        label="Find a terminal"
        find=${find}
        onFind=${(find: string) => ask(find, 0)}
      />
      ${rows.length === 0
        ? html`<${Nothing} words=${answer ? "No such terminal." : "Reading…"} />`
        : html`
          <${Table}
            label="Terminals"
            columns=${columns}
            rows=${rows}
            keyOf=${({ name }: TerminalNews) => name}
            onOpen=${({ name }: TerminalNews) =>
              send({ type: "go", place: { screen: "terminals", id: name } })}
          />
          <${Pager}
            after=${after}
            count=${rows.length}
            of=${answer && "of" in answer ? answer.of : undefined}
            onPage=${(after: number) => ask(find, after)}
          />
        `}
    <//>
  ` as VNode;
}
