/** The account, live: available and booked; a change that was not the customer's is pointed out. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { groupedAccountNumber } from "../../../lib/account_number.ts";
import type { AtmView } from "../../../lib/atm.ts";
import { minorFromText } from "../../../lib/money.ts";
import { money, signedMoney } from "../words/format.ts";
import type { Intent, State } from "../state/model.ts";
import { fill, type Words } from "../words/words.ts";
import { Icon } from "./icon.ts";

interface AccountCardProps {
  view: AtmView;
  state: State;
  words: Words;
  send: (intent: Intent) => void;
  /** The amounts are hidden until the customer touches the card; undefined where they always show. */
  covered?: boolean;
}

export function AccountCard(
  { view, state, words, send, covered }: AccountCardProps,
): VNode | null {
  const account = view.visit?.account;
  if (!account) return null;
  const show = (minor: string) => money(minor, view.currency, words.locale);
  const onHold = (minorFromText(account.booked) ?? 0n) - (minorFromText(account.available) ?? 0n);
  const news = state.balanceNews;
  const amount = show(account.available);
  const amountLook = amount.length > 12
    ? "account__amount account__amount--long"
    : "account__amount";
  return html`
    <div class="account ${news ? "account--news" : ""}">
      <div class="account__row">
        <span class="account__name"><bdi>${account.name ??
          groupedAccountNumber(account.id)}</bdi></span>
        <span class="account__news" role="status">
          ${news &&
            html`<b key=${news.atMs}>${
              fill(words.account.news, {
                change: signedMoney(news.changeMinor, view.currency, words.locale),
              })
            }</b>`}
        </span>
      </div>
      <div class="account__row">
        <p class="account__label">${words.account.available}</p>
        ${covered !== undefined && html`
          <button
            class="account__cover"
            data-cover
            aria-pressed=${!covered}
            onClick=${() => send({ type: "show_balance", shown: covered })}
          >
            <${Icon} name="show" />${covered ? words.account.show : words.account.hide}
          </button>
        `}
      </div>
      ${covered
        ? html`<p class="account__amount account__amount--covered" aria-hidden="true">••••••</p>`
        : html`<p class=${amountLook} key=${account.available}>${amount}</p>`}
      ${covered === false && onHold !== 0n && html`
        <dl class="account__details">
          <div>
            <dt>${words.account.booked}</dt>
            <dd>${show(account.booked)}</dd>
          </div>
          <div>
            <dt>${words.account.onHold}</dt>
            <dd>${show(String(onHold))}</dd>
          </div>
        </dl>
      `}
    </div>
  ` as VNode;
}
