/** What a customer does: how it changes the screen, and which call it starts. */
import {
  speechRates,
  speechVolumes,
  transferMessageLengthMax,
  typedLengthMax,
} from "../../../lib/limits.ts";
import { groupedAccountNumber, isAccountNumber } from "../../../lib/account_number.ts";
import { amountMinorMax, decimalText, minorFromText, parseAmount } from "../../../lib/money.ts";
import type { HistoryFilter, Notes, Receipt } from "../../../lib/atm.ts";
import type { CallArgs } from "../bridge/bridge.ts";
import type { Refused } from "../words/shapes.ts";
import {
  type HistoryScreen,
  type Intent,
  type PasswordFault,
  type ReceiptScreen,
  type Recipient,
  type RefusalScreen,
  type Screen,
  type Settings,
  show,
  type SpeechKey,
  start,
  type State,
  type Step,
  withoutSettings,
} from "./model.ts";
import {
  endedScreen,
  endsAfterMovement,
  fromSettings,
  prints,
  safeScreen,
  speaks,
} from "./screens.ts";

export function onIntent(state: State, intent: Intent): Step {
  if (intent.type === "stay") return stay(state);
  if (intent.type === "log_out") return logOut(state);
  if (intent.type === "demo") return state.view?.demo ? { state, call: intent.call } : { state };
  if (state.pending?.name === "history") return whileLookingUp(state, intent);
  if (intent.type === "read_again") return { state, speak: state.settings.sound };
  if (intent.type === "speech_key") return speechKey(state, intent.key);
  // an open question is answered first, and a call under way is waited for
  if (state.moreTime || state.pending) return { state };
  switch (intent.type) {
    case "back":
      return back(state);
    case "next":
      return next(state);
    case "go":
      if (intent.to === "settings") return { state: toSettings(state) };
      return state.view?.visit ? go(state, intent.to) : { state };
    case "set":
      return { state: { ...state, settings: { ...state.settings, ...intent.settings } } };
    case "keyboard":
      return { state: { ...state, keyboard: intent.keyboard } };
    case "log_in":
      return logIn(state, intent.username, intent.password);
    case "log_in_with_card":
      return state.screen.name === "pin"
        ? start(state, { name: "logInWithCard", args: [intent.pin] })
        : { state };
    case "set_pin":
      return state.screen.name === "set_pin"
        ? start({ ...state, screen: { name: "set_pin" } }, { name: "setPin", args: [intent.pin] })
        : { state };
    case "pin_fault":
      return state.screen.name === "set_pin"
        ? { state: { ...state, screen: { name: "set_pin", fault: intent.fault } } }
        : { state };
    case "show_balance":
      return { state: { ...state, balanceShownAtMs: intent.shown ? state.nowMs : null } };
    case "show_password":
      return { state: showPassword(state, intent.shown) };
    case "type":
      return { state: type(state, intent.typed) };
    case "use_typed":
      return useTyped(state);
    case "withdraw":
      return withdraw(state, intent.amount, intent.notes);
    case "transfer_to":
      return { state: transferTo(state, intent.recipient) };
    case "transfer_confirm":
      return transfer(state, intent.message);
    case "choose_account":
      return state.screen.name === "accounts"
        ? start(state, { name: "chooseAccount", args: [intent.id] })
        : { state };
    case "change_password":
      return changePassword(state, intent.current, intent.next);
    case "password_fault":
      return { state: passwordFault(state, intent.fault) };
    case "print":
      return { state, print: prints(state) && state.screen.name === "receipt" };
    case "show_code":
      return { state: showCode(state) };
    case "show_sealed":
      return state.screen.name === "history"
        ? ask(state, { ...state.screen, sealed: intent.sealed })
        : { state };
    case "deposit_confirm":
      return confirmDeposit(state);
    case "pick_day":
      return state.screen.name === "balance"
        ? { state: { ...state, screen: { ...state.screen, day: intent.day } } }
        : { state };
    case "tab":
      return state.screen.name === "history"
        ? ask(state, historyTab(state, intent.tab))
        : { state };
    case "open_entry":
      return openEntry(state, intent.receipt);
    case "narrowing":
    case "calendar":
      return { state: openFilters(state, intent) };
    case "filter":
    case "older":
    case "newer":
      return state.screen.name === "history" ? turn(state, state.screen, intent) : { state };
  }
}

