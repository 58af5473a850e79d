/** The way to each screen, with a figure where something waits. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { BankNews } from "../../../lib/console.ts";
import { Icon, type IconName } from "../../page/parts/icon.ts";
import { Mark } from "../../page/parts/mark.ts";
import { type ScreenName, screenNames, type ScreenProps } from "../state/model.ts";

interface Entry {
  title: string;
  icon: IconName;
  /** How many things wait there. */
  waiting?: (news: BankNews) => number;
}

/** The title, icon and figure of each screen. */
export const entries: Record<ScreenName, Entry> = {
  today: { title: "Today", icon: "today" },
  terminals: {
    title: "Terminals",
    icon: "terminal",
    waiting: ({ terminals }) => terminals.attention,
  },
  customers: { title: "Customers", icon: "person" },
  doubt: { title: "In doubt", icon: "fault", waiting: ({ holds }) => holds.waiting },
  approvals: {
    title: "Approvals",
    icon: "check",
    waiting: ({ proposals }) => proposals.length,
  },
  log: { title: "Log", icon: "history" },
  bank: { title: "Bank", icon: "settings" },
};

export function Navigation({ state, news, send }: ScreenProps): VNode {
  return html`
    <nav class="console__nav" aria-label="Screens">
      <div class="console__brand"><${Mark} /><span>${news.bank.name}</span></div>
      ${screenNames.map((screen) => {
        const { title, icon, waiting } = entries[screen];
        const count = waiting?.(news) ?? 0;
        return html`
          <button
            class="nav"
            aria-current=${state.place.screen === screen ? "page" : undefined}
            onClick=${() => send({ type: "go", place: { screen } })}
          >
            <${Icon} name=${icon} />
            <span>${title}</span>
            ${count > 0 &&
              html`<span class="nav__count" aria-label="${count} waiting">${count}</span>`}
          </button>
        `;
      })}
    </nav>
  ` as VNode;
}
