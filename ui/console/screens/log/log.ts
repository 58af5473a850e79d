/** The log: its state, and a search whose newest page follows it. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ConsoleQueries, EntryNews } from "../../../../lib/console.ts";
import { consoleFindLengthMax } from "../../../../lib/limits.ts";
import { mayGive } from "../../../../lib/operator_commands.ts";
import { dayAndTime, words } from "../../parts/format.ts";
import { Listed, Pages } from "../../parts/listed.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import type { Column } from "../../parts/table.ts";
import type { List, ScreenProps } from "../../state/model.ts";
import { LogState } from "./log_state.ts";

export function Log(props: ScreenProps): VNode {
  const maySearch = mayGive(props.news.operator.role, "search_log");
  return html`
    <div class="stack">
      <${LogState} ...${props} />
      ${maySearch ? html`<${Entries} ...${props} />` : html`
        <${Panel} title="Entries">
          <${Nothing} words="Auditors and admins read the log." />
          <//>
      `}
    </div>
  ` as VNode;
}

type Filter = ConsoleQueries["log"]["query"];

export const filters: [name: keyof Filter, label: string, hint: string][] = [
  ["who", "Who", "operator anna"],
  ["action", "Action", "a part of it"],
  ["terminal", "At terminal", "lobby"],
  ["from", "From, in UTC", "2026-11-25"],
  ["before", "Before, in UTC", "2026-11-26T18:00Z"],
];

function Entries({ state, news, send }: ScreenProps): VNode {
  const list = state.lists.log as List<"log"> | undefined;
  const ask = (query: Filter) => send({ type: "ask", query: { of: "log", ...query } });
  const onSearch = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    const value = (name: string) => String(data.get(name) ?? "").trim();
    ask({
      who: value("who"),
      action: value("action"),
      outcome: value("outcome"),
      terminal: value("terminal"),
      from: value("from"),
      before: value("before"),
      at: "",
    });
  };
  const columns: Column<EntryNews>[] = [
    { head: "Time", isShort: true, cell: ({ timeMs }) => dayAndTime(timeMs, news.bank.timeZone) },
    { head: "Who", isShort: true, cell: ({ who }) => who },
    { head: "Action", cell: ({ action }) => action },
    { head: "Terminal", isMinor: true, cell: ({ terminal }) => terminal },
    {
      head: "Outcome",
      cell: ({ outcome }) =>
        html`<${Pill} tone=${outcome === "ok" ? "good" : "warn"} word=${words(outcome)} />`,
    },
    {
      head: "Place",
      isFigure: true,
      isMinor: true,
      cell: ({ place }) => html`<code class="soft">${place}</code>`,
    },
  ];
  return html`
    <${Panel} title="Entries" note="new entries come on top; each search has an entry">
      <form class="search search--log" role="search" onSubmit=${onSearch}>
        ${filters.map(([name, label, hint]) =>
          html`
            <label class="filter">
              <span>${label}</span>
              <input name=${name} placeholder=${hint} maxlength=${consoleFindLengthMax}
                autocomplete="off" />
            </label>
          `
        )}
        <label class="filter">
          <span>Outcome</span>
          <select name="outcome">
            <option value="">all</option>
            <option value="ok">ok</option>
            <option value="refused">refused</option>
          </select>
        </label>
        <button class="button">Search</button>
      </form>
      <${Listed}
        list=${list}
        label="Entries of the log"
        columns=${columns}
        keyOf=${({ place }: EntryNews) => place}
        empty="No such entry in this part of the log."
      />
      <${Pages}
        list=${list}
        first="Newest"
        next="Earlier"
        onPage=${(at: string) => list && ask({ ...filterIn(list.query), at })}
      />
      <//>
  ` as VNode;
}

function filterIn({ of: _, ...filter }: { of: "log" } & Filter): Filter {
  return filter;
}
