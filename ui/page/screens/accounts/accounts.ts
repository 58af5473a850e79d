/** Which account? Everything is done with the one that is chosen here. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { groupedAccountNumber } from "../../../../lib/account_number.ts";
import { money } from "../../words/format.ts";
import { fill } from "../../words/words.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Accounts({ view, send, words }: ViewScreenProps<"accounts">): VNode {
  const { accounts = [], account: chosen } = view.visit ?? {};
  return html`
    <${Stage}
      heading=${words.accounts.heading}
      lede=${words.accounts.lede}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
    >
      <div class="accounts">
        ${accounts.map(({ id, name, available }) => {
          const number = fill(words.account.number, { number: groupedAccountNumber(id) });
          return html`
            <button
              class="account-choice"
              key=${id}
              data-account=${id}
              aria-pressed=${id === chosen?.id}
              onClick=${() => send({ type: "choose_account", id })}
            >
              <span class="account-choice__name"><bdi>${name ?? number}</bdi></span>
              <b class="account-choice__amount">${money(available, view.currency, words.locale)}</b>
              <small>${name && number}</small>
              <small>${words.account.available}</small>
            </button>
          `;
        })}
      </div>
      <//>
  ` as VNode;
}
