/** The balance at the end of each day: as steps to touch, and as a table for screen readers. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView, DayBalance } from "../../../../lib/atm.ts";
import { minorFromText, type MinorText } from "../../../../lib/money.ts";
import { calendarDay, money, shortMoney } from "../../words/format.ts";
import type { Intent } from "../../state/model.ts";
import { fill, type Words } from "../../words/words.ts";

interface ChartProps {
  /** Null until the bank answered. */
  days: DayBalance[] | null;
  /** The day that was touched. */
  picked: string | undefined;
  /** The balance now: today's step follows it. */
  booked: MinorText;
  view: AtmView;
  words: Words;
  send: (intent: Intent) => void;
}

const size = { width: 600, height: 190, margin: 10 };

export function Chart(props: ChartProps): VNode | null {
  const { days, picked, booked, view, words, send } = props;
  if (days === null) return html`<p class="chart__wait">${words.chart.loading}</p>` as VNode;
  if (days.length === 0) return null;
  const shown = [...days.slice(0, -1), { ...days.at(-1)!, booked }];
  const values = shown.map((day) => minorFromText(day.booked) ?? 0n);
  const by = (better: (a: bigint, b: bigint) => boolean) =>
    values.reduce((best, value) => better(value, best) ? value : best);
  const [least, most] = [by((a, b) => a < b), by((a, b) => a > b)];
  const { line, ground } = steps(values, least, most);
  const show = (minor: bigint) => money(String(minor), view.currency, words.locale);
  const short = (minor: bigint) => shortMoney(String(minor), view.currency, words.locale);
  const [first, last] = [shown[0]!, shown.at(-1)!];
  const index = shown.findIndex(({ day }) => day === picked);
  const width = size.width / shown.length;
  const about = index < 0 ? words.chart.touch : fill(words.chart.onDay, {
    day: calendarDay(shown[index]!.day, words.locale),
    amount: show(values[index]!),
  });
  const pick = (event: PointerEvent) => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    const along = (event.clientX - left) / width;
    const part = words.direction === "rtl" ? 1 - along : along;
    const day = shown[Math.min(shown.length - 1, Math.max(0, Math.floor(part * shown.length)))]!;
    send({ type: "pick_day", day: day.day });
  };
  return html`
    <figure class="chart">
      <figcaption>
        <b>${words.chart.heading}</b>
        <span role="status">${about}</span>
      </figcaption>
      <div class="chart__plot">
        <p class="chart__values" aria-hidden="true">
          <span>${short(most)}</span>${least !== most && html`<span>${short(least)}</span>`}
        </p>
        <svg
          viewBox="0 0 ${size.width} ${size.height}"
          preserveAspectRatio="none"
          aria-hidden="true"
          onPointerDown=${pick}
        >
          <path class="chart__ground" d=${ground} />
          ${index >= 0 && html`
            <rect class="chart__picked" x=${index * width} width=${width} height=${size.height} />
          `}
          <path class="chart__line" d=${line} />
        </svg>
      </div>
      <p class="chart__days" aria-hidden="true">
        <span>${calendarDay(first.day, words.locale)}</span>
        <span>${calendarDay(last.day, words.locale)}</span>
      </p>
      <table class="unseen">
        <caption>${words.chart.heading}</caption>
        <tr><th scope="col">${words.chart.day}</th><th scope="col">${words.account.booked}</th></tr>
        ${shown.map((day, index) =>
          html`
            <tr>
              <td>${calendarDay(day.day, words.locale)}</td>
              <td>${show(values[index]!)}</td>
            </tr>
          `
        )}
      </table>
    </figure>
  ` as VNode;
}

/** Returns a step for each day, and the ground below; an even balance lies in the middle. */
function steps(values: bigint[], least: bigint, most: bigint): { line: string; ground: string } {
  const { margin } = size;
  const range = Number(most - least);
  const y = (value: bigint) =>
    range === 0
      ? size.height / 2
      : size.height - margin - Number(value - least) / range * (size.height - 2 * margin);
  const width = size.width / values.length;
  const line = values.map((value, index) => {
    const height = y(value).toFixed(1);
    return `${index === 0 ? `M0 ${height}` : `V${height}`}H${((index + 1) * width).toFixed(1)}`;
  }).join("");
  return { line, ground: `${line}V${size.height}H0Z` };
}
