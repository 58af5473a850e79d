/** The page's state, and the events that change it: the values of the reducer. */
import type {
  AtmView,
  DayBalance,
  DemoDevices,
  HistoryEntry,
  HistoryFilter,
  Language,
  Notes,
  OutOfService,
  Receipt,
  Statement,
  VisitEnd,
} from "../../../lib/atm.ts";
import type { MinorText } from "../../../lib/money.ts";
import type { Call, CallName, CallValue, DisconnectReason } from "../bridge/bridge.ts";
import type { Refused } from "../words/shapes.ts";

/** Whom a transfer is for. */
export interface Recipient {
  /** The account's number. */
  to: string;
  /** What the account is called where it is the customer's own, else its owner's masked name. */
  name: string;
}

/** One screen, with its own values. */
export type Screen =
  /** The host has not sent its first view yet. */
  | { name: "starting" }
  /** Nothing can be done here, or nothing with cash. */
  | { name: "out_of_service"; why: OutOfService }
  | { name: "welcome" }
  | { name: "log_in"; username: string; shown?: boolean }
  /** The PIN of the inserted card. */
  | { name: "pin" }
  | { name: "menu" }
  /** What is done less often: the password, the settings, another account. */
  | { name: "more" }
  /** How the screens look and speak. */
  | { name: "settings" }
  | { name: "amount"; typed: string }
  /** Which notes? Each mix makes the amount. */
  | { name: "mix"; amount: MinorText; mixes: Notes[][] }
  | { name: "working"; on: "withdrawal" | "deposit" | "return" | "transfer"; recipient?: Recipient }
  | ReceiptScreen
  /** The QR code of a signed receipt, as large as it can be. */
  | CodeScreen
  | { name: "deposit" }
  /** A transfer, question by question: for whom, how much, is this right? */
  | { name: "recipient"; typed: string }
  /** `typed`: digits alone, in minor units, as a card terminal takes them. */
  | { name: "sum"; recipient: Recipient; typed: string }
  | { name: "confirm"; recipient: Recipient; amount: MinorText }
  /** Which of the customer's accounts? */
  | { name: "accounts" }
  /** `fault`: what is wrong with what was typed, which no call was made for. */
  | { name: "password"; shown?: boolean; fault?: PasswordFault }
  | { name: "password_changed" }
  | { name: "set_pin"; fault?: PinFault }
  | { name: "pin_set" }
  /** Null until the bank answered. */
  | { name: "balance"; days: DayBalance[] | null; statement?: Statement; day?: string }
  | HistoryScreen
  | RefusalScreen
  /** The bank answered once and does not now. */
  | { name: "lost"; hadVisit: boolean }
  /** The bank is back; what was begun before is over. */
  | { name: "back"; hadVisit: boolean }
  | { name: "ended"; why: VisitEnd }
  | { name: "disconnected"; why: DisconnectReason };

export type ScreenName = Screen["name"];

export interface ReceiptScreen {
  name: "receipt";
  receipt: Receipt;
  /** The statement that it was opened in. */
  from?: HistoryScreen;
  /** The signed receipt; null if the bank has none, absent until it answers. */
  code?: string | null;
}

export interface CodeScreen {
  name: "code";
  /** The signed receipt. */
  code: string;
  /** The screen before. */
  from: ReceiptScreen;
}

export interface HistoryScreen {
  name: "history";
  /** Money that moved, or everything that the log has. */
  tab: "money" | "activity";
  /** The filters are open. */
  narrowing?: boolean;
  /** The month of the open calendar: "2026-11". */
  month?: string;
  filter: HistoryFilter;
  /** Cursors of the pages before this one; the first page's is undefined. */
  newer: (string | undefined)[];
  /** This page's own cursor. */
  cursor: string | undefined;
  /** The filter changed while a page was on its way: the page is asked for again. */
  again?: boolean;
  /** Each entry is shown with its sealed form. */
  sealed?: boolean;
  /** Null until the first page came. */
  page: { entries: HistoryEntry[]; older: string | undefined } | null;
}

