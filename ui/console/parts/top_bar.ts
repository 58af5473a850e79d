/** Who operates the bank, whether it is well, and the lock. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import { Icon } from "../../page/parts/icon.ts";
import type { BankNews } from "../../../lib/console.ts";
import type { ScreenProps } from "../state/model.ts";
import { counted, timeOfDay } from "./format.ts";
import { entries } from "./navigation.ts";
import { Pill, type Tone } from "./pill.ts";

export function TopBar({ state, news, send }: ScreenProps): VNode {
  const { operator, bank } = news;
  const name = state.view?.operator ?? "";
  return html`
    <header class="console__top">
      <h1>${entries[state.place.screen].title}</h1>
      <${Pill} ...${healthOf(news)} />
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

/** Returns whether the bank is well, in a few words. */
export function healthOf(
  { server, problemCount, next }: BankNews,
): { tone: Tone; word: string } {
  if (server.clockDoubt !== null) return { tone: "warn", word: "No money moves: clock in doubt" };
  if (problemCount > 0) return { tone: "warn", word: counted(problemCount, "problem") };
  if (next.length > 0) return { tone: "calm", word: counted(next.length, "next step") };
  return { tone: "good", word: "All is well" };
}
