/** The state of the log: checkpoints, witnesses and verification, and the acts about it. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { BankNews, WitnessNews } from "../../../../lib/console.ts";
import { Acts } from "../../parts/acts.ts";
import { type Fact, Facts } from "../../parts/facts.ts";
import { ago, number } from "../../parts/format.ts";
import { Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import { type Column, Table } from "../../parts/table.ts";
import type { ScreenProps } from "../../state/model.ts";
import { acts } from "./log_acts.ts";
import { Verifying } from "./verifying.ts";

export function LogState({ state, news, send }: ScreenProps): VNode {
  const { entries, checkpointMs, checkpointSize, verifiedMs, keyVersion, witnesses } = news.log;
  const facts: Fact[] = [
    ["Entries", number(entries)],
    [
      "Last checkpoint",
      checkpointSize === null
        ? "none"
        : `${number(checkpointSize)} entries${
          checkpointMs === null ? "" : `, ${ago(checkpointMs, state.nowMs)}`
        }`,
    ],
    ["Witnesses", cosigning(news.log)],
    ["Last good verification", ago(verifiedMs, state.nowMs)],
    ["Key", `version ${keyVersion}`],
  ];
  return html`
    <${Panel} title="State">
      <${Facts} facts=${facts} />
      <${Verifying} ...${{ state, news, send }} />
      <div class="panel__acts">
        <${Acts} acts=${acts} news=${news} send=${send} />
      </div>
    <//>
    ${witnesses.length > 0 && html`
      <${Panel} title="Witnesses">
        <${Table}
          label="Witnesses"
          columns=${witnessColumns}
          rows=${witnesses}
          keyOf=${({ name }: WitnessNews) => name}
        />
        <//>
    `}
  ` as VNode;
}

function cosigning({ isStopped, isCosigned }: BankNews["log"]): VNode | string {
  if (isStopped) {
    return html`<${Pill} tone="warn" word="a contradiction: signing has stopped" />` as VNode;
  }
  if (isCosigned === null) return "none";
  return isCosigned ? "enough have cosigned it" : "they have not cosigned it yet";
}

const witnessColumns: Column<WitnessNews>[] = [
  { head: "Witness", cell: ({ name }) => name },
  {
    head: "Last checkpoint",
    cell: ({ hasCosigned }) =>
      html`<${Pill} ...${
        hasCosigned ? { tone: "good", word: "cosigned" } : { tone: "warn", word: "not cosigned" }
      } />`,
  },
  { head: "Why not", cell: ({ why }) => why },
];
