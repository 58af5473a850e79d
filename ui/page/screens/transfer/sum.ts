/** How much is to be transferred? */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { parseAmount } from "../../../../lib/money.ts";
import { money } from "../../words/format.ts";
import { fill } from "../../words/words.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { TypedField, TypedKeys } from "../../parts/typed.ts";

export function Sum({ screen, view, send, words }: ViewScreenProps<"sum">): VNode {
  const { typed, recipient } = screen;
  const { currency } = view;
  const text = words.transfer;
  const available = money(view.visit?.account.available ?? "", currency, words.locale);
  const amount = parseAmount(typed, currency.exponent);
  return html`
    <${Stage}
      heading=${fill(text.sumHeading, { name: recipient.name })}
      lede=${fill(text.sumLede, { available })}
      focusHeading=${false}
      aside=${html`
        <${TypedField} ...${{ typed, send, label: words.amount.label, before: currency.code }} />
      `}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
      next=${{
        label: amount
          ? fill(text.nextAmount, { amount: money(String(amount), currency, words.locale) })
          : text.next,
        form: "typed",
        off: typed === "",
      }}
    >
      <${TypedKeys} ...${{ typed, send, words }} />
      <//>
  ` as VNode;
}