/** Changes how screens are read to this customer: each key but the last reads the screen again. */
function speechKey(state: State, key: SpeechKey): Step {
  if (!speaks(state)) return { state };
  const { sound, rate, volume, blank } = state.settings;
  const next = (steps: readonly number[], value: number) =>
    steps[(steps.indexOf(value) + 1) % steps.length]!;
  const changes: Record<SpeechKey, Partial<Settings>> = {
    speak: { sound: true },
    volume: { volume: next(speechVolumes, volume) },
    speed: { rate: next(speechRates, rate) },
    blank: { blank: !blank },
  };
  if (!sound && key !== "speak") return { state };
  const settings = { ...state.settings, ...changes[key] };
  return { state: { ...state, settings }, speak: key !== "blank" };
}

/** Leaves a look-up, or narrows it further, while it lasts: it moves no money. */
function whileLookingUp(state: State, intent: Intent): Step {
  const { screen } = state;
  if (state.moreTime || screen.name !== "history") return { state };
  if (intent.type === "back") return back({ ...state, pending: null });
  if (intent.type === "narrowing" || intent.type === "calendar") {
    return { state: openFilters(state, intent) };
  }
  const next = whileLookedUp(state, screen, intent);
  return next ? { state: { ...state, screen: { ...next, again: true } } } : { state };
}

/** Returns what a choice in the history asks for once the look-up under way is answered. */
function whileLookedUp(
  state: State,
  screen: HistoryScreen,
  intent: Intent,
): HistoryScreen | null {
  switch (intent.type) {
    case "filter":
      return { ...screen, filter: intent.filter, newer: [], cursor: undefined };
    case "show_sealed":
      return { ...screen, sealed: intent.sealed };
    case "tab":
      return historyTab(state, intent.tab);
    default:
      return null;
  }
}

function stay(state: State): Step {
  if (!state.moreTime) return { state };
  return {
    state: { ...state, moreTime: false, lastTouchMs: state.nowMs, touchSentMs: state.nowMs },
    call: { name: "touch", args: [] },
  };
}

/** Ends the visit. Money under way is waited for: its screen has no way out. */
function logOut(before: State): Step {
  const busy = before.screen.name === "working" || before.pending?.name === "logOut";
  if (!before.view?.visit || busy) return { state: before };
  const state = { ...before, moreTime: false, pending: null };
  return start(state, { name: "logOut", args: [] });
}

function logIn(state: State, username: string, password: string): Step {
  const name = username.trim();
  if (state.screen.name !== "log_in" || name === "") return { state };
  return start({ ...state, screen: { name: "log_in", username: name } }, {
    name: "logIn",
    args: [name, password],
  });
}

function showPassword(state: State, shown: boolean): State {
  const { screen } = state;
  if (screen.name !== "log_in" && screen.name !== "password") return state;
  return { ...state, screen: { ...screen, shown } };
}

/** Opens the settings where the customer has nothing to lose. */
function toSettings(state: State): State {
  return fromSettings.has(state.screen.name) ? show(state, { name: "settings" }) : state;
}

function go(state: State, to: (Intent & { type: "go" })["to"]): Step {
  switch (to) {
    case "deposit":
      return start(state, { name: "depositOpen", args: [] });
    case "history":
      return ask(state, historyTab(state, "money"));
    case "balance":
      return start(state, { name: "balance", args: [] }, { name: "balance", days: null });
    case "amount":
    case "recipient":
      return { state: show(state, { name: to, typed: "" }) };
    default:
      return { state: show(state, { name: to }) };
  }
}

