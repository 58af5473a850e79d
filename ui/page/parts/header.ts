/** The top of every screen: whose bank this is, which ATM, and whether the bank answers. */
import type { VNode } from "preact";
import { html } from "htm/preact";
import type { MachineView } from "../../../lib/atm.ts";
import { fill, type Words } from "../words.ts";
import { Mark } from "./mark.ts";

export function Header(
  { view, gone, words }: { view: MachineView | null; gone: boolean; words: Words },
): VNode {
  const bank = gone ? "lost" : view?.bank ?? "connecting";
  return html`
    <header class="header">
      <div class="header__bank"><${Mark} /><span>${view?.bankName ?? ""}</span></div>
      <div class="header__place">
        ${view &&
          html`<span class="header__terminal">${
            fill(words.atm, { terminal: view.terminal })
          }</span>`}
        ${!gone && html`
          <span class="connection connection--${bank}" role="status">
            <span class="connection__dot" aria-hidden="true"></span>${words.connection[bank]}
          </span>
        `}
      </div>
    </header>
  ` as VNode;
}