export interface RefusalScreen {
  name: "refusal";
  why: Refused;
  /** Where the customer was, and gets back to. */
  from:
    | "log_in"
    | "pin"
    | "amount"
    | "history"
    | "menu"
    | "recipient"
    | "sum"
    | "password"
    | "set_pin";
  receipt?: Receipt;
  /** What was typed, to be corrected: an amount, a number, or the username. */
  typed?: string;
  /** Whom the transfer was for. */
  recipient?: Recipient;
  /** For `throttled`: when another try has a chance. */
  retryAtMs?: number;
}

/** The screens as one customer chose them. */
export interface Settings {
  language: Language;
  contrast: "normal" | "high";
  size: "normal" | "large";
  /** Screens are read out, and keys choose. */
  sound: boolean;
  /** Of speech: parts of the usual speed and of full volume. */
  rate: number;
  volume: number;
  /** Nothing is to be seen. */
  blank: boolean;
}

/** What the page's host can do besides showing. */
export interface Abilities {
  prints: boolean;
  speaks: boolean;
  /** The customer's system asks for high contrast. */
  highContrast: boolean;
}

export interface State {
  screen: Screen;
  settings: Settings;
  can: Abilities;
  /** The on-screen keyboard is there, with these faces. */
  keyboard: "letters" | "capitals" | "signs" | null;
  view: AtmView | null;
  /** The call under way, if any, by its number. */
  pending: { number: number; name: CallName } | null;
  /** Numbers the calls, so that a late answer to an earlier call is recognised. */
  calls: number;
  nowMs: number;
  /** When this screen came up. */
  shownMs: number;
  lastTouchMs: number;
  /** When a touch was last reported to the machine. */
  touchSentMs: number;
  /** The question whether the customer needs more time is open over the screen. */
  moreTime: boolean;
  /** When the covered balance was shown; null while it is covered. */
  balanceShownAtMs: number | null;
  /** A change of the balance that was not the customer's, while it was shown: by how much, and when. */
  balanceNews: { changeMinor: MinorText; atMs: number } | null;
}

/** What the demo's pane asks of the simulated devices. */
export type DemoCall = Extract<Call, { name: keyof DemoDevices }>;

/** What a customer does. */
export type Intent =
  /** To the screen before, as Escape does; what was begun is given up. */
  | { type: "back" }
  /** On from a screen with nothing to choose, as Enter does. */
  | { type: "next" }
  | { type: "go"; to: Place }
  | { type: "log_in"; username: string; password: string }
  | { type: "log_in_with_card"; pin: string }
  | { type: "show_password"; shown: boolean }
  | { type: "show_balance"; shown: boolean }
  | { type: "log_out" }
  | { type: "set"; settings: Partial<Settings> }
  /** Which faces the on-screen keyboard shows; null puts it away. */
  | { type: "keyboard"; keyboard: State["keyboard"] }
  /** The screen is to be read out again. */
  | { type: "read_again" }
  /** By a key: speech begins or repeats; its volume or its speed changes; the screen is blanked. */
  | { type: "speech_key"; key: SpeechKey }
  /** Into the one field of an amount's or a recipient's screen. */
  | { type: "type"; typed: string }
  /** What was typed is to be used: the amount, or the recipient's account. */
  | { type: "use_typed" }
  | { type: "withdraw"; amount: MinorText; notes?: Notes[] }
  /** To one of the customer's own accounts, which needs no look-up. */
  | { type: "transfer_to"; recipient: Recipient }
  /** `message`: as it was typed; may be empty. */
  | { type: "transfer_confirm"; message: string }
  | { type: "choose_account"; id: string }
  | { type: "change_password"; current: string; next: string }
  | { type: "password_fault"; fault: PasswordFault }
  | { type: "set_pin"; pin: string }
  | { type: "pin_fault"; fault: PinFault }
  | { type: "show_sealed"; sealed: boolean }
  /** Enlarges the code of a receipt. */
  | { type: "show_code" }
  | { type: "print" }
  | { type: "deposit_confirm" }
  | { type: "tab"; tab: HistoryScreen["tab"] }
  | { type: "narrowing"; open: boolean }
  /** Opens the calendar at a month, or shuts it. */
  | { type: "calendar"; month: string | undefined }
  | { type: "filter"; filter: HistoryFilter }
  /** The receipt of an entry of the statement. */
  | { type: "open_entry"; receipt: Receipt }
  /** A day of the balance's chart. */
  | { type: "pick_day"; day: string }
  | { type: "older" }
  | { type: "newer" }
  /** "Yes, I need more time." */
  | { type: "stay" }
  /** From the demo's pane, next to the ATM: whatever the ATM is doing. */
  | { type: "demo"; call: DemoCall };

