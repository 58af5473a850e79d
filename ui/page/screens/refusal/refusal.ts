/** A refusal: what happened, that the money is safe, and what to do next. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { LimitsLeft } from "../../../../lib/atm.ts";
import { minorFromText } from "../../../../lib/money.ts";
import { money, shortReference, wait } from "../../words/format.ts";
import { Details } from "../../parts/details.ts";
import { NoteStacks } from "../../parts/notes.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { amountButtons } from "../../parts/amount_buttons.ts";
import type { Refused, Worded } from "../../words/shapes.ts";
import { fill } from "../../words/words.ts";
import { lookOf } from "./looks.ts";

type Props = ViewScreenProps<"refusal">;

/** What was wrong, where it was no username. */
const wrongWords: Partial<Record<Props["screen"]["from"], "wrong_present_password" | "wrong_pin">> =
  { password: "wrong_present_password", pin: "wrong_pin" };

export function Refusal(props: Props): VNode {
  const { screen, state, view, send, words } = props;
  const { heading, lede, next = words.goOn } = words.refusals[wordedOf(screen)] ??
    words.refusals.not_booked!;
  const waitMs = screen.retryAtMs === undefined ? 0 : screen.retryAtMs - state.nowMs;
  const details = screen.receipt && html`<${Booking} ...${props} />`;
  const nearest = screen.receipt?.nearest;
  const amount = screen.receipt ? money(screen.receipt.amount, view.currency, words.locale) : "";
  const mendable = screen.from === "log_in" || screen.from === "pin" ||
    (view.visit !== null && screen.from !== "menu");
  return html`
    <${Stage}
      emblem=${lookOf(screen.why)}
      heading=${heading}
      lede=${fill(lede, { amount })}
      aside=${html`
        ${screen.retryAtMs !== undefined && html`<${Countdown} ms=${waitMs} words=${words} />`}
        ${nearest?.length ? html`<${Nearest} amounts=${nearest} ...${props} />` : details}
      `}
      back=${mendable &&
        { label: words.cancel, press: () => send({ type: "back" }) }}
      next=${{
        label: next,
        off: waitMs > 0,
        keys: mendable ? undefined : "enter escape",
        press: () => send({ type: "next" }),
      }}
    />
  ` as VNode;
}

/** Returns the refusal whose words these are. */
function wordedOf({ why, from, receipt }: Props["screen"]): Worded {
  if (why === "wrong_credentials") return wrongWords[from] ?? why;
  const isCounted = why === "to_be_counted" && receipt?.kind === "deposit";
  return isCounted ? "deposit_to_be_counted" : why;
}

/** Draws how long until the next try, counted down; read out when it is over, not every second. */
function Countdown({ ms, words }: { ms: number; words: Props["words"] }): VNode {
  const over = ms <= 0;
  return html`
    <p class="countdown" role="timer">${over
      ? ""
      : fill(words.throttled.left, { seconds: wait(ms, words.locale) })}</p>
    <p class="countdown" role="status">${over ? words.throttled.over : ""}</p>
  ` as VNode;
}

function Nearest({ amounts, view, send, words }: Props & { amounts: string[] }): VNode {
  return html`
    <div class="nearest" role="group" aria-label=${words.nearest}>
      <p class="nearest__label">${words.nearest}</p>
      <div class="nearest__amounts">
        ${amountButtons({ view, send, words }, amounts)}
      </div>
    </div>
  ` as VNode;
}

/** The limit that each of these refusals is about. */
const limitOf: Partial<Record<Refused, keyof LimitsLeft>> = {
  over_withdrawal_limit: "once",
  over_day_limit: "today",
  over_terminal_limit: "here",
};

/** Draws the details of a movement that was refused or is in doubt. */
function Booking({ screen, view, words }: Props): VNode | null {
  const { receipt } = screen;
  if (!receipt || !minorFromText(receipt.amount)) return null;
  const show = (minor: string) => money(minor, view.currency, words.locale);
  const limit = limitOf[screen.why];
  const left = limit && receipt.account?.left?.[limit];
  const doubtful = ["in_doubt", "device_fault", "to_be_counted", "already_completed"]
    .includes(screen.why);
  const rows = [
    { name: words.refusalDetails.asked, value: show(receipt.amount) },
    receipt.account && {
      name: words.refusalDetails.available,
      value: show(receipt.account.available),
    },
    limit && left !== undefined && { name: words.refusalDetails[limit], value: show(left) },
    doubtful && receipt.movement !== "" &&
    { name: words.refusalDetails.reference, value: shortReference(receipt.movement) },
  ];
  return html`
    <div class="card card--narrow">
      <${Details} rows=${rows} />
      ${receipt.notes.length > 0 &&
        html`<${NoteStacks} notes=${receipt.notes} currency=${view.currency} words=${words} />`}
      ${doubtful && receipt.movement !== "" &&
        html`<p class="card__foot">${words.refusalDetails.keep}</p>`}
    </div>
  ` as VNode;
}
