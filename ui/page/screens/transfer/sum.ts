/** How much is to be transferred? The digits fill the amount from the right, decimals included. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { decimalText, minorFromText } from "../../../../lib/money.ts";
import { money, typedNumber } from "../../words/format.ts";
import { transferMost } from "../../state/cash.ts";
import { fill } from "../../words/words.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { LimitNote } from "../../parts/limit_note.ts";
import { Stage } from "../../parts/stage.ts";
import { TypedField, TypedKeys } from "../../parts/typed.ts";

export function Sum({ screen, view, send, words }: ViewScreenProps<"sum">): VNode {
  const { typed, recipient } = screen;
  const { currency } = view;
  const text = words.transfer;
  const amount = minorFromText(typed || "0") ?? 0n;
  const most = transferMost(view);
  const available = money(String(most.minor), currency, words.locale);
  const field = {
    ...{ typed, send, label: words.amount.label, before: currency.code },
    shown: typedNumber(decimalText(amount, currency.exponent), words.locale),
    fault: amount > most.minor && fill(text.sumLede, { available }),
  };
  return html`
    <${Stage}
      heading=${fill(text.sumHeading, { name: recipient.name })}
      lede=${fill(text.sumLede, { available })}
      focusHeading=${false}
      aside=${html`
        <${LimitNote} ...${{ most, view, words }} />
        <${TypedField} ...${field} />
      `}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
      next=${{
        label: amount > 0n
          ? fill(text.nextAmount, { amount: money(String(amount), currency, words.locale) })
          : text.next,
        form: "typed",
        off: amount === 0n,
      }}
    >
      <${TypedKeys} ...${{ typed, send, words }} />
      <//>
  ` as VNode;
}
