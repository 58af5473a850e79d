/** An amount of the customer's own, by keyboard or by the key pad on the screen. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { parseAmount } from "../../../../lib/money.ts";
import { moneyList, shortMoney } from "../../words/format.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { fill } from "../../words/words.ts";
import { TypedField, TypedKeys } from "../../parts/typed.ts";

export function Amount({ screen, view, send, words }: ViewScreenProps<"amount">): VNode {
  const { currency, cash } = view;
  const { typed } = screen;
  const amount = parseAmount(typed, currency.exponent);
  const values = cash.cassettes.filter(({ count }) => count > 0).map(({ value }) => value)
    .reverse();
  const notes = values.length ? moneyList(values, currency, words.locale) : words.amount.noNotes;
  const next = amount
    ? fill(words.amount.nextAmount, { amount: shortMoney(String(amount), currency, words.locale) })
    : words.amount.next;
  const label = words.amount.label;
  return html`
    <${Stage}
      heading=${words.amount.heading}
      lede=${fill(words.amount.lede, { notes })}
      focusHeading=${false}
      aside=${html`<${TypedField} ...${{ typed, send, label, before: currency.code }} />`}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
      next=${{ label: next, form: "typed", off: typed === "" }}
    >
      <${TypedKeys} ...${{ typed, send, words }} />
      <//>
  ` as VNode;
}
