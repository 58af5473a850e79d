/** One terminal: its state and cash, what is wrong and the mend, its acts, and its entries in the log. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { EntryNews, TerminalNews } from "../../../../lib/console.ts";
import { mayGive } from "../../../../lib/operator_commands.ts";
import { Icon } from "../../../page/parts/icon.ts";
import { Cassettes } from "../../parts/cassettes.ts";
import { ago, dayAndTime } from "../../parts/format.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import { type Column, Table } from "../../parts/table.ts";
import type { Act, List, ScreenProps } from "../../state/model.ts";
import { healthOf } from "./health.ts";

export function Terminal({ state, news, send }: ScreenProps): VNode {
  const name = state.place.id!;
  const found = (state.lists.terminals as List<"terminals"> | undefined)?.answer;
  const terminal = found && "rows" in found ? found.rows.find((each) => each.name === name) : null;
  return html`
    <div class="terminal">
      <div class="back">
        <button
          class="button button--small"
          onClick=${() => send({ type: "go", place: { screen: "terminals" } })}
        ><${Icon} name="back" />All terminals</button>
        <h2>${name}</h2>
        ${terminal && html`<${Pill} ...${healthOf(terminal)} />`}
      </div>
      ${terminal
        ? html`
          <${State} ...${{ state, news, send }} terminal=${terminal} />
          <${Acts} terminal=${terminal} news=${news} send=${send} />
          <${Log} ...${{ state, news, send }} name=${name} />
        `
        : html`<${Nothing} words=${found ? "There is no such terminal." : "Reading…"} />`}
    </div>
  ` as VNode;
}

function State(
  { terminal, news, state }: ScreenProps & { terminal: TerminalNews },
): VNode {
  const { cassettes, problems, lastMs, keyVersion, nextKeyMs, reconciledMs } = terminal;
  const facts: [name: string, fact: string][] = [
    ["Last contact", ago(lastMs, state.nowMs, "not since the server's start")],
    ["Compared with the books", ago(reconciledMs, state.nowMs)],
    ["Key", nextKeyMs === null ? `version ${keyVersion}` : `version ${keyVersion}, the next waits`],
  ];
  return html`
    <${Panel} title="State">
      <dl class="facts">
        ${facts.map(([name, fact]) =>
          html`
            <div>
              <dt>${name}</dt>
              <dd>${fact}</dd>
            </div>
          `
        )}
        <div><dt>Cash</dt><dd>
          <${Cassettes} cassettes=${cassettes} currency=${news.bank.currency} />
        </dd></div>
      </dl>
      ${problems.length > 0 &&
        html`<ul class="problems">${
          problems.map(({ what, mend }) =>
            html`<li class="problem"><b>${what}</b><p>${mend}</p></li>`
          )
        }</ul>`}
    <//>
  ` as VNode;
}

function Acts(
  { terminal, news, send }: Pick<ScreenProps, "news" | "send"> & { terminal: TerminalNews },
): VNode {
  const acts = actsOf(terminal).filter(({ command }) =>
    mayGive(news.operator.role, command.command)
  );
  if (acts.length === 0) return html`` as VNode;
  return html`
    <div class="acts">${acts.map((act) =>
      html`
        <button class="button" onClick=${() => send({ type: "begin", act })}>${act.verb}</button>
      `
    )}</div>
  ` as VNode;
}

/** Returns what can be done with a terminal in its state. */
export function actsOf({ name, state, nextKeyMs }: TerminalNews): Act[] {
  const [suspend, resume, rotate, revoke]: Act[] = [
    {
      title: `Suspend ${name}`,
      effect: "Its keys are not accepted, and it serves nobody, until it is resumed.",
      command: { command: "suspend_terminal", name },
      fields: [],
      verb: "Suspend",
      isGrave: true,
    },
    {
      title: `Resume ${name}`,
      effect: "Its keys are accepted again.",
      command: { command: "resume_terminal", name },
      fields: [],
      verb: "Resume",
      isGrave: false,
    },
    {
      title: `Give ${name} another key`,
      effect: "It gets the key over its connection; the present key ends when it has used it, or " +
        "in 7 days.",
      command: { command: "rotate_terminal", name, now: false },
      fields: [],
      verb: "Another key",
      isGrave: false,
    },
    {
      title: `Revoke ${name}`,
      effect: "Its keys end for good: the machine must be enrolled under another name.",
      command: { command: "revoke_terminal", name },
      fields: [],
      verb: "Revoke",
      isGrave: true,
      confirm: name,
    },
  ];
  if (state === "revoked") return [];
  if (state === "suspended") return [resume!, revoke!];
  return nextKeyMs === null ? [rotate!, suspend!, revoke!] : [suspend!, revoke!];
}

function Log({ state, news, send, name }: ScreenProps & { name: string }): VNode {
  const list = state.lists.terminal as List<"terminal"> | undefined;
  const answer = list?.answer;
  const rows = answer && "rows" in answer ? answer.rows : [];
  const failed = answer && "failed" in answer ? answer.failed : null;
  const before = answer && "rows" in answer ? answer.next : undefined;
  const ask = (before: string) => send({ type: "ask", query: { of: "terminal", name, before } });
  const columns: Column<EntryNews>[] = [
    { head: "Time", cell: ({ timeMs }) => dayAndTime(timeMs, news.bank.timeZone) },
    { head: "Its entries in the log", cell: ({ action }) => action },
    {
      head: "Place",
      isFigure: true,
      isMinor: true,
      cell: ({ place }) => html`<code class="soft">${place}</code>`,
    },
  ];
  return html`
    <${Panel} title="Log" note="each reading has an entry in the log">
      ${failed !== null
        ? html`<${Nothing} words=${failed} />`
        : rows.length === 0
        ? html`<${Nothing} words=${answer ? "The log has no entry of it." : "Reading…"} />`
        : html`
          <${Table}
            label="Log of ${name}"
            columns=${columns}
            rows=${rows}
            keyOf=${({ place }: EntryNews) => place}
          />
        `}
      <div class="pages">
        <button class="button button--small" onClick=${() => ask("")}>Newest</button>
        ${before !== undefined &&
          html`<button class="button button--small" onClick=${() => ask(before)}>Earlier</button>`}
      </div>
    <//>
  ` as VNode;
}
