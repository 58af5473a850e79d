/** The day's money: paid out above the line, taken in below it, a bar for each quarter of an hour. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { BankNews } from "../../../lib/console.ts";
import { money, timeOfDay } from "./format.ts";

const quarterMs = 15 * 60_000;
const hourMs = 4 * quarterMs;
/** The drawing's own units. */
const [width, height, edge] = [960, 200, 18];
const half = (height - edge) / 2;

interface Bar {
  out: number;
  in: number;
}

export function MoneyChart({ news, nowMs }: { news: BankNews; nowMs: number }): VNode {
  const { today, bank: { currency, timeZone } } = news;
  const bars = barsOf(today.periods);
  const endMs = Math.ceil((nowMs + 1) / hourMs) * hourMs;
  const startMs = Math.min(Math.floor(today.sinceMs / hourMs) * hourMs, endMs - 6 * hourMs);
  const count = Math.min(96, (endMs - startMs) / quarterMs);
  const firstMs = endMs - count * quarterMs;
  const most = Math.max(1, ...[...bars.values()].flatMap((bar) => [bar.out, bar.in]));
  const step = width / count;
  const heightOf = (amount: number) => amount === 0 ? 0 : Math.max(1.5, amount / most * (half - 4));
  const places = Array.from({ length: count }, (_, index) => index);
  const everyHours = count > 48 ? 3 : 1;
  const summary = `Paid out ${money(today.out, currency)}, taken in ${money(today.in, currency)}`;
  return html`
    <figure class="money">
      <svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img"
        aria-label=${summary}>
        ${places.map((index) => {
          const bar = bars.get(firstMs + index * quarterMs);
          if (!bar) return null;
          const x = index * step + step * 0.15;
          const [up, down] = [heightOf(bar.out), heightOf(bar.in)];
          return html`
            <rect class="money__out" x=${x} width=${step * 0.7} y=${half - up} height=${up} />
            <rect class="money__in" x=${x} width=${step * 0.7} y=${half} height=${down} />
          `;
        })}
        <path class="money__axis" d="M0 ${half}H${width}" vector-effect="non-scaling-stroke" />
      </svg>
      <div class="money__hours" aria-hidden="true">${places.filter((index) =>
        index % (4 * everyHours) === 0
      ).map((index) =>
        html`<span>${timeOfDay(firstMs + index * quarterMs, timeZone, false)}</span>`
      )}</div>
      <figcaption>
        <span class="money__key money__key--out">paid out</span>
        <span class="money__key money__key--in">taken in</span>
        <span class="money__most">up to ${money(
          String(most > 1 ? most : 0),
          currency,
        )} in 15 minutes</span>
      </figcaption>
    </figure>
  ` as VNode;
}

/** Returns the sums of each quarter of an hour, by its start. Precise enough for a drawing. */
function barsOf(periods: BankNews["today"]["periods"]): Map<number, Bar> {
  const bars = new Map<number, Bar>();
  for (const { startMs, out, in: taken } of periods) {
    const place = Math.floor(startMs / quarterMs) * quarterMs;
    const bar = bars.get(place) ?? { out: 0, in: 0 };
    bars.set(place, { out: bar.out + Number(out), in: bar.in + Number(taken) });
  }
  return bars;
}
