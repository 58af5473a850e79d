/** One terminal: its state and cash, what is wrong and the mend, its acts, and its entries in the log. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { EntryNews, TerminalNews } from "../../../../lib/console.ts";
import { Acts } from "../../parts/acts.ts";
import { Back } from "../../parts/back.ts";
import { Cassettes } from "../../parts/cassettes.ts";
import { type Fact, Facts } from "../../parts/facts.ts";
import { ago, dayAndTime, money } from "../../parts/format.ts";
import { Listed, Pages } from "../../parts/listed.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import type { Column } from "../../parts/table.ts";
import type { List, ScreenProps } from "../../state/model.ts";
import { healthOf } from "./health.ts";
import { actsOf } from "./terminal_acts.ts";

export function Terminal({ state, news, send }: ScreenProps): VNode {
  const name = state.place.id!;
  const found = (state.lists.terminals as List<"terminals"> | undefined)?.answer;
  const terminal = found && "rows" in found ? found.rows.find((each) => each.name === name) : null;
  return html`
    <div class="stack">
      <${Back} to=${{ screen: "terminals" }} words="All terminals" send=${send} title=${name}>
        ${terminal && html`<${Pill} ...${healthOf(terminal)} />`}
      <//>
      ${terminal
        ? html`
          <${State} ...${{ state, news, send }} terminal=${terminal} />
          <${Acts} acts=${actsOf(terminal, news.bank.currency)} news=${news} send=${send} />
          <${Log} ...${{ state, news, send }} name=${name} />
        `
        : html`<${Nothing} words=${found ? "There is no such terminal." : "Reading…"} />`}
    </div>
  ` as VNode;
}

function State(
  { terminal, news, state }: ScreenProps & { terminal: TerminalNews },
): VNode {
  const { cassettes, notes, problems, lastMs, keyVersion, nextKeyMs, reconciledMs } = terminal;
  const facts: Fact[] = [
    ["Last contact", ago(lastMs, state.nowMs, "not since the server's start")],
    ["Compared with the books", ago(reconciledMs, state.nowMs)],
    ["Key", nextKeyMs === null ? `version ${keyVersion}` : `version ${keyVersion}, the next waits`],
    ["Dispenses on the bank’s tokens alone", tokenWords(terminal)],
    ["Cash", html`<${Cassettes} cassettes=${cassettes} currency=${news.bank.currency} />`],
    ...(notes === null ? [] : [["In the books", money(notes, news.bank.currency)] as const]),
  ];
  return html`
    <${Panel} title="State">
      <${Facts} facts=${facts} />
      ${problems.length > 0 &&
        html`<ul class="problems">${
          problems.map(({ what, mend }) =>
            html`<li class="problem"><b>${what}</b><p>${mend}</p></li>`
          )
        }</ul>`}
    <//>
  ` as VNode;
}

function tokenWords({ device, isDeviceRevoked }: TerminalNews): string {
  if (isDeviceRevoked) return "its device is revoked: it dispenses nothing";
  return device === null ? "no" : `yes, with ${device}`;
}

function Log({ state, news, send, name }: ScreenProps & { name: string }): VNode {
  const list = state.lists.terminal as List<"terminal"> | undefined;
  const ask = (before: string) => send({ type: "ask", query: { of: "terminal", name, before } });
  const columns: Column<EntryNews>[] = [
    { head: "Time", isShort: true, cell: ({ timeMs }) => dayAndTime(timeMs, news.bank.timeZone) },
    { head: "Its entries in the log", cell: ({ action }) => action },
    {
      head: "Place",
      isFigure: true,
      isMinor: true,
      cell: ({ place }) => html`<code class="soft">${place}</code>`,
    },
  ];
  return html`
    <${Panel} title="Log" note="new entries come on top">
      <${Listed}
        list=${list}
        label="Log of ${name}"
        columns=${columns}
        keyOf=${({ place }: EntryNews) => place}
        empty="The log has no entry of it."
      />
      <${Pages} list=${list} first="Newest" next="Earlier" onPage=${ask} />
      <//>
  ` as VNode;
}
