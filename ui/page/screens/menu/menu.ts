/** What the customer can do, with the live balance beside it. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { AccountCard } from "../../parts/account_card.ts";
import { Icon, type IconName } from "../../parts/icon.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { hourOfDay } from "../../format.ts";

export function Menu({ state, view, send, words }: ViewScreenProps<"menu">): VNode {
  const tile = (to: "withdraw" | "deposit" | "balance" | "history", hint: string) =>
    html`
      <button class="tile" data-go=${to} onClick=${() => send({ type: "go", to })}>
        <span class="tile__icon"><${Icon} name=${to satisfies IconName} /></span>
        <span class="tile__name">${words.menu[to]}</span>
        <span class="tile__hint">${hint}</span>
      </button>
    `;
  const elsewhere = view.visit?.elsewhere ?? [];
  const hour = hourOfDay(state.nowMs, view.timeZone);
  return html`
    <${Stage}
      heading=${words.menu.greeting(view.visit?.username ?? "", hour)}
      lede=${words.menu.lede}
      aside=${html`
        <${AccountCard} view=${view} state=${state} words=${words} />
        <p class="help" role="status">
          ${elsewhere.length > 0 && html`
            <${Icon} name="person" />${words.menu.elsewhere(elsewhere.join(", "))}
          `}
        </p>
      `}
      back=${{ label: words.logOut, icon: "leave", press: () => send({ type: "back" }) }}
    >
      <div class="tiles">
        ${tile("withdraw", words.menu.withdrawHint)} ${tile("deposit", words.menu.depositHint)}
        ${tile("balance", words.menu.balanceHint)} ${tile("history", words.menu.historyHint)}
      </div>
      <//>
  ` as VNode;
}
