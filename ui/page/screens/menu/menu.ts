/** What the customer can do: cash first, at amounts that can be had now. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { AccountCard } from "../../parts/account_card.ts";
import { amountButtons } from "../../parts/amount_buttons.ts";
import { LimitNote } from "../../parts/limit_note.ts";
import { Icon } from "../../parts/icon.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { placeTile } from "../../parts/tile.ts";
import { affordable, cashMost, lastAmount } from "../../state/cash.ts";
import { hourOfDay, sentence, shortMoney } from "../../words/format.ts";
import { fill } from "../../words/words.ts";

/** Amounts on the menu, before the one of the customer's own. */
const amountsMax = 3;

export function Menu({ state, view, send, words }: ViewScreenProps<"menu">): VNode {
  const { menu } = words;
  const tile = placeTile(send);
  const elsewhere = view.visit?.elsewhere ?? [];
  const last = lastAmount(view);
  const amounts = affordable(view, amountsMax + 1).filter((amount) => amount !== last)
    .slice(0, amountsMax);
  const hour = hourOfDay(state.nowMs, view.timeZone);
  return html`
    <${Stage}
      heading=${fill(menu.greeting[timeOfDay(hour)], {
        name: view.visit?.displayName ?? sentence(view.visit?.username ?? ""),
      })}
      lede=${words.menu.lede}
      aside=${html`
        <${AccountCard} ...${{ view, state, words, send }} covered=${state.balanceShownAtMs ===
          null} />
        <p class="help" role="status">
          ${elsewhere.length > 0 && html`
            <${Icon} name="person" />${fill(menu.elsewhere, { atms: elsewhere.join(", ") })}
          `}
        </p>
      `}
      back=${{ label: words.logOut, icon: "leave", press: () => send({ type: "back" }) }}
    >
      <div class="menu">
        <section class="cash" aria-labelledby="cash-heading">
          <div class="cash__head">
            <h2 id="cash-heading"><${Icon} name="withdraw" />${menu.withdraw}</h2>
            <${LimitNote} ...${{ most: cashMost(view), view, words }} />
          </div>
          <div class="cash__amounts ${last ? "cash__amounts--again" : ""}">
            ${last && html`
              <button
                class="amount-button amount-button--again"
                data-amount=${last}
                onClick=${() => send({ type: "withdraw", amount: last })}
              >
                ${shortMoney(last, view.currency, words.locale)}<small>${menu.again}</small>
              </button>
            `}
            ${amountButtons({ view, send, words }, amounts)}
            <button
              class="amount-button amount-button--own"
              data-go="amount"
              onClick=${() => send({ type: "go", to: "amount" })}
            >
              ${menu.ownAmount}
            </button>
          </div>
        </section>
        <div class="tiles tiles--two">
          ${tile("deposit", "deposit", menu.deposit)} ${tile(
            "recipient",
            "transfer",
            menu.transfer,
          )}
        </div>
        <div class="tiles tiles--three">
          ${tile("history", "history", menu.history)} ${tile("balance", "balance", menu.balance)}
          ${tile("more", "more", menu.more)}
        </div>
      </div>
      <//>
  ` as VNode;
}

/** Returns what to greet with: night is evening, until it is morning. */
export function timeOfDay(hour: number): "morning" | "afternoon" | "evening" {
  return hour < 5 || hour >= 18 ? "evening" : hour < 12 ? "morning" : "afternoon";
}
