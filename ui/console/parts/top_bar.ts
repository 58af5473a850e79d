/** Who operates the bank, whether it is well, and the lock. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Icon } from "../../page/parts/icon.ts";
import type { ScreenProps } from "../state/model.ts";
import { timeOfDay } from "./format.ts";
import { entries } from "./navigation.ts";
import { Pill } from "./pill.ts";

export function TopBar({ state, news, send }: ScreenProps): VNode {
  const { operator, problemCount, bank, server } = news;
  const name = state.view?.operator ?? "";
  const health = server.clockDoubt !== null
    ? { tone: "warn", word: "No money moves: clock in doubt" }
    : problemCount > 0
    ? { tone: "warn", word: problemCount === 1 ? "1 problem" : `${problemCount} problems` }
    : { tone: "good", word: "All is well" };
  return html`
    <header class="console__top">
      <h1>${entries[state.place.screen].title}</h1>
      <${Pill} ...${health} />
      <span class="console__space"></span>
      <span class="console__time">
        ${timeOfDay(state.nowMs, bank.timeZone, false)}
        <span class="soft">${bank.timeZone}</span>
      </span>
      <span class="console__operator">
        <${Icon} name="person" />
        <span><b>${name}</b> <span class="soft">${operator.role}</span></span>
      </span>
      <button class="button button--small" onClick=${() => send({ type: "lock" })}>
        <${Icon} name="lock" />Lock
      </button>
    </header>
  ` as VNode;
}