export type SpeechKey = "speak" | "volume" | "speed" | "blank";

/** Where a button of the menu or of a screen leads. */
export type Place =
  | "menu"
  | "more"
  | "settings"
  | "amount"
  | "deposit"
  | "recipient"
  | "accounts"
  | "password"
  | "set_pin"
  | "balance"
  | "history";

/** What is wrong with a new PIN, found without asking the bank. */
export type PinFault = "form" | "mismatch";

/** What is wrong with a new password, found without asking the bank. */
export type PasswordFault = "missing" | "too_short" | "mismatch" | "unchanged";

/** The value of a call that has been answered. */
export type Answered = {
  [Name in CallName]: { type: "answered"; number: number; name: Name; value: CallValue<Name> };
}[CallName];

export type PageEvent =
  | Intent
  | Answered
  | { type: "view"; view: AtmView }
  | { type: "disconnected"; why: DisconnectReason }
  /** About once a second. */
  | { type: "tick" }
  /** A finger, a pointer or a key, on anything. */
  | { type: "touched" };

/** What follows from an event. A `call` is numbered by `state.calls`. */
export interface Step {
  state: State;
  call?: Call;
  /** What is on the screen is to be printed. */
  print?: boolean;
  /** What is on the screen is to be read out again. */
  speak?: boolean;
}

export const usualSettings: Settings = {
  language: "en",
  contrast: "normal",
  size: "normal",
  sound: false,
  rate: 1,
  volume: 1,
  blank: false,
};

/** Returns the settings of a customer who chose none. */
function usualSettingsOf({ highContrast }: Abilities): Settings {
  return { ...usualSettings, contrast: highContrast ? "high" : "normal" };
}

export function initialState(
  nowMs: number,
  can: Abilities = { prints: false, speaks: false, highContrast: false },
): State {
  return {
    can,
    settings: usualSettingsOf(can),
    keyboard: null,
    screen: { name: "starting" },
    view: null,
    pending: null,
    calls: 0,
    nowMs,
    shownMs: nowMs,
    lastTouchMs: nowMs,
    touchSentMs: nowMs,
    moreTime: false,
    balanceShownAtMs: null,
    balanceNews: null,
  };
}

/** Returns the state on another screen, without what belonged to the old one. */
export function show(state: State, screen: Screen): State {
  return {
    ...state,
    screen,
    shownMs: state.nowMs,
    balanceNews: null,
    balanceShownAtMs: null,
    keyboard: null,
  };
}

/** Returns the state with the usual settings, in the machine's language: the customer has left. */
export function withoutSettings(state: State): State {
  const { language } = state.view ?? usualSettings;
  return { ...state, settings: { ...usualSettingsOf(state.can), language } };
}

/** Starts a call, unless one is under way: then nothing changes. */
export function start(state: State, call: Call, screen: Screen = state.screen): Step {
  if (state.pending) return { state };
  const number = state.calls + 1;
  const next = screen === state.screen ? state : show(state, screen);
  return { state: { ...next, calls: number, pending: { number, name: call.name } }, call };
}
