/** An amount of the customer's own, by keyboard or by the key pad on the screen. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { parseAmount } from "../../../../lib/money.ts";
import { moneyList, shortMoney } from "../../format.ts";
import { KeyPad } from "../../parts/key_pad.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { typedLengthMax } from "../../state/intents.ts";

export function Amount({ screen, view, send, words }: ViewScreenProps<"amount">): VNode {
  const { currency, cash } = view;
  const amount = parseAmount(screen.typed, currency.exponent);
  const values = cash.cassettes.filter(({ count }) => count > 0).map(({ value }) => value)
    .reverse();
  const notes = values.length ? moneyList(values, currency, words.locale) : words.amount.noNotes;
  const type = (typed: string) => send({ type: "type_amount", typed });
  const submit = (event: Event) => {
    event.preventDefault();
    send({ type: "withdraw_typed" });
  };
  const next = amount
    ? words.amount.nextAmount(shortMoney(String(amount), currency, words.locale))
    : words.amount.next;

  const field = html`
    <form id="amount" class="big-field" onSubmit=${submit}>
      <label class="field__label" for="amount-typed">${words.amount.label}</label>
      <div class="big-field__row">
        <span class="big-field__currency" aria-hidden="true">${currency.code}</span>
        <input
          class="big-field__input"
          id="amount-typed"
          inputmode="none"
          autocomplete="off"
          placeholder="0"
          data-focus
          maxlength=${typedLengthMax}
          value=${screen.typed}
          onInput=${(event: Event) => type((event.currentTarget as HTMLInputElement).value)}
        />
      </div>
    </form>
  `;
  return html`
    <${Stage}
      heading=${words.amount.heading}
      lede=${words.amount.lede(notes)}
      focusHeading=${false}
      aside=${field}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
      next=${{ label: next, form: "amount", off: screen.typed === "" }}
    >
      <${KeyPad} typed=${screen.typed} onType=${type} words=${words} />
      <//>
  ` as VNode;
}
