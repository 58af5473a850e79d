/** All that was done in the customer's name, newest first, a page at a time. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { historyTextLengthMax } from "../../../../lib/limits.ts";
import type { HistoryFilter } from "../../../../lib/atm.ts";
import { Icon } from "../../parts/icon.ts";
import { SaveButton } from "../../parts/saving.ts";
import type { ViewScreenProps } from "../../parts/screen_props.ts";
import { Stage } from "../../parts/stage.ts";
import { fill, type Tables } from "../../words/words.ts";
import { Choice } from "../../parts/choice.ts";
import { Dates, rangeOf } from "./dates.ts";
import { Entries } from "./entries.ts";

export function History(
  { screen, state, view, send, words, tables }: ViewScreenProps<"history"> & { tables: Tables },
): VNode {
  const { filter, page } = screen;
  // what is typed counts from when it is sent or another choice is made
  const narrow = (form: HTMLFormElement, more: HistoryFilter) => {
    const text = new FormData(form).get("text") as string;
    const range = rangeOf(new FormData(form), view.timeZone);
    send({ type: "filter", filter: { ...filter, text: text.trim(), ...range, ...more } });
  };
  const busy = state.pending !== null;
  const number = fill(words.history.page, { number: String(screen.newer.length + 1) });
  const filters = html`
    <form
      class="filters"
      role="search"
      onSubmit=${(event: Event) => {
        event.preventDefault();
        narrow(event.currentTarget as HTMLFormElement, {});
      }}
    >
      <${Choice}
        label=${words.history.kindLabel}
        options=${Object.entries(words.history.kind)}
        chosen=${filter.kind ?? "all"}
        onChoose=${(kind: string, form: HTMLFormElement) =>
          narrow(form, { kind: kind === "all" ? undefined : kind as HistoryFilter["kind"] })}
      />
      <${Choice}
        label=${words.history.outcomeLabel}
        options=${Object.entries(words.history.outcome)}
        chosen=${filter.outcome ?? "all"}
        onChoose=${(outcome: string, form: HTMLFormElement) =>
          narrow(form, {
            outcome: outcome === "all" ? undefined : outcome as HistoryFilter["outcome"],
          })}
      />
      <${Dates} ...${{ filter, nowMs: state.nowMs, view, words, narrow }} />
      <div class="search">
        <input
          class="field__input"
          name="text"
          aria-label=${words.history.search}
          placeholder=${words.history.search}
          maxlength=${historyTextLengthMax}
          autocomplete="off"
          defaultValue=${filter.text ?? ""}
        />
        <button class="search__button" type="submit" aria-label=${words.history.search}>
          <${Icon} name="search" />
        </button>
      </div>
    </form>
  `;
  return html`
    <${Stage}
      heading=${words.history.heading}
      lede=${words.history.lede}
      aside=${filters}
      next=${{
        label: words.done,
        icon: "check",
        keys: "enter escape",
        press: () => send({ type: "back" }),
      }}
    >
      <div class="entries card" aria-busy=${busy}>
        <div class="entries__ways">
          <button
            class="choice__option"
            type="button"
            data-sealed
            aria-pressed=${screen.sealed ?? false}
            onClick=${() => send({ type: "show_sealed", sealed: !screen.sealed })}
          >
            <${Icon} name="sealed" />${words.history.sealed}
          </button>
          <${SaveButton}
            label=${words.history.csv}
            ...${{ saving: screen.saving, words, save: () => send({ type: "save" }) }}
          />
        </div>
        <${Entries} entries=${page?.entries ?? null} ...${{ view, words, tables }} />
        <nav class="pages" aria-label=${number}>
          <button
            class="button button--small"
            data-turn="newer"
            aria-disabled=${screen.newer.length === 0}
            onClick=${() => send({ type: "newer" })}
          >
            ${words.history.newer}
          </button>
          <span role="status">${number}</span>
          <button
            class="button button--small"
            data-turn="older"
            aria-disabled=${page?.older === undefined}
            onClick=${() => send({ type: "older" })}
          >
            ${words.history.older}
          </button>
        </nav>
      </div>
      <//>
  ` as VNode;
}
