/** The whole page: header, the screen that the state names, and the question over it. */
import type { ComponentType, VNode } from "preact";
import { html } from "htm/preact";
import { Header } from "./parts/header.ts";
import { Devices } from "./parts/devices.ts";
import { MoreTime } from "./parts/more_time.ts";
import type { Intent, ScreenName, State } from "./state/model.ts";
import type { Tables, Words } from "./words/words.ts";
import { Accounts } from "./screens/accounts/accounts.ts";
import { Code } from "./screens/code/code.ts";
import { Amount } from "./screens/amount/amount.ts";
import { Balance } from "./screens/balance/balance.ts";
import { Deposit } from "./screens/deposit/deposit.ts";
import { History } from "./screens/history/history.ts";
import { LogIn } from "./screens/log_in/log_in.ts";
import { Menu } from "./screens/menu/menu.ts";
import { More } from "./screens/more/more.ts";
import { Mix } from "./screens/mix/mix.ts";
import { Notice } from "./screens/notice/notice.ts";
import { PasswordChanged } from "./screens/password/changed.ts";
import { Password } from "./screens/password/password.ts";
import { Pin } from "./screens/pin/pin.ts";
import { PinSet } from "./screens/pin/pin_set.ts";
import { SetPin } from "./screens/pin/set_pin.ts";
import { TakeCard } from "./screens/take/take_card.ts";
import { Receipt } from "./screens/receipt/receipt.ts";
import { Refusal } from "./screens/refusal/refusal.ts";
import { Settings } from "./screens/settings/settings.ts";
import { Starting } from "./screens/starting/starting.ts";
import { Take } from "./screens/take/take.ts";
import { Confirm } from "./screens/transfer/confirm.ts";
import { Recipient } from "./screens/transfer/recipient.ts";
import { Sum } from "./screens/transfer/sum.ts";
import { Welcome } from "./screens/welcome/welcome.ts";
import { Working } from "./screens/working/working.ts";

// each screen takes only its own member of the union: the table gives that check up
// deno-lint-ignore no-explicit-any
const screens: Record<ScreenName, ComponentType<any>> = {
  starting: Starting,
  out_of_service: Notice,
  welcome: Welcome,
  log_in: LogIn,
  menu: Menu,
  more: More,
  settings: Settings,
  amount: Amount,
  mix: Mix,
  working: Working,
  receipt: Receipt,
  code: Code,
  deposit: Deposit,
  recipient: Recipient,
  sum: Sum,
  confirm: Confirm,
  accounts: Accounts,
  password: Password,
  password_changed: PasswordChanged,
  pin: Pin,
  set_pin: SetPin,
  pin_set: PinSet,
  balance: Balance,
  history: History,
  refusal: Refusal,
  lost: Notice,
  back: Notice,
  ended: Notice,
  disconnected: Notice,
};

export interface AppProps {
  state: State;
  send: (intent: Intent) => void;
  words: Words;
  tables: Tables;
}

export function App({ state, send, words, tables }: AppProps): VNode {
  const { screen, view } = state;
  const disconnected = screen.name === "disconnected";
  // notes in the tray, or a card at the exit, come before whatever else there is to say
  const taking = !disconnected && view?.presented;
  const returned = !disconnected && view?.card === "returned";
  const handsOut = taking || returned;
  const Screen = taking ? Take : returned ? TakeCard : screens[screen.name];
  const name = taking ? "take" : returned ? "take_card" : screen.name;
  // the line says that the ATM works: not while it waits for a hand
  const atm = html`
    <div class="atm" data-screen=${name}>
      <${Header} ...${{ state, send, words, handsOut }} />
      ${state.pending && !handsOut && html`<div class="busy" aria-hidden="true"></div>`}
      <div class="screen" key=${`${name} ${state.shownMs}`} inert=${state.moreTime}>
        <${Screen} ...${{ screen, state, view, send, words, tables }} />
      </div>
      ${state.moreTime && html`<${MoreTime} state=${state} send=${send} words=${words} />`}
    </div>
  ` as VNode;
  if (!view?.demo || disconnected) return atm;
  return html`<div class="room">${atm}<${Devices} ...${{ view, send, words }} /></div>` as VNode;
}
