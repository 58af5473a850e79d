/** Amounts that can be paid out right now: pressing one withdraws it. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { MinorText } from "../../../lib/money.ts";
import { shortMoney } from "../words/format.ts";
import type { ViewScreenProps } from "./screen_props.ts";

type Props = Pick<ViewScreenProps<"menu">, "view" | "send" | "words">;

/** Returns a button for each of these amounts. */
export function amountButtons({ view, send, words }: Props, amounts: MinorText[]): VNode[] {
  return amounts.map((amount) =>
    html`
      <button
        class="amount-button"
        key=${amount}
        data-amount=${amount}
        onClick=${() => send({ type: "withdraw", amount })}
      >
        ${shortMoney(amount, view.currency, words.locale)}
      </button>
    ` as VNode
  );
}
