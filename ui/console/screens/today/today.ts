/** The bank's day: money in and out, what needs an operator, and the movements as they come. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { BankNews, MovementNews, ProblemNews } from "../../../../lib/console.ts";
import { counted, money, number, span, timeOfDay, words } from "../../parts/format.ts";
import { MoneyChart } from "../../parts/money_chart.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import { type Column, Table } from "../../parts/table.ts";
import type { ScreenProps } from "../../state/model.ts";

export function Today({ news, state, send }: ScreenProps): VNode {
  const { today, terminals, holds, bank: { currency, timeZone }, proposals } = news;
  const since = sinceWords(today, timeZone);
  const note = today.isCut ? `${since}: earlier ones are in the log` : since;
  return html`
    <div class="today">
      <div class="figures">
        <${Figure} name="Paid out" value=${money(today.out, currency)} note=${since} />
        <${Figure} name="Taken in" value=${money(today.in, currency)} note=${since} />
        <${Figure}
          name="Movements"
          value=${today.done.toLocaleString("en")}
          note=${counted(today.refused, "refusal")}
        />
        <${Figure}
          name="Terminals"
          value=${`${terminals.connected} of ${terminals.total}`}
          note=${terminals.attention > 0 ? `${terminals.attention} need you` : "connected"}
          isWarning=${terminals.attention > 0}
          onOpen=${() => send({ type: "go", place: { screen: "terminals" } })}
        />
        <${Figure}
          name="Open movements"
          value=${holds.count.toLocaleString("en")}
          note=${holds.oldestMs === null
            ? "nothing waits"
            : holds.waiting > 0
            ? `${number(holds.waiting)} need you`
            : `the oldest for ${span(state.nowMs - holds.oldestMs)}`}
          isWarning=${holds.waiting > 0}
          onOpen=${() => send({ type: "go", place: { screen: "doubt" } })}
        />
        <${Figure}
          name="To approve"
          value=${proposals.length}
          note=${proposals.length === 0 ? "nothing waits" : "see Approvals"}
          onOpen=${() => send({ type: "go", place: { screen: "approvals" } })}
        />
      </div>
      <${Panel} title="Money today" name="money" note=${note}>
        <${MoneyChart} news=${news} nowMs=${state.nowMs} />
        <//>
        <${Panel} title="Needs you" name="problems" note=${news.problemCount > 0
          ? String(news.problemCount)
          : ""}>
          <${Problems} news=${news} send=${send} />
          <//>
          <${Panel} title="Movements" name="movements" note="newest first">
        ${news.movements.length === 0
          ? html`<${Nothing} words="No movement yet. They show here within a second." />`
          : html`
            <div class="scroll" role="group" aria-label="Movements, newest first" tabindex="0">
              <${Table}
                label="Movements"
                columns=${columnsOf(news.bank)}
                rows=${news.movements}
                keyOf=${({ place }: MovementNews) => place}
              />
            </div>
          `}
      <//>
    </div>
  ` as VNode;
}

/** Returns since when the day's movements are counted. */
export const sinceWords = ({ sinceMs, isCut }: BankNews["today"], timeZone: string) =>
  isCut ? `since ${timeOfDay(sinceMs, timeZone, false)}` : "since midnight";

function Figure({ name, value, note, isWarning = false, onOpen }: {
  name: string;
  value: string | number;
  note: string;
  isWarning?: boolean;
  onOpen?: () => void;
}): VNode {
  const inside = html`
    <span class="figure__name">${name}</span>
    <span class="figure__value">${value}</span>
    <span class="figure__note ${isWarning ? "figure__note--warn" : ""}">${note}</span>
  `;
  return (onOpen
    ? html`<button class="figure figure--opens" onClick=${onOpen}>${inside}</button>`
    : html`<div class="figure">${inside}</div>`) as VNode;
}

function Problems({ news, send }: Pick<ScreenProps, "news" | "send">): VNode {
  const { problems, next, problemCount } = news;
  const whatOf = ({ what, terminal: id }: ProblemNews) =>
    id === undefined ? html`<b>${what}</b>` : html`
      <button
        class="opener"
        onClick=${() => send({ type: "go", place: { screen: "terminals", id } })}
      ><b>${what}</b></button>
    `;
  if (problems.length + next.length === 0) {
    return html`<${Nothing} words="All is well." />` as VNode;
  }
  return html`
    <ul class="problems">
      ${problems.map((each) => html`<li class="problem">${whatOf(each)}<p>${each.mend}</p></li>`)}
      ${next.map((each) =>
        html`<li class="problem problem--next">${whatOf(each)}<p>${each.mend}</p></li>`
      )}
      ${problemCount > problems.length && html`
        <li>
          <button
            class="opener"
            onClick=${() => send({ type: "go", place: { screen: "terminals" } })}
          >and ${number(problemCount - problems.length)} more</button>
        </li>
      `}
    </ul>
  ` as VNode;
}

const columnsOf = (
  { currency, timeZone }: ScreenProps["news"]["bank"],
): Column<MovementNews>[] => [
  { head: "Time", cell: ({ timeMs }) => timeOfDay(timeMs, timeZone) },
  { head: "Customer", cell: ({ who }) => who },
  { head: "What", cell: kindWords },
  { head: "Amount", isFigure: true, cell: ({ amount }) => money(amount, currency) },
  { head: "Terminal", isMinor: true, cell: ({ terminal }) => terminal },
  { head: "Outcome", cell: outcomePill },
];

function kindWords({ kind, step, terminal }: MovementNews): string {
  if (step === "book" && terminal === "") return "opening";
  return step === "authorise" ? `${kind} authorised` : step === "report" ? `${kind}, late` : kind;
}

function outcomePill({ outcome, action }: MovementNews): VNode {
  if (outcome !== "ok") return html`<${Pill} tone="warn" word=${words(outcome)} />` as VNode;
  const isReversed = / reversed( -|$)/.test(action);
  const props = isReversed ? { tone: "off", word: "reversed" } : { tone: "good", word: "ok" };
  return html`<${Pill} ...${props} />` as VNode;
}
