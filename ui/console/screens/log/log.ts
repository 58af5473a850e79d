/** The log: its state and the acts about it, and a search whose newest page follows it. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { ConsoleQueries, EntryNews } from "../../../../lib/console.ts";
import { consoleFindLengthMax } from "../../../../lib/limits.ts";
import { mayGive } from "../../../../lib/operator_commands.ts";
import { Acts } from "../../parts/acts.ts";
import { type Fact, Facts } from "../../parts/facts.ts";
import { ago, dayAndTime, number, words } from "../../parts/format.ts";
import { Listed, Pages } from "../../parts/listed.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import type { Column } from "../../parts/table.ts";
import type { Act, List, ScreenProps } from "../../state/model.ts";

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

function LogState({ state, news, send }: ScreenProps): VNode {
  const { entries, checkpointMs, checkpointSize, isCosigned, isStopped, verifiedMs, keyVersion } =
    news.log;
  const facts: Fact[] = [
    ["Entries", number(entries)],
    ["Last good verification", ago(verifiedMs, state.nowMs)],
    [
      "Last checkpoint",
      checkpointSize === null
        ? "none"
        : `${number(checkpointSize)} entries${
          checkpointMs === null ? "" : `, ${ago(checkpointMs, state.nowMs)}`
        }`,
    ],
    [
      "Witnesses",
      isStopped
        ? html`<${Pill} tone="warn" word="a contradiction: signing has stopped" />`
        : isCosigned === null
        ? "none"
        : isCosigned
        ? "enough have cosigned it"
        : "they have not cosigned it yet",
    ],
    ["Key", `version ${keyVersion}`],
  ];
  return html`
    <${Panel} title="State">
      <${Facts} facts=${facts} />
      <p class="advice">‘deno task bank audit verify --first-key FILE’ verifies every entry: the first
        key is a file of yours, which neither the server nor this page ever has.</p>
      <div class="panel__acts">
        <${Acts} acts=${acts} news=${news} send=${send} />
      </div>
      <//>
  ` as VNode;
}

const reference = {
  name: "reference",
  label: "Entry or movement",
  hint: "a place, such as 1.4711, as a receipt has it, or a movement’s id",
};

const acts: readonly Act[] = [
  {
    title: "Check the books",
    effect:
      "Works all balances out again from the movements, and compares every row with the log. " +
      "It takes some minutes in a large bank.",
    command: { command: "check_ledger" },
    fields: [],
    verb: "Check the books",
    isGrave: false,
  },
  {
    title: "Take a checkpoint",
    effect: "Signs the end of the log. Keep its text where the bank cannot change it.",
    command: { command: "take_checkpoint" },
    fields: [],
    verb: "Take a checkpoint",
    isGrave: false,
  },
  {
    title: "Proof of an entry",
    effect: "Shows a stranger that the log has it, under a checkpoint.",
    command: { command: "read_receipt", reference: "", note: false },
    fields: [reference],
    verb: "Proof of an entry",
    isGrave: false,
  },
  {
    title: "Signed receipt",
    effect: "The bank’s word that a movement is in the log.",
    command: { command: "read_receipt", reference: "", note: true },
    fields: [reference],
    verb: "Signed receipt",
    isGrave: false,
  },
  {
    title: "Another key for the log",
    effect: "New entries are sealed under it. Copy bank.keys again after it.",
    command: { command: "rotate_audit_key" },
    fields: [],
    verb: "Another key",
    isGrave: true,
  },
];

type Filter = ConsoleQueries["log"]["query"];

const filters: [name: keyof Filter, label: string, hint: string][] = [
  ["who", "Who", "operator anna"],
  ["action", "Action", "a part of it"],
  ["terminal", "At terminal", "lobby"],
  ["from", "From", "2026-11-25"],
  ["before", "Before", "2026-11-26T18:00Z"],
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
