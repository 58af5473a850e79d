/** Movements that are authorised and not settled: each with its evidence, and the way to settle it. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { BankNews, HoldNews, TerminalNews } from "../../../../lib/console.ts";
import { decimalText } from "../../../../lib/money.ts";
import { Acts } from "../../parts/acts.ts";
import { Back } from "../../parts/back.ts";
import { type Fact, Facts } from "../../parts/facts.ts";
import { ago, dayAndTime, money, span } from "../../parts/format.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import { type Column, Table } from "../../parts/table.ts";
import type { Act, List, ScreenProps } from "../../state/model.ts";

export function Doubt(props: ScreenProps): VNode {
  const Part = props.state.place.id === undefined ? AllHolds : Hold;
  return html`<${Part} ...${props} />` as VNode;
}

function AllHolds({ state, news, send }: ScreenProps): VNode {
  const { count, rows } = news.holds;
  const columns: Column<HoldNews>[] = [
    { head: "Customer", cell: ({ customer }) => customer, isOpener: true },
    { head: "Movement", cell: ({ kind }) => kind },
    { head: "Amount", isFigure: true, cell: ({ amount }) => money(amount, news.bank.currency) },
    { head: "Terminal", cell: ({ terminal }) => terminal },
    { head: "Open for", isFigure: true, cell: ({ timeMs }) => span(state.nowMs - timeMs) },
    { head: "State", cell: (hold) => html`<${Pill} ...${stateOf(hold)} />` },
  ];
  return html`
    <${Panel}
      title="Authorised and not settled"
      note=${count > rows.length ? `the oldest ${rows.length} of ${count}` : ""}
    >
      ${rows.length === 0 ? html`<${Nothing} words="No movement is open." />` : html`
        <${Table}
          label="Open movements"
          columns=${columns}
          rows=${rows}
          keyOf=${({ movement }: HoldNews) => movement}
          onOpen=${({ movement, terminal }: HoldNews) =>
            send({ type: "go", place: { screen: "doubt", id: movement, terminal } })}
        />
      `}
    <//>
  ` as VNode;
}

/** Returns a hold's state in a word. */
function stateOf({ inDoubt, kind }: HoldNews) {
  if (!inDoubt) return { tone: "calm", word: "open" };
  return {
    tone: "warn",
    word: `in doubt: ${kind === "transfer" ? "see the log" : "count the notes"}`,
  };
}

function Hold({ state, news, send }: ScreenProps): VNode {
  const hold = news.holds.rows.find(({ movement }) => movement === state.place.id);
  return html`
    <div class="stack">
      <${Back}
        to=${{ screen: "doubt" }}
        words="All open movements"
        send=${send}
        title=${hold && `${hold.kind} of ${money(hold.amount, news.bank.currency)}`}
      >${hold && html`<${Pill} ...${stateOf(hold)} />`}<//>
      ${hold
        ? html`<${Evidence} ...${{ state, news, send, hold }} />`
        : html`<${Nothing} words="It is settled." />`}
    </div>
  ` as VNode;
}

function Evidence({ state, news, send, hold }: ScreenProps & { hold: HoldNews }): VNode {
  const list = (state.lists.terminals as List<"terminals"> | undefined)?.answer;
  const terminal = list && "rows" in list
    ? list.rows.find(({ name }) => name === hold.terminal)
    : undefined;
  const facts: Fact[] = [
    ["Customer", hold.customer],
    ["Authorised", dayAndTime(hold.timeMs, news.bank.timeZone)],
    ["Open for", span(state.nowMs - hold.timeMs)],
    ["Terminal", hold.terminal],
    [
      "Its last contact",
      ago(terminal?.lastMs ?? null, state.nowMs, "not since the server's start"),
    ],
    ["Compared with the books", ago(terminal?.reconciledMs ?? null, state.nowMs)],
    ["The comparison found", differencesOf(terminal)],
    ["Movement", html`<code>${hold.movement}</code>`],
  ];
  const toTerminal = () => send({ type: "go", place: { screen: "terminals", id: hold.terminal } });
  return html`
    <${Panel} title="Evidence">
      <${Facts} facts=${facts} />
      <p class="advice">${hold.inDoubt
        ? "Its devices lost count of the notes, or gave no proof: count them, and settle it with what " +
          "the customer has."
        : "Its terminal settles it when it connects. Settle it here only if the terminal is lost."}</p>
      ${terminal && terminal.problems.length > 0 &&
        html`<ul class="problems">${
          terminal.problems.map(({ what, mend }) =>
            html`<li class="problem"><b>${what}</b><p>${mend}</p></li>`
          )
        }</ul>`}
    <//>
    <${Acts} acts=${actsOf(hold, news)} news=${news} send=${send}>
      <button class="button" onClick=${toTerminal}>Its terminal and log</button>
    <//>
  ` as VNode;
}

function differencesOf(terminal: TerminalNews | undefined): string {
  if (!terminal || terminal.reconciledMs === null) return "not compared yet";
  return terminal.differences.join("; ") || "no difference";
}

const reason = { name: "reason", label: "Why, for the log", hint: "what you counted, and who did" };

/** Returns the two ways to settle a hold. */
function actsOf({ movement, kind, amount }: HoldNews, { bank: { currency } }: BankNews): Act[] {
  const late = "A later report of the terminal is booked to the differences account.";
  const moved = kind === "withdrawal" ? "The customer has" : "The terminal has";
  const whole = decimalText(BigInt(amount), currency.exponent);
  return [
    {
      title: `Complete the ${kind}`,
      effect: `${moved} the notes: the amount is booked. ${late}`,
      command: { command: "settle_hold", movement, complete: "", reverse: false, reason: "" },
      fields: [
        { name: "complete", label: "Amount", hint: `as counted, up to ${whole}` },
        reason,
      ],
      verb: "Complete",
      isGrave: false,
    },
    {
      title: `Reverse the ${kind}`,
      effect: `No note has changed hands: nothing is booked. ${late}`,
      command: { command: "settle_hold", movement, reverse: true, reason: "" },
      fields: [reason],
      verb: "Reverse",
      isGrave: true,
    },
  ];
}
