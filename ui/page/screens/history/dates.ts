/** When? The days of the bank's calendar that the history is narrowed to. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView, HistoryFilter } from "../../../../lib/atm.ts";
import { addDays, beginOf, dateIn } from "../../words/format.ts";
import type { Words } from "../../words/words.ts";
import { Choice } from "../../parts/choice.ts";

interface DatesProps {
  filter: HistoryFilter;
  nowMs: number;
  view: AtmView;
  words: Words;
  narrow: (form: HTMLFormElement, more: HistoryFilter) => void;
}

/** Days back from today, by choice. */
const spans = { today: 0, week: 6, month: 29 };

export function Dates({ filter, nowMs, view, words, narrow }: DatesProps): VNode {
  const { timeZone } = view;
  const text = words.history;
  const today = dateIn(nowMs, timeZone);
  const begins = Object.entries(spans).map(([name, days]) =>
    [name, beginOf(addDays(today, -days), timeZone)] as const
  );
  const open = filter.from === undefined && filter.before === undefined;
  const span = begins.find(([, from]) => from === filter.from && !filter.before)?.[0];
  const choose = (chosen: string, form: HTMLFormElement) =>
    narrow(form, { from: Object.fromEntries(begins)[chosen], before: undefined });
  const date = (name: "from" | "until", value: string) =>
    html`
      <label class="dates__one">
        <span>${text[name]}</span>
        <input
          class="dates__field"
          type="date"
          key=${value}
          name=${name}
          max=${today}
          defaultValue=${value}
          onChange=${(event: Event) => narrow((event.currentTarget as HTMLInputElement).form!, {})}
        />
      </label>
    `;
  const dayOf = (instant: string | undefined, ms: number) =>
    instant ? dateIn(Date.parse(instant) + ms, timeZone) : "";
  return html`
    <${Choice}
      label=${text.daysLabel}
      options=${Object.entries(text.days)}
      chosen=${open ? "all" : span ?? ""}
      onChoose=${choose}
    />
    <details class="dates" open=${!open && !span}>
      <summary class="choice__option dates__more">${text.otherDays}</summary>
      <div class="dates__pair">
        ${date("from", dayOf(filter.from, 0))} ${date("until", dayOf(filter.before, -1))}
      </div>
    </details>
  ` as VNode;
}

/** The two fields as a filter: both days are meant as a whole. */
export function rangeOf(form: FormData, timeZone: string): Pick<HistoryFilter, "from" | "before"> {
  const [from, until] = ["from", "until"].map((name) => form.get(name) as string | null);
  return {
    from: from ? beginOf(from, timeZone) : undefined,
    before: until ? beginOf(addDays(until, 1), timeZone) : undefined,
  };
}
