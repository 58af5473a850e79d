/** The account's statement, and everything that was done in the customer's name, a page at a time. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { historyTextLengthMax } from "../../../../lib/limits.ts";
import type { AtmView, HistoryFilter } from "../../../../lib/atm.ts";
import { formatMoney, parseAmount } from "../../../../lib/money.ts";
import { Icon } from "../../parts/icon.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { doneAction, Stage } from "../../parts/stage.ts";
import { fill } from "../../words/words.ts";
import { Choice } from "../../parts/choice.ts";
import { Calendar } from "./calendar.ts";
import { Dates } from "./dates.ts";
import { Entries } from "./entries.ts";

/** The form of what is searched for: its field is above the card that has the rest of it. */
const formId = "history-filter";

export function History({ screen, state, view, send, words }: ViewScreenProps<"history">): VNode {
  const { filter, page, tab, narrowing = false } = screen;
  const text = words.history;
  // what is typed counts from when it is sent or another choice is made
  const narrow = (form: HTMLFormElement, more: HistoryFilter) => {
    const typed = new FormData(form).get("text") as string | null ?? filter.text ?? "";
    send({ type: "filter", filter: { ...filter, text: searched(typed, view), ...more } });
  };
  const busy = state.pending !== null;
  const number = fill(text.page, { number: String(screen.newer.length + 1) });
  const { all, ...kinds } = text.kind;
  const moneyKinds = {
    withdrawal: kinds.withdrawal,
    deposit: kinds.deposit,
    transfer: kinds.transfer,
  };
  const every = tab === "money" ? "money" as const : undefined;
  const dates = {
    formId,
    filter,
    nowMs: state.nowMs,
    month: screen.month,
    view,
    words,
    send,
    narrow,
  };
  const pages = html`
    <nav class="pages" aria-label=${number}>
      <button
        class="button button--small"
        data-turn="newer"
        aria-disabled=${screen.newer.length === 0}
        onClick=${() => send({ type: "newer" })}
      >
        ${text.newer}
      </button>
      <span role="status">${number}</span>
      <button
        class="button button--small"
        data-turn="older"
        aria-disabled=${page?.older === undefined}
        onClick=${() => send({ type: "older" })}
      >
        ${text.older}
      </button>
    </nav>
  `;
  return html`
    <${Stage}
      heading=${text.heading}
      start=${!screen.month && pages}
      wide
      aside=${screen.month ? html`<${Dates} ...${dates} />` : html`
        <${Choice}
          label=${text.heading}
          options=${Object.entries(text.tabs)}
          chosen=${tab}
          onChoose=${(chosen: "money" | "activity") => send({ type: "tab", tab: chosen })}
        />
        <div class="filters__line" role="search">
          <div class="search">
            <input
              class="field__input"
              key=${tab}
              form=${formId}
              name="text"
              aria-label=${text.search}
              placeholder=${text.searchHint}
              maxlength=${historyTextLengthMax}
              autocomplete="off"
              defaultValue=${filter.text ?? ""}
            />
            <button
              class="search__button"
              type="submit"
              form=${formId}
              aria-label=${text.search}
            >
              <${Icon} name="search" />
            </button>
          </div>
          <button
            class="choice__option"
            type="button"
            data-narrow
            aria-expanded=${narrowing}
            onClick=${() => send({ type: "narrowing", open: !narrowing })}
          >
            <${Icon} name="settings" />${text.narrow}
          </button>
          ${tab === "activity" && html`
            <button
              class="choice__option"
              type="button"
              data-sealed
              aria-pressed=${screen.sealed ?? false}
              onClick=${() => send({ type: "show_sealed", sealed: !screen.sealed })}
            >
              <${Icon} name="sealed" />${text.sealed}
            </button>
          `}
        </div>
      `}
      next=${doneAction(words, send)}
    >
      <div class="entries card" aria-busy=${busy}>
        <form
          class="filters"
          id=${formId}
          onSubmit=${(event: Event) => {
            event.preventDefault();
            narrow(event.currentTarget as HTMLFormElement, {});
          }}
        >
          ${narrowing && !screen.month && html`
            <${Choice}
              label=${text.kindLabel}
              options=${Object.entries({ all, ...(tab === "money" ? moneyKinds : kinds) })}
              chosen=${filter.kind === every ? "all" : filter.kind}
              onChoose=${(kind: string, form: HTMLFormElement) =>
                narrow(form, { kind: kind === "all" ? every : kind as HistoryFilter["kind"] })}
            />
            ${tab === "activity" && html`
              <${Choice}
                label=${text.outcomeLabel}
                options=${Object.entries(text.outcome)}
                chosen=${filter.outcome ?? "all"}
                onChoose=${(outcome: string, form: HTMLFormElement) =>
                  narrow(form, {
                    outcome: outcome === "all" ? undefined : outcome as HistoryFilter["outcome"],
                  })}
              />
            `}
            <${Dates} ...${dates} />
          `}
        </form>
        ${screen.month
          ? html`<${Calendar} ...${{ ...dates, month: screen.month }} />`
          : html`<${Entries} ...${{ screen, view, words, send }} />`}
      </div>
      <//>
  ` as VNode;
}

/** Returns what the log is searched for: an amount is written as the log has it. */
function searched(typed: string, { currency }: AtmView): string {
  const text = typed.trim();
  const amount = parseAmount(text, currency.exponent);
  return amount === null ? text : formatMoney(amount, currency);
}
