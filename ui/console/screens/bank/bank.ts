/** The bank as a whole: clock, backups and books, its limits, and its operators. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { BankNews } from "../../../../lib/console.ts";
import { Acts } from "../../parts/acts.ts";
import { type Fact, Facts } from "../../parts/facts.ts";
import { ago, bytes, dayAndTime, span } from "../../parts/format.ts";
import { Panel } from "../../parts/panel.ts";
import type { ScreenProps } from "../../state/model.ts";
import { actsOnBank } from "./bank_acts.ts";
import { Limits } from "./limits.ts";
import { Operators } from "./operators.ts";

export function Bank(props: ScreenProps): VNode {
  return html`
    <div class="stack">
      <${BankState} ...${props} />
      <${Limits} ...${props} />
      <${Operators} ...${props} />
    </div>
  ` as VNode;
}

function BankState({ state, news, send }: ScreenProps): VNode {
  const { server: { startedMs, isShared, freeBytes, isRestoring }, log: { backupMs }, bank } = news;
  const facts: Fact[] = [
    ["The bank’s time", `${dayAndTime(news.nowMs, bank.timeZone)}, ${clockWords(news)}`],
    ["Server has run for", span(state.nowMs - startedMs)],
    ["Books", isShared ? "in PostgreSQL" : "in a file"],
    ["Free on the disk", freeBytes === null ? "unknown" : bytes(freeBytes)],
    ["Last backup", isShared ? "by PostgreSQL’s tools" : ago(backupMs, state.nowMs)],
    ...(isRestoring ? [["Restore", "waits for terminals"] as const] : []),
  ];
  return html`
    <${Panel} title="State">
      <${Facts} facts=${facts} />
      <div class="panel__acts">
        <${Acts} acts=${actsOnBank(news)} news=${news} send=${send} />
      </div>
      <//>
  ` as VNode;
}

function clockWords({ server: { clockDoubt, isAhead } }: BankNews): string {
  if (clockDoubt !== null) return "in doubt: no money moves";
  return isAhead ? "ahead of the clock" : "trusted";
}
