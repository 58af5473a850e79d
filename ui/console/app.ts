/** The whole page: navigation, the open screen, and the dialog of an act over it. */
import type { ComponentType, VNode } from "preact";
import { html } from "htm/preact";
import { ActDialog } from "./parts/act_dialog.ts";
import { Navigation } from "./parts/navigation.ts";
import { Notice } from "./parts/notice.ts";
import { Outlasting } from "./parts/outlasting.ts";
import { TopBar } from "./parts/top_bar.ts";
import { Approvals } from "./screens/approvals/approvals.ts";
import { Bank } from "./screens/bank/bank.ts";
import { Customers } from "./screens/customers/customers.ts";
import { Doubt } from "./screens/doubt/doubt.ts";
import { Log } from "./screens/log/log.ts";
import { Terminals } from "./screens/terminals/terminals.ts";
import { Today } from "./screens/today/today.ts";
import type { ScreenName, ScreenProps, Send, State } from "./state/model.ts";
import { newsOf } from "./state/reduce.ts";

const screens: Record<ScreenName, ComponentType<ScreenProps>> = {
  today: Today,
  terminals: Terminals,
  customers: Customers,
  doubt: Doubt,
  approvals: Approvals,
  log: Log,
  bank: Bank,
};

export function App({ state, send }: { state: State; send: Send }): VNode {
  const { place, act } = state;
  const news = newsOf(state);
  const dialog = act && html`<${ActDialog} progress=${act} send=${send} key=${act.act.title} />`;
  if (news === null) return html`<${Notice} state=${state} />${dialog}` as VNode;
  const Screen = screens[place.screen];
  return html`
    <div class="console" data-screen=${place.screen} inert=${act !== null}>
      <${TopBar} ...${{ state, news, send }} />
      <${Navigation} ...${{ state, news, send }} />
      <main class="console__main" key=${`${place.screen} ${place.id ?? ""}`}>
        <${Outlasting} ...${{ state, send }} />
        <${Screen} ...${{ state, news, send }} />
      </main>
    </div>
    ${dialog}
  ` as VNode;
}
