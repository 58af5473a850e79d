/** The account, live: available and booked; a change that was not the customer's is pointed out. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView } from "../../../lib/atm.ts";
import { minorFromText } from "../../../lib/money.ts";
import { money, signedMoney } from "../words/format.ts";
import type { State } from "../state/model.ts";
import { fill, type Words } from "../words/words.ts";

export function AccountCard(
  { view, state, words, brief }: {
    view: AtmView;
    state: State;
    words: Words;
    /** Without the booked balance, where the screen shows that elsewhere. */
    brief?: boolean;
  },
): VNode | null {
  const account = view.visit?.account;
  if (!account) return null;
  const show = (minor: string) => money(minor, view.currency, words.locale);
  const onHold = (minorFromText(account.booked) ?? 0n) - (minorFromText(account.available) ?? 0n);
  const news = state.balanceNews;
  return html`
    <div class="account ${news ? "account--news" : ""}">
      <div class="account__row">
        <span class="account__name">
          ${account.name && html`
            <bdi>${account.name}</bdi> ·
          `}${words.account.available}
        </span>
        <span class="account__news" role="status">
          ${news &&
            html`<b key=${news.atMs}>${
              fill(words.account.news, {
                change: signedMoney(news.changeMinor, view.currency, words.locale),
              })
            }</b>`}
        </span>
      </div>
      <p class="account__amount" key=${account.available}>${show(account.available)}</p>
      ${!brief && html`
        <dl class="account__details">
          <div><dt>${words.account.booked}</dt><dd>${show(account.booked)}</dd></div>
          ${onHold !== 0n &&
            html`
              <div>
                <dt>${words.account.onHold}</dt>
                <dd>${show(String(onHold))}</dd>
              </div>
            `}
        </dl>
      `}
    </div>
  ` as VNode;
}