function back(state: State): Step {
  const { screen } = state;
  switch (screen.name) {
    case "log_in":
      return { state: show(state, safeScreen(state.view)) };
    case "pin":
      return start(state, { name: "returnCard", args: [] });
    case "menu":
      return logOut(state);
    case "mix": {
      const minor = minorFromText(screen.amount) ?? 0n;
      const typed = asTyped(minor, state.view?.currency.exponent ?? 0);
      return { state: show(state, { name: "amount", typed }) };
    }
    case "sum": {
      const typed = groupedAccountNumber(screen.recipient.to);
      return { state: show(state, { name: "recipient", typed }) };
    }
    case "confirm": {
      const { recipient, amount: typed } = screen;
      return { state: show(state, { name: "sum", recipient, typed }) };
    }
    case "more":
    case "amount":
    case "balance":
    case "history":
    case "recipient":
      return { state: show(state, { name: "menu" }) };
    case "accounts":
    case "set_pin":
      return { state: show(state, { name: "more" }) };
    case "password":
      return state.view?.visit?.oneTime ? logOut(state) : { state: show(state, { name: "more" }) };
    case "pin_set":
    case "password_changed":
      return { state: show(state, { name: "menu" }) };
    case "settings":
      return { state: show(state, safeScreen(state.view)) };
    case "deposit":
      return start(state, { name: "depositCancel", args: [] }, { name: "working", on: "return" });
    case "refusal":
      return { state: show(state, visitOr(state, safeScreen(state.view))) };
    case "receipt":
      return next(state);
    case "code":
      return { state: show(state, screen.from) };
    default:
      return { state };
  }
}

function next(state: State): Step {
  const { screen } = state;
  switch (screen.name) {
    case "welcome":
    case "back":
    case "out_of_service":
      return { state: show(state, logInOr(state)) };
    case "receipt":
      return afterMovement(state, screen.from ?? { name: "menu" });
    case "pin_set":
    case "password_changed":
      return { state: show(state, visitOr(state, { name: "menu" })) };
    case "settings":
    case "code":
      return back(state);
    case "ended":
      return { state: show(withoutSettings(state), safeScreen(state.view)) };
    case "refusal":
      return refusalNext(state, screen);
    default:
      return { state };
  }
}

/** Goes on from a refusal: to where it can be mended, if the visit and the bank are still there. */
function refusalNext(state: State, refusal: RefusalScreen): Step {
  if (refusal.retryAtMs !== undefined && state.nowMs < refusal.retryAtMs) return { state };
  if (refusal.from === "pin") {
    const screen = state.view?.card === "inserted" ? safeScreen(state.view) : logInOr(state);
    return { state: show(state, screen) };
  }
  if (refusal.from === "log_in") return { state: show(state, logInOr(state, refusal.typed)) };
  if (!state.view?.visit) return { state: show(state, visitOr(state, { name: "menu" })) };
  switch (refusal.from) {
    case "history":
      return go(state, "history");
    case "amount":
    case "recipient":
      return { state: show(state, { name: refusal.from, typed: refusal.typed ?? "" }) };
    case "sum": {
      const { recipient, typed = "" } = refusal;
      return {
        state: show(state, recipient ? { name: "sum", recipient, typed } : { name: "menu" }),
      };
    }
    case "password":
    case "set_pin":
      return { state: show(state, { name: refusal.from }) };
    default:
      return refusal.receipt
        ? afterMovement(state, { name: "menu" })
        : { state: show(state, { name: "menu" }) };
  }
}

/** Goes on after a movement; a visit whose card has come back is over. */
function afterMovement(state: State, screen: Screen): Step {
  if (state.view && endsAfterMovement(state.view)) return logOut(state);
  return { state: show(state, visitOr(state, screen)) };
}

/** Returns the log-in, where there is a bank to log in to. */
function logInOr({ view }: State, username = ""): Screen {
  const serves = view?.bank === "online" && view.failure === null;
  return serves ? { name: "log_in", username } : safeScreen(view);
}

/** Returns `screen` while the visit lasts, else the one that says why it is over. */
function visitOr(state: State, screen: Screen): Screen {
  if (!state.view || state.view.visit) return screen;
  const wasVisit = state.screen.name === "receipt" ||
    (state.screen.name === "refusal" && !["log_in", "pin"].includes(state.screen.from));
  return wasVisit ? endedScreen(state.view) : safeScreen(state.view);
}

