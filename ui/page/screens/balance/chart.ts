/** The balance at the end of each day: as steps, and as a table for screen readers. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { AtmView, DayBalance } from "../../../../lib/atm.ts";
import { minorFromText, type MinorText } from "../../../../lib/money.ts";
import { calendarDay, money, shortMoney } from "../../words/format.ts";
import { fill, type Words } from "../../words/words.ts";

interface ChartProps {
  /** Null until the bank answered. */
  days: DayBalance[] | null;
  /** What there is now: today's step follows it. */
  booked: MinorText;
  view: AtmView;
  words: Words;
}

const size = { width: 600, height: 190 };

export function Chart({ days, booked, view, words }: ChartProps): VNode | null {
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
  return html`
    <figure class="chart">
      <figcaption>
        <b>${words.chart.heading}</b>
        <span>${fill(words.chart.summary, { least: short(least), most: short(most) })}</span>
      </figcaption>
      <svg viewBox="0 0 ${size.width} ${size.height}" preserveAspectRatio="none" aria-hidden="true">
        <path class="chart__ground" d=${ground} />
        <path class="chart__line" d=${line} />
      </svg>
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

/** A step for each day, and the ground below; what does not change lies in the middle. */
function steps(values: bigint[], least: bigint, most: bigint): { line: string; ground: string } {
  const margin = 10;
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
