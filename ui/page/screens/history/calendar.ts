/** A month of days to touch: the first touch is the first day, a later day the last one. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import {
  addDays,
  beginOf,
  calendarDay,
  dateIn,
  monthName,
  weekdayName,
} from "../../words/format.ts";
import { Icon } from "../../parts/icon.ts";
import { type DatesProps, daysOf } from "./dates.ts";

export function Calendar(
  { filter, nowMs, month, view, words, send }: DatesProps & { month: string },
): VNode {
  const { timeZone } = view;
  const today = dateIn(nowMs, timeZone);
  const { from, until } = daysOf(filter, timeZone);
  const first = `${month}-01`;
  const monthOf = (date: string) => date.slice(0, 7);
  const earlier = monthOf(addDays(first, -1));
  const later = monthOf(addDays(first, 31));
  const offset = (new Date(`${first}T00:00:00Z`).getUTCDay() - words.firstWeekday + 7) % 7;
  const days = Array.from({ length: 31 }, (_, index) => addDays(first, index))
    .filter((date) => monthOf(date) === month);
  const turn = (to: string, icon: "back" | "next", label: string, off = false) =>
    html`
      <button
        class="button button--small"
        type="button"
        data-month=${to}
        aria-label=${label}
        aria-disabled=${off}
        onClick=${() => !off && send({ type: "calendar", month: to })}
      >
        <${Icon} name=${icon} />
      </button>
    `;
  const choose = (date: string) => {
    const isLast = from !== "" && date > from && until === from;
    const range = { from: beginOf(isLast ? from : date, timeZone), before: dayAfter(date) };
    send({ type: "filter", filter: { ...filter, ...range } });
    if (isLast) send({ type: "calendar", month: undefined });
  };
  const dayAfter = (date: string) => beginOf(addDays(date, 1), timeZone);
  return html`
    <div class="calendar" role="group" aria-label=${words.history.otherDays}>
      <div class="calendar__head">
        ${turn(earlier, "back", words.history.earlierMonth)}
        <b role="status">${monthName(first, words.locale)}</b>
        ${turn(later, "next", words.history.laterMonth, later > monthOf(today))}
      </div>
      <div class="calendar__days">
        ${Array.from(
          { length: 7 },
          (_, index) =>
            html`<span class="calendar__weekday" aria-hidden="true">${
              weekdayName((words.firstWeekday + index) % 7, words.locale)
            }</span>`,
        )}
        ${Array.from({ length: offset }, () => html`<span></span>`)}
        ${days.map((date) =>
          html`
            <button
              class="calendar__day"
              type="button"
              key=${date}
              data-date=${date}
              aria-label=${calendarDay(date, words.locale)}
              aria-pressed=${from !== "" && date >= from && date <= (until || today)}
              aria-disabled=${date > today}
              onClick=${() => date <= today && choose(date)}
            >
              ${Number(date.slice(8))}
            </button>
          `
        )}
      </div>
    </div>
  ` as VNode;
}
