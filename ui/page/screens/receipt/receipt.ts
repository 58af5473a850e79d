/** The movement is done: the notes, and the receipt, to be read or printed. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Icon } from "../../parts/icon.ts";
import { NoteStacks } from "../../parts/notes.ts";
import { QrCode } from "../../parts/qr_code.ts";
import { Details } from "../../parts/details.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { endsAfterMovement, prints } from "../../state/screens.ts";
import { paperRows, receiptRows } from "./slip.ts";

export function Receipt({ screen, state, view, send, words }: ViewScreenProps<"receipt">): VNode {
  const { receipt } = screen;
  const { heading, lede } = screen.from
    ? { heading: words.receipt.title, lede: words.receipt.kind[receipt.kind] }
    : words.receipt[receipt.kind];
  const place = receipt.logged?.place;
  const aside = html`
    ${receipt.notes.length > 0 && html`
      <div class="tray">
        <${NoteStacks} notes=${receipt.notes} currency=${view.currency} words=${words} />
      </div>
    `}
    ${prints(state) && html`
      <button
        class="button button--small slip__print"
        data-print
        onClick=${() => send({ type: "print" })}
      >
        <${Icon} name="print" />${words.receipt.print}
      </button>
    `}
  `;
  return html`
    <${Stage}
      heading=${heading}
      lede=${lede}
      aside=${aside}
      back=${!screen.from && view.visit && !endsAfterMovement(view) &&
        {
          label: words.logOut,
          icon: "leave",
          keys: "",
          press: () => send({ type: "log_out" }),
        }}
      next=${{
        label: screen.from ? words.back : words.done,
        icon: "check",
        keys: "enter escape",
        press: () => send({ type: "next" }),
      }}
    >
      <article class="slip ${receipt.kind === "transfer" ? "slip--sent" : ""}" aria-label=${words
        .receipt.title}>
        <header class="slip__head">
            <span><bdi>${view.bankName}</bdi></span><b>${words.receipt.kind[receipt.kind]}</b>
          </header>
        <${Details} rows=${receiptRows(receipt, view, words)} />
        ${place !== undefined && screen.code !== null && html`
          <button
            class="slip__code"
            type="button"
            data-code
            aria-disabled=${!screen.code}
            onClick=${() => send({ type: "show_code" })}
          >
            ${screen.code
              ? html`
                <${QrCode}
                  receipt=${screen.code}
                  url=${view.receiptUrl}
                  label=${words.code.picture}
                />
              `
              : html`<span class="slip__code-place"></span>`}
            <span>${screen.code ? words.code.small : words.history.loading}</span>
          </button>
        `}
        <div class="slip__paper">
          <${Details} rows=${paperRows(receipt, view, words)} />
        </div>
      </article>
      <//>
  ` as VNode;
}
