/** The entries of one page of history, under the day on which they happened. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView, HistoryEntry, Receipt } from "../../../../lib/atm.ts";
import { minorFromText } from "../../../../lib/money.ts";
import { day, money, sentence, signedMoney, timeOfDay } from "../../words/format.ts";
import { Icon, type IconName } from "../../parts/icon.ts";
import type { HistoryScreen, Intent } from "../../state/model.ts";
import { fill, type Words } from "../../words/words.ts";
import { entryInWords } from "./in_words.ts";

interface EntriesProps {
  screen: HistoryScreen;
  view: AtmView;
  words: Words;
  send: (intent: Intent) => void;
}

export function Entries({ screen, view, words, send }: EntriesProps): VNode {
  const entries = screen.page?.entries;
  const text = words.history;
  if (!entries) return html`<p class="entries__none">${text.loading}</p>` as VNode;
  if (entries.length === 0) {
    return html`
      <div class="entries__none"><b>${text.none}</b><p>${text.noneHint}</p></div>
    ` as VNode;
  }
  const days = [
    ...Map.groupBy(entries, ({ time }) => day(time, view.timeZone, words.locale)),
  ];
  // the first and the last day may go on on another page: they have no total here
  const whole = (index: number) =>
    (index > 0 || screen.newer.length === 0) &&
    (index < days.length - 1 || screen.page?.older === undefined);
  return html`
    <div class="entries__list" tabindex="0" role="region" aria-label=${text.heading}>
      ${days.map(([name, ofDay], index) =>
        html`
          <h2 class="entries__day" key=${name}>
            <span>${name}</span>
            ${screen.tab === "money" && whole(index) && html`
              <span class="entries__total">${fill(text.dayTotal, {
                total: signedMoney(totalOf(ofDay, words), view.currency, words.locale),
              })}</span>
            `}
          </h2>
          <ul>
            ${ofDay.map((entry) =>
              html`<${Entry} key=${entry.place} ...${{ entry, view, words, send }} />`
            )}
          </ul>
        `
      )}
    </div>
  ` as VNode;
}

const icons: Record<HistoryEntry["kind"], IconName> = {
  withdrawal: "withdraw",
  deposit: "deposit",
  transfer: "transfer",
  "log-in": "person",
  other: "check",
};

/** Returns what an entry added to the account, in minor units; 0 for what was not booked. */
function bookedMinor(entry: HistoryEntry, words: Words): bigint {
  const amount = minorFromText(entry.amount) ?? 0n;
  if (entry.outcome === "refused" || entryInWords(entry, words).unbooked) return 0n;
  const gave = entry.kind === "withdrawal" || entry.action.startsWith("transfer ");
  return gave ? -amount : amount;
}

function totalOf(entries: HistoryEntry[], words: Words): string {
  return String(entries.reduce((sum, entry) => sum + bookedMinor(entry, words), 0n));
}

/** Returns the receipt of a booked movement; null for every other entry. */
function receiptOf(entry: HistoryEntry, view: AtmView): Receipt | null {
  const { kind, amount, balance, movement, message, place, tag, time } = entry;
  const isMovement = kind === "withdrawal" || kind === "deposit" || kind === "transfer";
  const account = view.visit?.account;
  if (!isMovement || !amount || !balance || !movement || !account) return null;
  const to = /^transfer .* to account ([0-9]{12})/.exec(entry.action)?.[1];
  return {
    ...{ outcome: "ok", kind, amount, notes: [], movement, time, logged: { place, tag } },
    ...(to && { to }),
    ...(message && { message }),
    account: { ...account, booked: balance, available: balance },
  };
}

interface EntryProps {
  entry: HistoryEntry;
  view: AtmView;
  words: Words;
  /** Absent where an entry does not lead to its receipt. */
  send?: (intent: Intent) => void;
}

export function Entry({ entry, view, words, send }: EntryProps): VNode {
  const text = words.history;
  const { what, why, unbooked } = entryInWords(entry, words);
  const refused = entry.outcome === "refused";
  const booked = bookedMinor(entry, words);
  const amount = booked !== 0n
    ? signedMoney(String(booked), view.currency, words.locale)
    : entry.amount && money(entry.amount, view.currency, words.locale);
  const state = refused ? fill(text.refused, { why }) : unbooked && text[unbooked];
  const receipt = send && receiptOf(entry, view);
  const look = refused || unbooked === "reversed" ? "entry--void" : "";
  const row = html`
    <span class="entry__icon"><${Icon} name=${icons[entry.kind]} /></span>
    <span class="entry__what">
      <b>${sentence(what)}</b>
      <small>
        <time datetime=${entry.time}>${timeOfDay(entry.time, view.timeZone, words.locale)}</time>
        ${entry.terminal && html`<span>${fill(words.atm, { terminal: entry.terminal })}</span>`}
        ${entry.message && html`<span><bdi>${entry.message}</bdi></span>`}
        ${state && html`<span class="entry__why">${state}</span>`}
      </small>
    </span>
    <span class="entry__money">
      ${amount && html`
        <b class="entry__amount ${booked > 0n ? "entry__amount--in" : ""}">${amount}</b>
      `}
      ${entry.balance && html`
        <small>${fill(text.balanceAfter, {
          amount: money(entry.balance, view.currency, words.locale),
        })}</small>
      `}
    </span>
  `;
  return html`
    <li class="entry ${look} ${refused ? "entry--refused" : ""}">
      ${receipt
        ? html`
          <button
            class="entry__row"
            data-entry=${entry.place}
            onClick=${() => send!({ type: "open_entry", receipt })}
          >
            ${row}
          </button>
        `
        : html`<div class="entry__row">${row}</div>`}
      ${entry.sealed && html`
        <div class="entry__sealed" dir="ltr" title=${text.sealedHint}>
          <b>${fill(text.place, { place: entry.place })}</b>
          <code>${entry.sealed}</code>
          <b>${fill(text.tag, { tag: "" })}</b>
          <code>${entry.tag}</code>
        </div>
      `}
    </li>
  ` as VNode;
}
