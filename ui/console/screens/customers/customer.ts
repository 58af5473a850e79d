/** One customer: log-in and card, the accounts with their acts, and the statement. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type {
  AccountNews,
  BookingNews,
  CustomerFacts,
  LimitNews,
} from "../../../../lib/console.ts";
import { Acts } from "../../parts/acts.ts";
import { Back } from "../../parts/back.ts";
import { Facts } from "../../parts/facts.ts";
import { ago, dayAndTime, money } from "../../parts/format.ts";
import { Listed, Pages } from "../../parts/listed.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import { type Column, Table } from "../../parts/table.ts";
import type { List, ScreenProps } from "../../state/model.ts";
import { actsOfAccount, actsOfCustomer, correction } from "./customer_acts.ts";
import { cardWords, stateWords } from "./state_words.ts";

export function Customer({ state, news, send }: ScreenProps): VNode {
  const name = state.place.id!;
  const answer = (state.lists.customer as List<"customer"> | undefined)?.answer;
  const facts = answer && "rows" in answer ? answer.rows[0] : undefined;
  const why = answer && "failed" in answer ? answer.failed : "Reading…";
  return html`
    <div class="stack">
      <${Back}
        to=${{ screen: "customers" }}
        words="All customers"
        send=${send}
        title=${name}
      >${facts?.shown && html`<span class="soft">${facts.shown}</span>`}<//>
      ${facts
        ? html`
          <${Person} ...${{ state, news, send, facts }} />
          <${Accounts} ...${{ state, news, send, facts }} />
          <${Statement} ...${{ state, news, send, facts }} />
        `
        : html`<${Nothing} words=${why} />`}
    </div>
  ` as VNode;
}

type PartProps = ScreenProps & { facts: CustomerFacts };

function Person({ state, news, send, facts }: PartProps): VNode {
  const { lastMs, lastTerminal, card, oneTimeMs } = facts;
  const { timeZone } = news.bank;
  const password = oneTimeMs === null
    ? "the customer’s own"
    : oneTimeMs < state.nowMs
    ? "a one-time password, which is over"
    : `one-time, until ${dayAndTime(oneTimeMs, timeZone)}`;
  return html`
    <${Panel} title="Customer">
      <${Facts} facts=${[
        ["Last log-in", `${ago(lastMs, state.nowMs)}${lastTerminal && ` at ${lastTerminal}`}`],
        ["Password", password],
        [
          "Card",
          card === null
            ? "none"
            : `issued ${dayAndTime(card.sinceMs, timeZone)}, ${cardWords(card).word}`,
        ],
      ]} />
      <div class="panel__acts">
        <${Acts} acts=${actsOfCustomer(facts)} news=${news} send=${send} />
      </div>
      <//>
  ` as VNode;
}

function Accounts({ news, send, facts }: PartProps): VNode {
  const { currency } = news.bank;
  const limit = ({ amount, isOwn }: LimitNews) =>
    html`${amount === null ? "none" : money(amount, currency)}${
      isOwn &&
      html`
        <span class="soft own">own</span>
      `
    }`;
  const columns: Column<AccountNews>[] = [
    { head: "Account", cell: ({ number }) => html`<b>${number}</b>` },
    { head: "Name", cell: ({ name }) => name },
    { head: "Balance", isFigure: true, cell: ({ balance }) => money(balance, currency) },
    {
      head: "Held",
      isFigure: true,
      cell: ({ held }) => held === "0" ? "" : money(held, currency),
    },
    {
      head: "One withdrawal",
      isFigure: true,
      cell: ({ withdrawalMax }) => limit(withdrawalMax),
    },
    { head: "Out in a day", isFigure: true, cell: ({ dayOutMax }) => limit(dayOutMax) },
    { head: "State", cell: ({ state }) => html`<${Pill} ...${stateWords[state]} />` },
    {
      head: "Acts",
      cell: (account) =>
        html`<${Acts} acts=${actsOfAccount(account)} news=${news} send=${send} isSmall />`,
    },
  ];
  return html`
    <${Panel} title="Accounts">
      <${Table}
        label="Accounts"
        columns=${columns}
        rows=${facts.accounts}
        keyOf=${({ number }: AccountNews) => number}
      />
      <//>
  ` as VNode;
}

function Statement({ state, news, send, facts }: PartProps): VNode {
  const { currency, timeZone } = news.bank;
  const list = state.lists.bookings as List<"bookings"> | undefined;
  const account = list?.query.account ?? "";
  const ask = (account: string, before: string) =>
    send({ type: "ask", query: { of: "bookings", name: facts.customer, account, before } });
  const columns: Column<BookingNews>[] = [
    { head: "Time", isShort: true, cell: ({ timeMs }) => dayAndTime(timeMs, timeZone) },
    { head: "What", cell: ({ action }) => action },
    { head: "Account", cell: ({ account }) => account },
    {
      head: "Amount",
      isFigure: true,
      cell: ({ amount }) => amount === null ? "" : signed(money(amount, currency)),
    },
    { head: "Balance", isFigure: true, cell: ({ balance }) => money(balance, currency) },
    { head: "Terminal", isMinor: true, cell: ({ terminal }) => terminal },
    {
      head: "Place",
      isFigure: true,
      isMinor: true,
      cell: ({ place }) => html`<code class="soft">${place}</code>`,
    },
    {
      head: "Act",
      cell: ({ movement, action }) =>
        movement !== "" &&
        html`<${Acts} acts=${[correction(movement, action)]} news=${news} send=${send} isSmall />`,
    },
  ];
  return html`
    <${Panel} title="Statement" note="from the log; each reading has an entry in it">
      ${facts.accounts.length > 1 && html`
        <div class="search">
          <select
            aria-label="Account"
            value=${account}
            onChange=${(event: Event) => ask((event.currentTarget as HTMLSelectElement).value, "")}
          >
            <option value="">All accounts</option>
            ${facts.accounts.map(({ number, name }) =>
              html`<option value=${number}>${number} ${name}</option>`
            )}
          </select>
        </div>
      `}
      <${Listed}
        list=${list}
        label="Statement of ${facts.customer}"
        columns=${columns}
        keyOf=${({ place, account }: BookingNews) => `${place} ${account}`}
        empty="No money has moved."
      />
      <${Pages}
        list=${list}
        first="Newest"
        next="Earlier"
        onPage=${(before: string) => ask(account, before)}
      />
    <//>
  ` as VNode;
}

/** Writes a plus before what came in: the minus of what went out is there. */
const signed = (text: string) => /^[-−]/.test(text) ? text : `+${text}`;
