/** The balance alone: what lies between booked and available, and how it came about. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AccountView, Statement } from "../../../../lib/atm.ts";
import { groupedAccountNumber } from "../../../../lib/account_number.ts";
import { minorFromText } from "../../../../lib/money.ts";
import { money } from "../../words/format.ts";
import { AccountCard } from "../../parts/account_card.ts";
import { Details } from "../../parts/details.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { doneAction, Stage } from "../../parts/stage.ts";
import { Entry } from "../history/entries.ts";
import { Chart } from "./chart.ts";

type Props = ViewScreenProps<"balance">;

export function Balance(props: Props): VNode {
  const { screen, state, view, send, words } = props;
  const none: AccountView = { id: "", booked: "", available: "", version: 0 };
  const account = view.visit?.account ?? none;
  const show = (minor: string) => money(minor, view.currency, words.locale);
  const hold = (minorFromText(account.booked) ?? 0n) - (minorFromText(account.available) ?? 0n);
  const rows = [
    hold !== 0n && { name: words.account.booked, value: show(account.booked) },
    hold !== 0n &&
    { name: words.account.onHold, hint: words.balance.holdHint, value: show(String(-hold)) },
    account.name !== undefined &&
    { name: words.balance.account, value: html`<bdi>${groupedAccountNumber(account.id)}</bdi>` },
  ].filter((row) => row !== false);
  return html`
    <${Stage}
      heading=${words.balance.heading}
      lede=${words.balance.lede}
      aside=${html`
        <${AccountCard} view=${view} state=${state} words=${words} send=${send} />
        ${rows.length > 0 && html`<${Details} rows=${rows} />`}
      `}
      next=${doneAction(words, send)}
    >
      <div class="card balance">
        ${screen.statement && html`<${Movements} ...${props} statement=${screen.statement} />`}
        <${Chart}
          ...${{ days: screen.days, picked: screen.day, booked: account.booked, view, words, send }}
        />
      </div>
      <//>
  ` as VNode;
}

/** Draws this month's sums and the last bookings. */
function Movements({ statement, view, words }: Props & { statement: Statement }): VNode {
  const { entries, moneyIn, moneyOut } = statement;
  const text = words.balance;
  const sum = (name: string, minor: string, sign: string, look = "") =>
    html`
      <div class="sum ${look}">
        <dt>${name}</dt>
        <dd>${minor === "0" ? "" : sign}${money(minor, view.currency, words.locale)}</dd>
      </div>
    `;
  return html`
    ${moneyIn !== undefined && moneyOut !== undefined && html`
      <dl class="sums">
        ${sum(text.moneyIn, moneyIn, "+", "sum--in")} ${sum(text.moneyOut, moneyOut, "−")}
      </dl>
    `}
    ${entries.length > 0 && html`
      <section class="balance__last">
        <h2>${text.last}</h2>
        <ul>
          ${entries.map((entry) =>
            html`<${Entry} key=${entry.place} ...${{ entry, view, words }} />`
          )}
        </ul>
      </section>
    `}
  ` as VNode;
}
