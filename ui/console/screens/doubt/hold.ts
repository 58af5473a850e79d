/** One open movement: its evidence, and the two ways to settle it. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { BankNews, HoldNews, TerminalNews } from "../../../../lib/console.ts";
import { decimalText } from "../../../../lib/money.ts";
import { reason, secondOperator } from "../../parts/act_fields.ts";
import { Acts } from "../../parts/acts.ts";
import { Back } from "../../parts/back.ts";
import { type Fact, Facts } from "../../parts/facts.ts";
import { ago, dayAndTime, money, span } from "../../parts/format.ts";
import { Nothing, Panel } from "../../parts/panel.ts";
import { Pill } from "../../parts/pill.ts";
import type { Act, List, ScreenProps } from "../../state/model.ts";
import { stateOf } from "./hold_state.ts";

export function Hold({ state, news, send }: ScreenProps): VNode {
  const found = (state.lists.holds as List<"holds"> | undefined)?.answer;
  const hold = found && "rows" in found
    ? found.rows.find(({ movement }) => movement === state.place.id)
    : undefined;
  return html`
    <div class="stack">
      <${Back}
        to=${{ screen: "doubt" }}
        words="All in doubt"
        send=${send}
        title=${hold && `${hold.kind} of ${money(hold.amount, news.bank.currency)}`}
      >${hold && html`<${Pill} ...${stateOf(hold)} />`}<//>
      ${hold
        ? html`<${Evidence} ...${{ state, news, send, hold }} />`
        : html`<${Nothing} words=${found ? "It is settled." : "Reading…"} />`}
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
        ? "Its devices lost count of the notes or gave no proof, or its terminal is revoked: count " +
          "them, and settle it with what the customer has."
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

function differencesOf(terminal: TerminalNews | undefined): VNode | string {
  if (!terminal || terminal.reconciledMs === null) return "not compared yet";
  if (terminal.differences.length === 0) return "no difference";
  return html`<ul>${terminal.differences.map((each) => html`<li>${each}</li>`)}</ul>` as VNode;
}

const counted = { ...reason, hint: "what you counted, and who did" };

/** Returns the two ways to settle a hold. */
export function actsOf(
  { movement, kind, amount }: HoldNews,
  { bank: { currency } }: BankNews,
): Act[] {
  const late = "A later report of the terminal is booked to the differences account.";
  const moved = kind === "withdrawal" ? "The customer has" : "The terminal has";
  const whole = decimalText(BigInt(amount), currency.exponent);
  return [
    {
      title: `Complete the ${kind}`,
      effect: `${moved} the notes: the amount is booked. ${late}`,
      withFourEyes: secondOperator,
      command: { command: "settle_hold", movement, complete: "", reverse: false, reason: "" },
      fields: [
        { name: "complete", label: "Amount", hint: `as counted, up to ${whole}` },
        counted,
      ],
      verb: "Complete",
      isGrave: false,
    },
    {
      title: `Reverse the ${kind}`,
      effect: `No note has changed hands: nothing is booked. ${late}`,
      withFourEyes: secondOperator,
      command: { command: "settle_hold", movement, reverse: true, reason: "" },
      fields: [counted],
      verb: "Reverse",
      isGrave: true,
    },
  ];
}
