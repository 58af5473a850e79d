/** The balance alone: booked, available, what lies between them, and the last 30 days. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { groupedAccountNumber } from "../../../../lib/account_number.ts";
import { minorFromText } from "../../../../lib/money.ts";
import { money } from "../../words/format.ts";
import { AccountCard } from "../../parts/account_card.ts";
import { Details } from "../../parts/details.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { Chart } from "./chart.ts";

export function Balance({ screen, state, view, send, words }: ViewScreenProps<"balance">): VNode {
  const account = view.visit?.account ?? { id: "", booked: "", available: "" };
  const show = (minor: string) => money(minor, view.currency, words.locale);
  const hold = (minorFromText(account.booked) ?? 0n) - (minorFromText(account.available) ?? 0n);
  const rows = [
    { name: words.account.booked, value: show(account.booked), strong: true },
    hold !== 0n &&
    { name: words.account.onHold, hint: words.balance.holdHint, value: show(String(-hold)) },
    { name: words.balance.account, value: html`<bdi>${groupedAccountNumber(account.id)}</bdi>` },
  ];
  return html`
    <${Stage}
      heading=${words.balance.heading}
      lede=${words.balance.lede}
      aside=${html`<${AccountCard} view=${view} state=${state} words=${words} send=${send} />`}
      next=${{
        label: words.done,
        icon: "check",
        keys: "enter escape",
        press: () => send({ type: "back" }),
      }}
    >
      <div class="card balance">
        <${Details} rows=${rows} />
        <${Chart}
          ...${{ days: screen.days, picked: screen.day, booked: account.booked, view, words, send }}
        />
      </div>
      <//>
  ` as VNode;
}
