/** When? The days of the bank's calendar that the history is narrowed to. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView, HistoryFilter } from "../../../../lib/atm.ts";
import { addDays, beginOf, calendarDay, dateIn } from "../../words/format.ts";
import type { Words } from "../../words/words.ts";
import type { Intent } from "../../state/model.ts";
import { Choice } from "../../parts/choice.ts";

export interface DatesProps {
  formId: string;
  filter: HistoryFilter;
  nowMs: number;
  /** The open calendar's: "2026-11". */
  month: string | undefined;
  view: AtmView;
  words: Words;
  send: (intent: Intent) => void;
  narrow: (form: HTMLFormElement, more: HistoryFilter) => void;
}

/** Days back from today, by choice. */
const spans = { today: 0, week: 6, month: 29 };

export function Dates(
  { formId, filter, nowMs, month, view, words, send, narrow }: DatesProps,
): VNode {
  const { timeZone } = view;
  const text = words.history;
  const today = dateIn(nowMs, timeZone);
  const begins = Object.entries(spans).map(([name, days]) =>
    [name, beginOf(addDays(today, -days), timeZone)] as const
  );
  const open = filter.from === undefined && filter.before === undefined;
  const span = begins.find(([, from]) => from === filter.from && !filter.before)?.[0];
  const { from, until } = daysOf(filter, timeZone);
  const chosenDays = !open && !span
    ? [from, until].filter((date) => date !== "").map((date) => calendarDay(date, words.locale))
      .join(" – ")
    : text.otherDays;
  return html`
    <${Choice}
      label=${text.daysLabel}
      formId=${formId}
      options=${[...Object.entries(text.days), ["other", chosenDays]]}
      chosen=${open ? "all" : span ?? "other"}
      onChoose=${(chosen: string, form: HTMLFormElement) => {
        if (chosen === "other") {
          const next = month ? undefined : (until || today).slice(0, 7);
          return send({ type: "calendar", month: next });
        }
        send({ type: "calendar", month: undefined });
        narrow(form, { from: Object.fromEntries(begins)[chosen], before: undefined });
      }}
    />
  ` as VNode;
}

/** Returns the first and the last day of a filter; empty where it has none. */
export function daysOf(filter: HistoryFilter, timeZone: string): { from: string; until: string } {
  const dayOf = (instant: string | undefined, ms: number) =>
    instant ? dateIn(Date.parse(instant) + ms, timeZone) : "";
  return { from: dayOf(filter.from, 0), until: dayOf(filter.before, -1) };
}