function type(state: State, text: string): State {
  const { screen } = state;
  if (!("typed" in screen) || screen.name === "refusal") return state;
  const typed = screen.name === "recipient"
    ? groupedAccountNumber(digitsOf(text))
    : screen.name === "sum"
    ? digitsOf(text).replace(/^0+/, "")
    : decimalOf(text, state.view?.currency.exponent ?? 0);
  return { ...state, screen: { ...screen, typed: typed.slice(0, typedLengthMax) } };
}

/** Removes all but the digits of a typed number. */
export const digitsOf = (text: string) => text.replace(/[^0-9]/g, "");

/** Returns the digits of a typed amount, with no more decimals than the currency has. */
function decimalOf(text: string, exponent: number): string {
  const [whole = "", ...parts] = text.split(".").map(digitsOf);
  const units = whole.replace(/^0+(?=[0-9])/, "");
  return parts.length === 0 || exponent === 0
    ? units
    : `${units || "0"}.${parts.join("").slice(0, exponent)}`;
}

function useTyped(state: State): Step {
  const { screen, view } = state;
  if (!view) return { state };
  if (screen.name === "recipient") return lookUp(state, screen.typed);
  if (screen.name !== "amount" && screen.name !== "sum") return { state };
  if (screen.name === "sum") return sumTyped(state, screen);
  const { typed } = screen;
  if (typed === "") return { state };
  const amount = typedAmount(typed, view.currency.exponent);
  if (typeof amount !== "bigint") {
    return { state: show(state, { name: "refusal", why: amount, from: "amount", typed }) };
  }
  return chooseNotes(state, String(amount));
}

/**
 * Goes on with a transfer's amount. The screens warn of too much; only the bank refuses it, and
 * logs that.
 */
function sumTyped(state: State, { recipient, typed }: Screen & { name: "sum" }): Step {
  const amount = minorFromText(typed) ?? 0n;
  if (amount <= 0n) return { state };
  return { state: show(state, { name: "confirm", recipient, amount: String(amount) }) };
}

/**
 * Asks the bank whose account this is, which refuses and logs the customer's present one. A number
 * whose check digits are wrong is nobody's, and may be a password: it does not reach the log.
 */
function lookUp(state: State, text: string): Step {
  const account = digitsOf(text);
  if (account === "") return { state };
  const typed = groupedAccountNumber(account);
  if (!isAccountNumber(account)) {
    const refusal = { name: "refusal", why: "account_not_a_number", from: "recipient" } as const;
    return { state: show(state, { ...refusal, typed }) };
  }
  const screen = { name: "recipient", typed } as const;
  return start({ ...state, screen }, { name: "recipient", args: [account] });
}

function transferTo(state: State, recipient: Recipient): State {
  if (state.screen.name !== "recipient") return state;
  return show(state, { name: "sum", recipient, typed: "" });
}

function transfer(state: State, typed: string): Step {
  if (state.screen.name !== "confirm") return { state };
  const { recipient, amount } = state.screen;
  const message = typed.replace(notOfOneLine, " ").trim().slice(0, transferMessageLengthMax);
  const args: CallArgs<"transfer"> = message
    ? [recipient.to, amount, message]
    : [recipient.to, amount];
  return start(
    state,
    { name: "transfer", args },
    { name: "working", on: "transfer", recipient },
  );
}

