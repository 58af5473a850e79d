/** The acceptor is open: notes in escrow, counted as they come in. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { money, moneyList } from "../../words/format.ts";
import { Icon } from "../../parts/icon.ts";
import { NoteStacks } from "../../parts/notes.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { counted, fill } from "../../words/words.ts";
import { Stage } from "../../parts/stage.ts";

export function Deposit({ state, view, send, words }: ViewScreenProps<"deposit">): VNode {
  const { currency, cash } = view;
  const escrow = view.escrow ?? { notes: [], total: "0" };
  const count = escrow.notes.reduce((sum, stack) => sum + stack.count, 0);
  const total = money(escrow.total, currency, words.locale);
  const busy = state.pending !== null;
  const soFar = html`
    <div class="counted">
      <span class="counted__label">${words.deposit.total}</span>
      <p class="counted__total" role="status" key=${escrow.total}>${total}</p>
      <span class="counted__count">${count
        ? counted(words.deposit.count, count, words.locale)
        : words.deposit.empty}</span>
    </div>
  `;
  return html`
    <${Stage}
      heading=${words.deposit.heading}
      lede=${fill(words.deposit.lede, { notes: moneyList(cash.accepted, currency, words.locale) })}
      aside=${soFar}
      back=${{
        label: count ? words.deposit.giveBack : words.back,
        press: () => send({ type: "back" }),
      }}
      next=${{
        label: count ? fill(words.deposit.confirmAmount, { total }) : words.deposit.confirm,
        icon: "check",
        off: count === 0 || busy,
        press: () => send({ type: "deposit_confirm" }),
      }}
    >
      <div class="escrow ${count ? "" : "escrow--empty"}">
        ${count
          ? html`<${NoteStacks} notes=${escrow.notes} currency=${currency} words=${words} />`
          : html`<div class="slot" aria-hidden="true">
          <${Icon} name="deposit" /><span class="slot__mouth"></span>
        </div>`}
      </div>
      <//>
  ` as VNode;
}
