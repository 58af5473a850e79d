/** The entries of one page of history, under the day on which they happened. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView, HistoryEntry } from "../../../../lib/atm.ts";
import { day, money, sentence, signedMoney, timeOfDay } from "../../words/format.ts";
import { Icon, type IconName } from "../../parts/icon.ts";
import { fill, type Tables, type Words } from "../../words/words.ts";
import { entryInWords } from "./in_words.ts";

interface EntriesProps {
  entries: HistoryEntry[] | null;
  view: AtmView;
  words: Words;
  tables: Tables;
}

export function Entries({ entries, view, words, tables }: EntriesProps): VNode {
  if (entries === null) return html`<p class="entries__none">${words.history.loading}</p>` as VNode;
  if (entries.length === 0) {
    return html`
      <div class="entries__none"><b>${words.history.none}</b><p>${words.history.noneHint}</p></div>
    ` as VNode;
  }
  const days = Map.groupBy(entries, ({ time }) => day(time, view.timeZone, words.locale));
  return html`
    <div class="entries__list" tabindex="0" role="region" aria-label=${words.history.heading}>
      ${[...days].map(([name, ofDay]) =>
        html`
          <h2 class="entries__day" key=${name}>${name}</h2>
          <ul>
            ${ofDay.map((entry) =>
              html`<${Entry} key=${entry.place} ...${{ entry, view, words, tables }} />`
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

function Entry(
  { entry, view, words, tables }: { entry: HistoryEntry } & Omit<EntriesProps, "entries">,
): VNode {
  const refused = entry.outcome === "refused";
  const { amount } = entry;
  const shown = amount === undefined ? undefined : money(amount, view.currency, words.locale);
  const { what, why } = entryInWords(entry, words, tables, shown);
  const moved = !refused && entry.amount !== undefined;
  const gave = entry.kind === "withdrawal" || entry.action.startsWith("transfer ");
  const sign = gave ? "-" : "";
  return html`
    <li class="entry ${refused ? "entry--refused" : ""}">
      <span class="entry__icon"><${Icon} name=${icons[entry.kind]} /></span>
      <span class="entry__what">
        <b>${sentence(what)}</b>
        <small>
          ${refused && html`
            <span class="entry__why">${fill(words.history.refused, { why })}</span> ·
          `}
          ${entry.terminal &&
            html`<span>${fill(words.history.at, { terminal: entry.terminal })}</span>`}
        </small>
      </span>
      <span class="entry__side">
        <b class="entry__amount--${entry.kind}">
          ${moved && signedMoney(sign + entry.amount, view.currency, words.locale)}
        </b>
        <time datetime=${entry.time}>${timeOfDay(entry.time, view.timeZone, words.locale)}</time>
      </span>
      ${entry.sealed && html`
        <div class="entry__sealed" dir="ltr" title=${words.history.sealedHint}>
          <b>${fill(words.history.place, { place: entry.place })}</b>
          <code>${entry.sealed}</code>
          <b>${fill(words.history.tag, { tag: "" })}</b>
          <code>${entry.tag}</code>
        </div>
      `}
    </li>
  ` as VNode;
}
