/** The movement is done: the notes, and the receipt, to be read, saved or printed. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Icon } from "../../parts/icon.ts";
import { NoteStacks } from "../../parts/notes.ts";
import { SaveButton } from "../../parts/saving.ts";
import { Details } from "../../parts/details.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { receiptRows, receiptText } from "./slip.ts";

export function Receipt({ screen, state, view, send, words }: ViewScreenProps<"receipt">): VNode {
  const { receipt, saving } = screen;
  const { heading, lede } = words.receipt[receipt.kind];
  const rows = receiptRows(receipt, view, words);
  const text = receiptText(receipt, view, words);
  const aside = html`
    ${receipt.notes.length > 0 && html`
      <div class="tray">
        <${NoteStacks} notes=${receipt.notes} currency=${view.currency} words=${words} />
      </div>
    `}
    <div class="slip__ways">
      ${view.visit && html`
        <${SaveButton}
          label=${words.receipt.save}
          ...${{ saving, words, save: () => send({ type: "save", text }) }}
        />
      `}
      ${state.can.prints && html`
        <button
          class="button button--small"
          data-print
          onClick=${() => send({ type: "print" })}
        >
          <${Icon} name="print" />${words.receipt.print}
        </button>
      `}
    </div>
  `;
  return html`
    <${Stage}
      heading=${heading}
      lede=${lede}
      aside=${aside}
      back=${view.visit &&
        {
          label: words.logOut,
          icon: "leave",
          keys: "",
          press: () => send({ type: "log_out" }),
        }}
      next=${{
        label: words.done,
        icon: "check",
        keys: "enter escape",
        press: () => send({ type: "next" }),
      }}
    >
      <article class="slip" aria-label=${words.receipt.title}>
        <header class="slip__head">
            <span><bdi>${view.bankName}</bdi></span><b>${words.receipt.kind[receipt.kind]}</b>
          </header>
        <${Details} rows=${rows} />
      </article>
      <//>
  ` as VNode;
}
