/** The operators, with their roles and keys. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { OperatorNews } from "../../../../lib/console.ts";
import { secondOperator } from "../../parts/act_fields.ts";
import { Acts } from "../../parts/acts.ts";
import { dayAndTime } from "../../parts/format.ts";
import { Listed } from "../../parts/listed.ts";
import { Panel } from "../../parts/panel.ts";
import type { Column } from "../../parts/table.ts";
import type { Act, List, ScreenProps } from "../../state/model.ts";

export function Operators({ state, news, send }: ScreenProps): VNode {
  const me = state.view?.operator;
  const columns: Column<OperatorNews>[] = [
    {
      head: "Operator",
      cell: ({ operator }) =>
        html`<b>${operator}</b>${operator === me && html`<span class="soft own">you</span>`}`,
    },
    { head: "Role", cell: ({ role }) => role },
    {
      head: "Since",
      isShort: true,
      cell: ({ since }) => dayAndTime(Date.parse(since), news.bank.timeZone),
    },
    {
      head: "Public key",
      isMinor: true,
      cell: ({ publicKey }) => html`<code class="soft">${publicKey.slice(0, 16)}…</code>`,
    },
    {
      head: "Act",
      cell: ({ operator }) =>
        html`<${Acts} acts=${[removal(operator)]} news=${news} send=${send} isSmall />`,
    },
  ];
  return html`
    <${Panel}
      title="Operators"
      note=${news.operator.fourEyes ? "some acts need two of them" : "a bank of one"}
    >
      <${Listed}
        list=${state.lists.operators as List<"operators"> | undefined}
        label="Operators"
        columns=${columns}
        keyOf=${({ operator }: OperatorNews) => operator}
        empty="There is no operator."
      />
      <p class="advice">‘deno task bank operator add NAME’ adds one, in a terminal: no page can.</p>
      <//>
  ` as VNode;
}

export function removal(name: string): Act {
  return {
    title: `Remove ${name}`,
    effect: "The key is not accepted any more, and what it watches ends within a second.",
    withFourEyes: `What it proposed can no longer be approved. ${secondOperator}`,
    command: { command: "remove_operator", name },
    fields: [],
    verb: "Remove",
    isGrave: true,
    confirm: name,
  };
}
