/** How much cash? Amounts that can be paid out right now, or one of the customer's own. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { money } from "../../words/format.ts";
import { Icon } from "../../parts/icon.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { fill } from "../../words/words.ts";
import { Stage } from "../../parts/stage.ts";
import { amountButtons } from "../../parts/amount_buttons.ts";

export function Withdraw({ view, send, words }: ViewScreenProps<"withdraw">): VNode {
  const available = money(view.visit?.account.available ?? "", view.currency, words.locale);
  const { fastAmounts } = view.cash;
  return html`
    <${Stage}
      heading=${words.withdraw.heading}
      lede=${fill(words.withdraw.lede, { available })}
      aside=${fastAmounts.length === 0 && html`<p class="help">${words.withdraw.empty}</p>`}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
    >
      <div class="amounts">
        ${amountButtons({ view, send, words }, fastAmounts)}
        <button
          class="amount-button amount-button--own"
          data-go="amount"
          onClick=${() => send({ type: "go", to: "amount" })}
        >
          <${Icon} name="amount" />${words.withdraw.own}
        </button>
      </div>
      <//>
  ` as VNode;
}
