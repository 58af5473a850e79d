/** The limits of the bank, and those of single accounts and terminals. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { OwnedLimit } from "../../../../lib/console.ts";
import { type Currency, formatMoney, parsePlainAmount } from "../../../../lib/money.ts";
import { secondForMore } from "../../parts/act_fields.ts";
import { Acts } from "../../parts/acts.ts";
import { Listed } from "../../parts/listed.ts";
import { Panel } from "../../parts/panel.ts";
import type { Column } from "../../parts/table.ts";
import type { Act, List, ScreenProps } from "../../state/model.ts";

export function Limits({ state, news, send }: ScreenProps): VNode {
  const columns: Column<OwnedLimit>[] = [
    { head: "Whose", cell: ({ whose }) => whose },
    { head: "Limit", cell: ({ limit }) => limit },
    {
      head: "Amount",
      isFigure: true,
      cell: ({ amount }) => amount === null ? "none" : written(amount, news.bank.currency),
    },
  ];
  return html`
    <${Panel} title="Limits" note="those of an account or a terminal take precedence">
      <${Listed}
        list=${state.lists.limits as List<"limits"> | undefined}
        label="Limits"
        columns=${columns}
        keyOf=${({ whose, limit }: OwnedLimit) => `${whose} ${limit}`}
        empty="There is no limit."
      />
      <div class="panel__acts">
        <${Acts} acts=${[setLimits]} news=${news} send=${send} />
      </div>
      <//>
  ` as VNode;
}

function written(amount: string, currency: Currency): string {
  return formatMoney(parsePlainAmount(amount, currency.exponent)!, currency);
}

const hint = "an amount, or ‘none’; leave empty to keep it";

export const setLimits: Act = {
  title: "Set the bank’s limits",
  effect: "They hold wherever an account or a terminal has no other.",
  withFourEyes: secondForMore,
  command: { command: "set_limits" },
  fields: [
    { name: "withdrawal", label: "One withdrawal", hint, isOptional: true },
    { name: "day", label: "Out of one account in a day", hint, isOptional: true },
    { name: "cashOut", label: "Out of one terminal in a day", hint, isOptional: true },
    { name: "cashIn", label: "Into one terminal in a day", hint, isOptional: true },
  ],
  verb: "Set the bank’s limits",
  isGrave: false,
};
