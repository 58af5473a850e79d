/**
 * What a screen may ask of the machine it stands in front of, and what it is told: the contract
 * between the page (`ui/page`) and the machine behind it (`client/atm`). Every value is plain JSON,
 * so that the same contract crosses a web view's bound function and a loopback socket alike.
 */
import type { AtmOutcome } from "./errors.ts";
import type { Currency, MinorText } from "./money.ts";

/** The languages of the screens, by their ISO 639-1 codes. */
export const languageCodes = ["en", "es", "fr", "de", "ja", "ar"] as const;
export type Language = typeof languageCodes[number];

/** A stack of equal notes; `value` in minor units. */
export interface Notes {
  value: MinorText;
  count: number;
}

/** The customer's account, as the bank last told it. `version` counts the account's changes. */
export interface AccountView {
  id: string;
  /** What the customer calls it, such as "savings"; absent for an account without a name. */
  name?: string;
  booked: MinorText;
  /** `booked` less what open withdrawals hold. */
  available: MinorText;
  version: number;
}

/** Why the last visit ended, for the screen that follows it. */
export type VisitEnd = "logged_out" | "idle" | "connection_lost" | "ended_by_bank";

/** Why a machine is out of service: wholly, or for the last two only where it handles cash. */
export type OutOfService = "no_bank" | "no_key" | "not_accepted" | "device_fault" | "no_cash";

/** Where a cash device may fail, by the XFS4IoT command that it is carrying out. */
export type DeviceStep =
  | "dispense"
  | "present"
  | "retract"
  | "cashIn"
  | "cashInEnd"
  | "cashInRollback";

/**
 * A fault that a simulated device can be told to have, once: a jam, a jam in which it also loses
 * count of its notes, or a power cut; before, between or after the notes that a command moves.
 */
export type DeviceFault = `${"jam" | "lost count" | "power cut"} ${
  | "before"
  | "between"
  | "after"} ${DeviceStep}`;

/** All that the screens know of the machine; told anew whenever any of it changes. */
export interface AtmView {
  /** The terminal's name, as the operator enrolled it: "lobby". */
  terminal: string;
  /**
   * `connecting` until the first answer; `lost` when a bank that answered no longer does; `no_key`
   * while there is no terminal key to reach it with; `not_accepted` from the bank's own, authenticated
   * word that the key has ended until it accepts this terminal again.
   */
  bank: "connecting" | "online" | "lost" | "no_key" | "not_accepted";
  bankName: string;
  /** The language for whoever has chosen no other. */
  language: Language;
  currency: Currency;
  /** IANA time zone of the bank: dates on screens and receipts are in it. */
  timeZone: string;
  /** The customer who is logged in, if any. */
  visit: {
    username: string;
    /** The account that everything is done with, until another is chosen. */
    account: AccountView;
    /** All that can be used, `account` among them. */
    accounts: AccountView[];
    /** Other terminals at which this customer is logged in, by name. */
    elsewhere: string[];
    /** Logged out after this long without a touch. */
    idleMsMax: number;
  } | null;
  /** Why the last visit ended; null before the first one, and while one is under way. */
  ended: VisitEnd | null;
  cash: {
    /** What is in the cassettes, largest note first. */
    cassettes: Notes[];
    /** Amounts worth a button of their own: each can be paid out right now. */
    fastAmounts: MinorText[];
    /** Notes that the acceptor takes, smallest first. */
    accepted: MinorText[];
  };
  /** Notes lying in escrow during a deposit; null when the acceptor is shut. */
  escrow: { notes: Notes[]; total: MinorText } | null;
  /** Notes that the customer is to take now, handed out or handed back; null when there are none. */
  presented: { notes: Notes[]; total: MinorText } | null;
  devices: {
    /** What does not work until people have seen to it. */
    jammed: readonly ("dispenser" | "acceptor")[];
    /** Faults that are about to happen, where the devices are simulated. */
    faults: readonly DeviceFault[];
  };
  /** True when the devices are simulated: the page then shows the demo's own controls. */
  demo: boolean;
}

/** A movement's outcome at the machine, with all that a receipt shows. */
export interface Receipt {
  outcome: AtmOutcome;
  kind: "withdrawal" | "deposit" | "transfer";
  /** What was asked for; for a deposit, what lay in escrow. */
  amount: MinorText;
  /** Notes handed out or taken in; empty when none were. */
  notes: Notes[];
  /** For a transfer: the number of the account that it goes to. */
  to?: string;
  /** The movement's id, 32 hex digits; empty when none was made. */
  movement: string;
  /** The account after the movement; null when the bank did not answer. */
  account: AccountView | null;
  /** RFC 3339 UTC, the bank's time; the machine's own where the bank did not answer. */
  time: string;
  /** Where the bank's log speaks of it; absent where the bank did not say. */
  logged?: LoggedAt;
  /** For `not_dispensable`: the nearest amounts that can be paid out, smaller then larger. */
  nearest?: MinorText[];
}

