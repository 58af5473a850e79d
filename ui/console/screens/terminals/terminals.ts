/** The terminals, those that need attention first. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { TerminalNews } from "../../../../lib/console.ts";
import { Cassettes } from "../../parts/cassettes.ts";
import { ago } from "../../parts/format.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill, type Tone } from "../../parts/pill.ts";
import { type Column, Table } from "../../parts/table.ts";
import type { List, ScreenProps } from "../../state/model.ts";

export function Terminals({ state, news, send }: ScreenProps): VNode {
  const list = state.lists.terminals as List<"terminals"> | undefined;
  const answer = list?.answer;
  const rows = answer && "rows" in answer ? answer.rows : [];
  const columns: Column<TerminalNews>[] = [
    { head: "Terminal", cell: ({ name }) => html`<b>${name}</b>` },
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
      <div class="search">
        <input
          type="search"
          placeholder="Find a terminal"
          aria-label="Find a terminal"
          value=${list?.query.find ?? ""}
          onInput=${(event: InputEvent) => {
            const find = (event.currentTarget as HTMLInputElement).value;
            send({ type: "ask", query: { of: "terminals", find, after: 0 } });
          }}
        />
      </div>
      ${rows.length === 0
        ? html`<${Nothing} words=${answer ? "No such terminal." : "Reading…"} />`
        : html`
          <${Table}
            label="Terminals"
            columns=${columns}
            rows=${rows}
            keyOf=${({ name }: TerminalNews) => name}
          />
        `}
    <//>
  ` as VNode;
}

/** Returns a terminal's state in a word. */
function healthOf({ state, contact, problems }: TerminalNews): { tone: Tone; word: string } {
  if (state !== "active") return { tone: "off", word: state };
  if (contact === "lost" || contact === "unseen") return { tone: "warn", word: "no contact" };
  return problems.length > 0
    ? { tone: "warn", word: "needs you" }
    : { tone: "good", word: "connected" };
}
