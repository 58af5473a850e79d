/** Whom is the money for? The number of an account, or another of one's own. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import {
  accountNumberDigits,
  groupedAccountNumber,
  isAccountNumber,
} from "../../../../lib/account_number.ts";
import { fill } from "../../words/words.ts";
import { Icon } from "../../parts/icon.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { TypedField, TypedKeys } from "../../parts/typed.ts";

export function Recipient(
  { screen, state, view, send, words }: ViewScreenProps<"recipient">,
): VNode {
  const { typed } = screen;
  const number = typed.replace(/\s/g, "");
  const isSame = number === view.visit?.account.id;
  const isMistyped = number.length >= accountNumberDigits && !isAccountNumber(number);
  const fault = isSame
    ? words.refusals.same_account!.heading
    : isMistyped
    ? words.transfer.mistyped
    : "";
  const busy = state.pending !== null;
  const own = view.visit?.accounts.filter(({ id }) => id !== view.visit?.account.id) ?? [];
  const accounts = view.visit?.accounts ?? [];
  const recent =
    view.visit?.usual.recipients.filter(({ account }) =>
      !accounts.some(({ id }) => id === account)
    ) ?? [];
  const aside = html`
    <${TypedField} ...${{ typed, send, label: words.transfer.account, fault }} />
    ${recent.length > 0 && html`
      <div class="own" role="group" aria-label=${words.transfer.recent}>
        <p class="own__label">${words.transfer.recent}</p>
        <div class="own__recent">
          ${recent.map(({ account: to, name }) =>
            html`
              <button
                class="own__account"
                key=${to}
                data-to=${to}
                onClick=${() => send({ type: "transfer_to", recipient: { to, name } })}
              >
                <${Icon} name="person" /><span>
                  <bdi>${name}</bdi><small><bdi>${groupedAccountNumber(to)}</bdi></small>
                </span>
              </button>
            `
          )}
        </div>
      </div>
    `}
    ${own.length > 0 && html`
      <div class="own" role="group" aria-label=${words.transfer.own}>
        <p class="own__label">${words.transfer.own}</p>
        ${own.map(({ id, name }) => {
          const called = name ?? fill(words.account.number, { number: groupedAccountNumber(id) });
          return html`
            <button
              class="own__account"
              key=${id}
              data-to=${id}
              onClick=${() => send({ type: "transfer_to", recipient: { to: id, name: called } })}
            >
              <${Icon} name="transfer" />${called}
            </button>
          `;
        })}
      </div>
    `}
  `;
  return html`
    <${Stage}
      heading=${words.transfer.heading}
      lede=${words.transfer.lede}
      focusHeading=${false}
      aside=${aside}
      back=${{ label: words.back, press: () => send({ type: "back" }) }}
      next=${{
        label: busy ? words.transfer.lookingUp : words.transfer.next,
        form: "typed",
        off: typed === "" || busy || isMistyped,
      }}
    >
      <${TypedKeys} ...${{ typed, send, words }} />
      <//>
  ` as VNode;
}
