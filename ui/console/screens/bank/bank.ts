/** The bank as a whole: clock, backups and books, its limits, and its operators. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { BankNews } from "../../../../lib/console.ts";
import { Acts } from "../../parts/acts.ts";
import { type Fact, Facts } from "../../parts/facts.ts";
import { ago, bytes, fullTime, span } from "../../parts/format.ts";
import { Panel } from "../../parts/panel.ts";
import type { ScreenProps } from "../../state/model.ts";
import { Backup } from "./backup.ts";
import { actsOnBank } from "./bank_acts.ts";
import { BooksCheck } from "./books_check.ts";
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

function BankState(props: ScreenProps): VNode {
  const { state, news, send } = props;
  const { server: { startedMs, isShared, freeBytes, restore }, log: { backupMs }, bank } = news;
  const facts: Fact[] = [
    // the console runs where the server does
    ["The server’s clock", fullTime(state.nowMs, bank.timeZone)],
    ["The bank’s time", bankTimeWords(news)],
    ["Server has run for", span(state.nowMs - startedMs)],
    ["Books", isShared ? "in PostgreSQL" : "in a file"],
    ["Free on the disk", freeBytes === null ? "unknown" : bytes(freeBytes)],
    ["Last backup", isShared ? "by PostgreSQL’s tools" : ago(backupMs, state.nowMs)],
    ...(restore ? [["Restore", restoreWords(restore)] as const] : []),
  ];
  return html`
    <${Panel} title="State">
      <${Facts} facts=${facts} />
      <${BooksCheck} ...${props} />
      <${Backup} ...${props} />
      <div class="panel__acts">
        <${Acts} acts=${actsOnBank(news, state.nowMs)} news=${news} send=${send} />
      </div>
      <//>
  ` as VNode;
}

function bankTimeWords({ server: { clockDoubt, aheadMs, isShared }, bank }: BankNews): string {
  if (clockDoubt !== null) return `in doubt, no money moves: ${clockDoubt}`;
  const clock = isShared ? "the database’s clock" : "the server’s clock";
  return aheadMs === null
    ? `that of ${clock}`
    : `stays at ${fullTime(aheadMs, bank.timeZone)} until ${clock} is there`;
}

function restoreWords({ waitingFor }: NonNullable<BankNews["server"]["restore"]>): string {
  return waitingFor === ""
    ? "devices paid without a record: see Today"
    : `customers are not served: waits for ${waitingFor}`;
}