/** What `isPlainLine` of `lib/text` excludes. */
const notOfOneLine = /[|\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

function changePassword(state: State, current: string, next: string): Step {
  if (state.screen.name !== "password") return { state };
  const screen = { ...state.screen, fault: undefined };
  return start({ ...state, screen }, { name: "changePassword", args: [current, next] });
}

function passwordFault(state: State, fault: PasswordFault): State {
  if (state.screen.name !== "password") return state;
  return { ...state, screen: { ...state.screen, fault } };
}

/** Returns an amount as a customer types it: "40", "40.50". */
export function asTyped(minor: bigint, exponent: number): string {
  return decimalText(minor, exponent).replace(/\.0+$/, "");
}

/** Returns a typed amount in minor units, or why it cannot be asked for. */
export function typedAmount(typed: string, exponent: number): bigint | Refused {
  const amount = parseAmount(typed, exponent) ?? 0n;
  if (amount === 0n) return "amount_not_positive";
  return amount > amountMinorMax ? "amount_too_large" : amount;
}

function withdraw(state: State, amount: string, notes?: Notes[]): Step {
  const possible = ["menu", "amount", "mix", "refusal"].includes(state.screen.name);
  if (!possible || !state.view?.visit || minorFromText(amount) === null) return { state };
  return payOut(state, amount, notes);
}

/** Withdraws an amount, in the chosen mix of notes or in the machine's own. */
export function payOut(state: State, amount: string, notes?: Notes[]): Step {
  const args: CallArgs<"withdraw"> = notes ? [amount, notes] : [amount];
  return start(state, { name: "withdraw", args }, { name: "working", on: "withdrawal" });
}

/** Asks for the mixes of notes that make a typed amount. */
function chooseNotes(state: State, amount: string): Step {
  if (!state.view?.visit) return { state };
  return start(state, { name: "noteMixes", args: [amount] });
}

function confirmDeposit(state: State): Step {
  const filled = state.view?.escrow && state.view.escrow.total !== "0";
  if (state.screen.name !== "deposit" || !filled) return { state };
  return start(state, { name: "depositConfirm", args: [] }, { name: "working", on: "deposit" });
}

type Turn = { type: "filter"; filter: HistoryFilter } | { type: "older" } | { type: "newer" };

function turn(state: State, screen: HistoryScreen, intent: Turn): Step {
  switch (intent.type) {
    case "filter":
      return ask(state, { ...screen, filter: intent.filter, newer: [], cursor: undefined });
    case "older": {
      const older = screen.page?.older;
      if (older === undefined) return { state };
      return ask(state, { ...screen, newer: [...screen.newer, screen.cursor], cursor: older });
    }
    case "newer": {
      if (screen.newer.length === 0) return { state };
      return ask(state, {
        ...screen,
        newer: screen.newer.slice(0, -1),
        cursor: screen.newer.at(-1),
      });
    }
  }
}

/** Returns a tab of the history before it is narrowed: money is that of the chosen account. */
function historyTab({ view }: State, tab: HistoryScreen["tab"]): HistoryScreen {
  const { accounts = [], account } = view?.visit ?? {};
  const money: HistoryFilter = { kind: "money", outcome: "done" };
  const ofAccount = accounts.length > 1 ? { ...money, account: account!.id } : money;
  const filter = tab === "money" ? ofAccount : {};
  return { name: "history", tab, filter, newer: [], cursor: undefined, page: null };
}

/** Shows the receipt of an entry; from there the way leads back to where the statement was. */
function openEntry(state: State, receipt: Receipt): Step {
  const { screen } = state;
  if (screen.name !== "history") return { state };
  return showReceipt(state, { name: "receipt", receipt, from: screen });
}

/** Opens or shuts the filters, or the calendar among them: nothing is looked up. */
function openFilters(
  state: State,
  intent: Intent & { type: "narrowing" | "calendar" },
): State {
  const { screen } = state;
  if (screen.name !== "history") return state;
  const change = intent.type === "narrowing"
    ? { narrowing: intent.open, month: undefined }
    : { month: intent.month };
  return { ...state, screen: { ...screen, ...change } };
}

/** Shows a receipt, and requests its signed form, which nothing waits for. */
export function showReceipt(state: State, screen: ReceiptScreen): Step {
  const place = screen.receipt.logged?.place;
  const shown = show(state, screen);
  if (place === undefined) return { state: shown };
  return { state: shown, call: { name: "signedReceipt", args: [place] } };
}

/** Enlarges the code of the receipt on the screen, once it is there. */
function showCode(state: State): State {
  const { screen } = state;
  if (screen.name !== "receipt" || !screen.code) return state;
  return show(state, { name: "code", code: screen.code, from: screen });
}

/** Asks for the page of history that `screen` is about. */
export function ask(state: State, screen: HistoryScreen): Step {
  // turning pages stays on the same screen: what has the focus keeps it
  const on = state.screen.name === "history" ? { ...state, screen } : show(state, screen);
  const { filter, cursor, sealed } = screen;
  const args: CallArgs<"history"> = sealed ? [filter, cursor, true] : [filter, cursor];
  return start(on, { name: "history", args });
}
