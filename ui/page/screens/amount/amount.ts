/** An amount of cash: by the notes that make it up, or by its digits. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { minorFromText, parseAmount } from "../../../../lib/money.ts";
import { moneyList, readTypedNumber, shortMoney, typedNumber } from "../../words/format.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { cashMost } from "../../state/cash.ts";
import { asTyped } from "../../state/intents.ts";
import { fill } from "../../words/words.ts";
import { LimitNote } from "../../parts/limit_note.ts";
import { TypedField, TypedKeys } from "../../parts/typed.ts";

export function Amount({ screen, view, send, words }: ViewScreenProps<"amount">): VNode {
  const { currency, cash } = view;
  const { typed } = screen;
  const text = words.amount;
  const amount = parseAmount(typed, currency.exponent);
  const most = cashMost(view);
  const show = (minor: bigint) => shortMoney(String(minor), currency, words.locale);
  const values = cash.cassettes.filter(({ count }) => count > 0).map(({ value }) => value)
    .reverse();
  const notes = values.length ? moneyList(values, currency, words.locale) : text.noNotes;
  const add = (value: string) => {
    const sum = (amount ?? 0n) + (minorFromText(value) ?? 0n);
    send({ type: "type", typed: asTyped(sum, currency.exponent) });
  };
  const next = amount ? fill(text.nextAmount, { amount: show(amount) }) : text.next;
  const field = {
    ...{ typed, send, label: text.label, before: currency.code },
    shown: typedNumber(typed, words.locale),
    read: (shown: string) => readTypedNumber(shown, words.locale),
  };
  const fault = amount !== null && amount > most.minor &&
    fill(text.overMost, { most: show(most.minor) });
  return html`
    <${Stage}
      heading=${text.heading}
      lede=${fill(text.lede, { notes, most: show(most.minor) })}
      focusHeading=${false}
      aside=${html`
        <${LimitNote} ...${{ most, view, words }} />
        <${TypedField} ...${field} fault=${fault} />
      `}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
      next=${{ label: next, form: "typed", off: typed === "" }}
    >
      <div class="note-keys" role="group" aria-label=${text.addNotes}>
        ${values.map((value) =>
          html`
            <button
              class="note-key"
              key=${value}
              data-note=${value}
              onMouseDown=${(event: Event) => event.preventDefault()}
              onClick=${() => add(value)}
            >
              +${shortMoney(value, currency, words.locale)}
            </button>
          `
        )}
      </div>
      <${TypedKeys} ...${{ typed, send, words }} />
      <//>
  ` as VNode;
}