/** An entry of the log, as a customer can later name it to the bank. */
export interface LoggedAt {
  /** Its place: "1.4711". */
  place: string;
  /** Its tag there, 64 hex digits, which changes with anything that comes before it. */
  tag: string;
}

/** What an account had at the end of a day, in the bank's time zone; of today, what it has now. */
export interface DayBalance {
  /** "2026-11-26" */
  day: string;
  booked: MinorText;
}

/** What the history can be narrowed to. Empty fields narrow nothing. */
export interface HistoryFilter {
  kind?: "withdrawal" | "deposit" | "transfer" | "log-in" | "other";
  outcome?: "done" | "refused";
  /** Found anywhere in the action's words, whatever its case. At most 64 characters. */
  text?: string;
  /** RFC 3339 instants: from inclusive, before exclusive. */
  from?: string;
  before?: string;
}

/** One entry of the audit log, as its own customer sees it. */
export interface HistoryEntry {
  /** Place in the log: names the entry, and sorts the log. */
  place: string;
  /** "withdraw €40.00", "withdraw €100.00 failed - insufficient funds" */
  action: string;
  kind: "withdrawal" | "deposit" | "transfer" | "log-in" | "other";
  outcome: "done" | "refused";
  /** RFC 3339 UTC, milliseconds. */
  time: string;
  terminal: string;
  amount?: MinorText;
  /** On request: the entry as the log has it, in base64, and its tag there, 64 hex digits. */
  sealed?: string;
  tag?: string;
}

/** A page of history, newest first. */
export interface HistoryPage {
  outcome: AtmOutcome;
  entries: HistoryEntry[];
  /** Ask again with this for what is older; absent at the end. */
  cursor?: string;
}

/** The machine, as the screens see it. No method throws for a refusal; all may be called at any time. */
export interface CustomerCalls {
  /** `retryAfterMs` comes with `throttled`. */
  logIn(
    username: string,
    password: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }>;
  /** Ends the visit, whatever was under way. */
  logOut(): Promise<void>;
  /** The customer is there: starts the idle time anew. */
  touch(): Promise<void>;
  /** The mixes of notes that make an amount right now, the one with the fewest notes first; at most three. */
  noteMixes(amount: MinorText): Promise<Notes[][]>;
  /** `notes`: the mix to hand out, one of `noteMixes`; without it the machine chooses. */
  withdraw(amount: MinorText, notes?: Notes[]): Promise<Receipt>;
  /** Opens the acceptor: `AtmView.escrow` is told from here on. */
  depositOpen(): Promise<{ outcome: AtmOutcome }>;
  /** Books what lies in escrow and takes the notes in. */
  depositConfirm(): Promise<Receipt>;
  /** Hands the notes in escrow back and shuts the acceptor. */
  depositCancel(): Promise<void>;
  /** Does everything with this one of the customer's accounts from here on. */
  chooseAccount(id: string): Promise<void>;
  /** The customer looks at the balance: the bank logs it, and tells the last 30 days, oldest first. */
  balance(): Promise<{ outcome: AtmOutcome; days: DayBalance[] }>;
  /** Whose account this is, as far as a customer may know: `recipient` is the name, masked. */
  recipient(
    account: string,
  ): Promise<{ outcome: AtmOutcome; recipient?: string; retryAfterMs?: number }>;
  /** Money to another account, by its number. */
  transfer(to: string, amount: MinorText): Promise<Receipt>;
  /** `retryAfterMs` comes with `throttled`. */
  changePassword(
    current: string,
    next: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }>;
  /** Writes a receipt's text to a file beside the machine; `place` tells which. */
  saveReceipt(text: string): Promise<{ outcome: AtmOutcome; place?: string }>;
  /** Writes the whole history under a filter to a CSV file beside the machine. */
  saveHistory(filter: HistoryFilter): Promise<{ outcome: AtmOutcome; place?: string }>;
  /** `sealed`: each entry with its sealed form and its tag, too. */
  history(filter: HistoryFilter, cursor?: string, sealed?: boolean): Promise<HistoryPage>;
}

/** The hands of a customer and of chance, where the devices are simulated. Without effect elsewhere. */
export interface DemoDevices {
  /** Puts one note into the open acceptor; without effect where it is shut or the note unknown. */
  insertNote(value: MinorText): Promise<void>;
  /** Takes what is presented. */
  takeNotes(): Promise<void>;
  armFault(fault: DeviceFault): Promise<void>;
  disarmFault(fault: DeviceFault): Promise<void>;
  /** Clears every jam: the devices work again. */
  clearJams(): Promise<void>;
}

/** What the page calls through its bridge. */
export type AtmCalls = CustomerCalls & DemoDevices;

/** The machine behind the bridge: its calls, its state now, and word of every change. */
export interface Atm extends AtmCalls {
  view(): AtmView;
  /** `listener` is told of each change; call what is returned to stop. */
  watch(listener: (view: AtmView) => void): () => void;
}
