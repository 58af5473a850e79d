/** What the customer can do, and the live balance. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { AccountCard } from "../../parts/account_card.ts";
import { Icon, type IconName } from "../../parts/icon.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { hourOfDay } from "../../words/format.ts";
import { fill } from "../../words/words.ts";
import type { Place } from "../../state/model.ts";

export function Menu({ state, view, send, words }: ViewScreenProps<"menu">): VNode {
  const tile = (to: Place, icon: IconName, name: string, hint: string) =>
    html`
      <button class="tile" data-go=${to} onClick=${() => send({ type: "go", to })}>
        <span class="tile__icon"><${Icon} name=${icon} /></span>
        <span class="tile__name">${name}</span>
        <span class="tile__hint">${hint}</span>
      </button>
    `;
  const { menu } = words;
  const several = view.visit && view.visit.accounts.length > 1;
  const elsewhere = view.visit?.elsewhere ?? [];
  const hour = hourOfDay(state.nowMs, view.timeZone);
  return html`
    <${Stage}
      heading=${fill(menu.greeting[timeOfDay(hour)], { name: view.visit?.username ?? "" })}
      lede=${words.menu.lede}
      aside=${html`
        <${AccountCard} view=${view} state=${state} words=${words} />
        ${several && html`
          <button
            class="button button--small"
            data-go="accounts"
            onClick=${() => send({ type: "go", to: "accounts" })}
          >
            <${Icon} name="swap" />${words.accounts.other}
          </button>
        `}
        <p class="help" role="status">
          ${elsewhere.length > 0 && html`
            <${Icon} name="person" />${fill(menu.elsewhere, { atms: elsewhere.join(", ") })}
          `}
        </p>
      `}
      back=${{ label: words.logOut, icon: "leave", press: () => send({ type: "back" }) }}
    >
      <div class="tiles">
        ${tile("withdraw", "withdraw", menu.withdraw, menu.withdrawHint)}
        ${tile("deposit", "deposit", menu.deposit, menu.depositHint)}
        ${tile("recipient", "transfer", menu.transfer, menu.transferHint)}
        ${tile("balance", "balance", menu.balance, menu.balanceHint)}
        ${tile("history", "history", menu.history, menu.historyHint)}
        ${tile("password", "key", menu.password, menu.passwordHint)}
      </div>
      <//>
  ` as VNode;
}

/** What to greet with: night is evening, until it is morning. */
export function timeOfDay(hour: number): "morning" | "afternoon" | "evening" {
  return hour < 5 || hour >= 18 ? "evening" : hour < 12 ? "morning" : "afternoon";
}
