/** Is this right? A transfer is final: all of it is shown before it is sent. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { groupedAccountNumber } from "../../../../lib/account_number.ts";
import { transferMessageLengthMax as messageMax } from "../../../../lib/limits.ts";
import { minorFromText } from "../../../../lib/money.ts";
import { transferMost } from "../../state/cash.ts";
import { money } from "../../words/format.ts";
import { fill } from "../../words/words.ts";
import { Keyboard, keyboardOnTouch } from "../../parts/keyboard.ts";
import { Details } from "../../parts/details.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Confirm({ screen, state, view, send, words }: ViewScreenProps<"confirm">): VNode {
  const { recipient, amount } = screen;
  const text = words.transfer;
  const { account } = view.visit ?? {};
  const show = (minor: string) => money(minor, view.currency, words.locale);
  const sum = show(amount);
  const most = transferMost(view);
  const isOver = (minorFromText(amount) ?? 0n) > most.minor;
  const keys = { keyboard: state.keyboard, send, words };
  const submit = (event: Event) => {
    event.preventDefault();
    const typed = new FormData(event.currentTarget as HTMLFormElement).get("message");
    send({ type: "transfer_confirm", message: String(typed ?? "") });
  };
  const rows = [
    { name: words.amount.label, value: sum, strong: true },
    { name: text.to, value: html`<bdi>${recipient.name}</bdi>` },
    { name: text.account, value: html`<bdi>${groupedAccountNumber(recipient.to)}</bdi>` },
    account && {
      name: text.from,
      value: html`<bdi>${account.name ?? groupedAccountNumber(account.id)}</bdi>`,
    },
  ];
  return html`
    <${Stage}
      heading=${text.confirmHeading}
      lede=${text.confirmLede}
      aside=${isOver && html`
        <p class="help help--fault">${fill(text.sumLede, {
          available: show(String(most.minor)),
        })}</p>
      `}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
      below=${html`<${Keyboard} ...${keys} />`}
      next=${{ label: fill(text.send, { amount: sum }), icon: "check", form: "confirm" }}
    >
      <form
        id="confirm"
        class="card fields"
        onSubmit=${submit}
        onPointerUp=${keyboardOnTouch(state.keyboard, send)}
      >
        <${Details} rows=${rows} />
        <label class="field">
          <span class="field__label">${text.message}</span>
          <input class="field__input" name="message" maxlength=${messageMax} autocomplete="off" />
        </label>
      </form>
      <//>
  ` as VNode;
}
