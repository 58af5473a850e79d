/** The movement is done: the notes, and the receipt. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { dateTime, money, shortReference } from "../../format.ts";
import { Details } from "../../parts/details.ts";
import { NoteStacks } from "../../parts/notes.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";

export function Receipt({ screen, view, send, words }: ViewScreenProps<"receipt">): VNode {
  const { receipt } = screen;
  const { currency, timeZone } = view;
  const show = (minor: string) => money(minor, currency, words.locale);
  const { heading, lede } = words.receipt[receipt.kind];
  const { account } = receipt;
  const rows = [
    { name: words.receipt.amount, value: show(receipt.amount), strong: true },
    account && { name: words.receipt.balance, value: show(account.booked) },
    account && account.available !== account.booked &&
    { name: words.receipt.available, value: show(account.available) },
    { name: words.receipt.time, value: dateTime(receipt.time, timeZone, words.locale) },
    { name: words.receipt.terminal, value: view.terminal },
    receipt.movement && { name: words.receipt.reference, value: shortReference(receipt.movement) },
  ];
  const tray = html`
    <div class="tray tray--${receipt.kind}">
      <${NoteStacks} notes=${receipt.notes} currency=${currency} words=${words} />
    </div>
  `;
  return html`
    <${Stage}
      heading=${heading}
      lede=${lede}
      aside=${tray}
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
          <span>${view.bankName}</span><b>${words.receipt.kind[receipt.kind]}</b>
        </header>
        <${Details} rows=${rows} />
      </article>
      <//>
  ` as VNode;
}
