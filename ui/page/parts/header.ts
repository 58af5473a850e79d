/** The top of every screen: the bank's name, the ATM's, the connection, and ways to sound and settings. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { Intent, State } from "../state/model.ts";
import { fromSettings } from "../state/screens.ts";
import { fill, type Words } from "../words/words.ts";
import { Icon, type IconName } from "./icon.ts";
import { Mark } from "./mark.ts";

interface HeaderProps {
  state: State;
  send: (intent: Intent) => void;
  words: Words;
  /** Notes or a card are to be taken first. */
  handsOut: unknown;
}

export function Header({ state, send, words, handsOut }: HeaderProps): VNode {
  const { view, settings, screen } = state;
  const disconnected = screen.name === "disconnected";
  const bank = disconnected ? "lost" : view?.bank ?? "connecting";
  const button = (icon: IconName, label: string, intent: Intent) =>
    html`
      <button
        class="header__button"
        data-header=${icon}
        aria-label=${label}
        onClick=${(event: Event) => {
          event.stopPropagation();
          send(intent);
        }}
      >
        <${Icon} name=${icon} />
      </button>
    `;
  return html`
    <header class="header" inert=${state.moreTime}>
      <div class="header__bank"><${Mark} /><span><bdi>${view?.bankName ?? ""}</bdi></span></div>
      <div class="header__place">
        ${view && html`
          <span class="header__terminal">${fill(words.atm, { terminal: view.terminal })}</span>
        `}
        ${!disconnected && bank !== "online" && bank !== "not_ready" && html`
          <span class="connection connection--${bank}" role="status">
            <span class="connection__dot" aria-hidden="true"></span>
            <span class="connection__words">${words.connection[bank]}</span>
          </span>
        `}
        ${settings.sound && !disconnected && html`
          ${button("sound", words.settings.again, { type: "read_again" })}
          ${button("mute", words.settings.mute, { type: "set", settings: { sound: false } })}
        `}
        ${!handsOut && fromSettings.has(screen.name) &&
          button("settings", words.settings.heading, { type: "go", to: "settings" })}
      </div>
    </header>
  ` as VNode;
}
