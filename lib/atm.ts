/**
 * The contract between the page (`ui/page`) and the ATM behind it (`client/atm`): the page's calls, and
 * the view that it shows. Every value is plain JSON, for a web view's bound function and a loopback
 * socket alike.
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

/** The customer's account, in the last state from the bank. `version` counts the account's changes. */
export interface AccountView {
  /** Its number, as in `account_number`. */
  id: string;
  /** Its name, such as "savings"; absent for an account without one. */
  name?: string;
  booked: MinorText;
  /** `booked` less what open withdrawals hold. */
  available: MinorText;
  version: number;
  /** Absent where there is no limit. */
  left?: LimitsLeft;
}

/** What limits still allow; an absent one does not exist. */
export interface LimitsLeft {
  /** One withdrawal. */
  once?: MinorText;
  /** Withdrawals and transfers from this account until the end of the day. */
  today?: MinorText;
  /** Withdrawals of all customers at this ATM until the end of the day. */
  here?: MinorText;
}

/** Why the last visit ended, for the screen that follows it. */
export type VisitEnd = "logged_out" | "idle" | "connection_lost" | "ended_by_bank";

/**
 * Why an ATM serves nobody although it has a bank: its disk is full or fails, or its journal lacks
 * movements that the bank has.
 */
export type AtmFailure = "disk_failed" | "journal_lost";

/** Why an ATM is out of service: wholly, or, with the last two, for cash only. */
export type OutOfService =
  | "no_bank"
  | "no_key"
  | "not_accepted"
  | "not_ready"
  | AtmFailure
  | "device_fault"
  | "no_cash";

/** The XFS4IoT command during which a cash device fails. */
export type DeviceStep =
  | "dispense"
  | "present"
  | "retract"
  | "cashIn"
  | "cashInEnd"
  | "cashInRollback";

/**
 * A fault that can be armed at a simulated device and happens once: a jam, a jam in which the device
 * also loses count of its notes, or a power cut; before, between or after the notes of a command.
 */
export type DeviceFault = `${"jam" | "lost count" | "power cut"} ${
  | "before"
  | "between"
  | "after"} ${DeviceStep}`;

/** The state of the ATM for the screens; sent at every change. */
export interface AtmView {
  /** The terminal's name, as the operator enrolled it: "lobby". */
  terminal: string;
  /**
   * `connecting` until the first answer; `lost` when a bank that answered no longer does; `no_key`
   * while there is no terminal key; `not_accepted` after the bank's authenticated word that the key has
   * ended, until it accepts this terminal again; `not_ready` while a restored bank books nothing yet.
   */
  bank: "connecting" | "online" | "lost" | "no_key" | "not_accepted" | "not_ready";
  /** Why nobody is served until it is over; null where all is well. */
  failure: AtmFailure | null;
  bankName: string;
  /** The language for customers who choose none. */
  language: Language;
  currency: Currency;
  /** IANA time zone of the bank: dates on screens and receipts are in it. */
  timeZone: string;
  /** The customer who is logged in, if any. */
  visit: {
    username: string;
    /** What the bank calls the customer, if it is not the username. */
    displayName?: string;
    /** Whether the customer has to change a one-time password before anything else. */
    oneTime?: boolean;
    /** The chosen account: everything is done with it. */
    account: AccountView;
    /** All accounts that are not closed, including `account`. */
    accounts: AccountView[];
    /** Other terminals at which this customer is logged in, by name. */
    elsewhere: string[];
    usual: Usual;
    /** Whether it began with a card, not with the password. */
    byCard?: boolean;
    /** For a log-in with the password: whether the customer's card has a PIN; absent without a card. */
    card?: "with_pin" | "without_pin";
    /** Time without a touch after which the customer is logged out. */
    idleMsMax: number;
  } | null;
  /** Why the last visit ended; null before the first one, and while one is under way. */
  ended: VisitEnd | null;
  cash: {
    /** The cassettes, largest note first. */
    cassettes: Notes[];
    /** Amounts for buttons: each can be paid out now. */
    fastAmounts: MinorText[];
    /** Notes that the acceptor takes, smallest first. */
    accepted: MinorText[];
  };
  /** Notes lying in escrow during a deposit; null when the acceptor is shut. */
  escrow: { notes: Notes[]; total: MinorText } | null;
  /** Notes for the customer to take, dispensed or returned; null if there are none. */
  presented: { notes: Notes[]; total: MinorText } | null;
  /**
   * The card in the reader: to be used with its PIN or in use, or to be taken; null for an ATM without
   * a reader.
   */
  card: "none" | "inserted" | "returned" | null;
  /** The names of the cards that can be inserted, where the reader is simulated. */
  cards: readonly string[];
  devices: {
    /** Devices that do not work until people have cleared them. */
    jammed: readonly ("dispenser" | "acceptor")[];
    /** Whether they do not answer: until they do, they count as jammed. */
    away?: true;
    /** Faults that are armed, where the devices are simulated. */
    faults: readonly DeviceFault[];
  };
  /** The address of the page that verifies receipts; absent if a code has the receipt alone. */
  receiptUrl?: string;
  /** What the ATM does besides its screens. */
  aids: { prints: boolean; voices: readonly Language[] };
  /** True when the devices are simulated: the page then shows the demo's own controls. */
  demo: boolean;
}

/** A movement's outcome at the ATM, with all that a receipt shows. */
export interface Receipt {
  outcome: AtmOutcome;
  kind: "withdrawal" | "deposit" | "transfer";
  /** The amount that was requested or done; for a deposit, the amount in escrow. */
  amount: MinorText;
  /** Notes dispensed or taken in; empty when none were. */
  notes: Notes[];
  /** For a transfer: the recipient's account number. */
  to?: string;
  message?: string;
  /** The movement's id, 32 hex digits; empty if there was no movement. */
  movement: string;
  /** The account after the movement; null when the bank did not answer. */
  account: AccountView | null;
  /** RFC 3339 UTC: the bank's time, or the ATM's if the bank did not answer. */
  time: string;
  /** The audit log's entry of the movement; absent if the bank did not send it. */
  logged?: LoggedAt;
  /** For `not_dispensable`: the nearest amounts that can be paid out, smaller then larger. */
  nearest?: MinorText[];
}

/**
 * A reference to an entry of the audit log, with which a customer can prove the receipt to the
 * bank.
 */
export interface LoggedAt {
  /** Its place in the log: "1.4711". */
  place: string;
  /** Its tag, 64 hex digits, which also covers all earlier entries. */
  tag: string;
}

/** The answer to a request for a signed receipt. */
export interface SignedReceipt {
  outcome: AtmOutcome;
  /** The entry's place. */
  place: string;
  /** A signed note, verbatim; absent if the bank did not send it. */
  receipt?: string;
}

/** An account's balance at the end of a day in the bank's time zone; for today, its balance now. */
export interface DayBalance {
  /** "2026-11-26" */
  day: string;
  booked: MinorText;
}

/** The answer about a balance. */
export interface BalanceAnswer extends Statement {
  outcome: AtmOutcome;
  days: DayBalance[];
}

/** A filter of the history. Absent fields filter nothing. */
export interface HistoryFilter {
  /** `money`: withdrawals, deposits and transfers. */
  kind?: HistoryEntry["kind"] | "money";
  outcome?: "done" | "refused";
  /** A substring of the action's text, case-insensitive. At most 64 characters. */
  text?: string;
  /** The number of the account. */
  account?: string;
  /** RFC 3339 instants: from inclusive, before exclusive. */
  from?: string;
  before?: string;
}

/** One entry of the audit log, as shown to its customer. */
export interface HistoryEntry {
  /** The entry's place in the log, which identifies and orders it. */
  place: string;
  /** "withdraw €40.00", "withdraw €100.00 failed - insufficient funds" */
  action: string;
  kind: "withdrawal" | "deposit" | "transfer" | "log-in" | "other";
  outcome: "done" | "refused";
  /** RFC 3339 UTC, milliseconds. */
  time: string;
  terminal: string;
  amount?: MinorText;
  /** The account's balance after it, if it booked money. */
  balance?: MinorText;
  /** Its movement's id, 32 hex digits. */
  movement?: string;
  /** The message of a transfer. */
  message?: string;
  /** On request: the sealed entry in base64. */
  sealed?: string;
  /** 64 hex digits. */
  tag: string;
}

/** What a customer did lately, to be offered again. */
export interface Usual {
  /** The amount of the last withdrawal. */
  lastWithdrawal?: MinorText;
  /** The last recipients of transfers, the latest first: the number and the masked name. */
  recipients: { account: string; name: string }[];
}

/** An account's last bookings, newest first, and its money in and out this month, unless unknown. */
export interface Statement {
  entries: HistoryEntry[];
  moneyIn?: MinorText;
  moneyOut?: MinorText;
}

/** A page of history, newest first. */
export interface HistoryPage {
  outcome: AtmOutcome;
  entries: HistoryEntry[];
  /** The next call's cursor, for older entries; absent at the end. */
  cursor?: string;
}

/** The customer's calls. Refusals are returned, never thrown; every call is allowed at any time. */
export interface CustomerCalls {
  /** Logs in. `retryAfterMs` comes with `throttled`. */
  logIn(
    username: string,
    password: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }>;
  /** Logs in with the inserted card and its PIN. */
  logInWithCard(pin: string): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }>;
  /** Returns the inserted card. */
  returnCard(): Promise<void>;
  /** Ends the visit after the movement under way. */
  logOut(): Promise<void>;
  /** Restarts the idle time. */
  touch(): Promise<void>;
  /** Returns the mixes of notes that make an amount now, the default first; at most three. */
  noteMixes(amount: MinorText): Promise<Notes[][]>;
  /**
   * Withdraws cash. `notes`: the mix to dispense, one of `noteMixes`; if absent, the ATM chooses.
   */
  withdraw(amount: MinorText, notes?: Notes[]): Promise<Receipt>;
  /** Opens the acceptor: `AtmView.escrow` lists its notes from then on. */
  depositOpen(): Promise<{ outcome: AtmOutcome }>;
  /** Books the notes in escrow and takes them in. */
  depositConfirm(): Promise<Receipt>;
  /**
   * Returns the notes in escrow and shuts the acceptor. Resolves to a receipt where the devices
   * stopped answering: of a deposit of what they had counted.
   */
  depositCancel(): Promise<Receipt | null>;
  /** Chooses one of the customer's accounts for everything that follows. */
  chooseAccount(id: string): Promise<void>;
  /**
   * Returns the balances of the last 30 days, oldest first, and the last bookings. The bank logs the
   * call.
   */
  balance(): Promise<BalanceAnswer>;
  /** Returns the masked name of an account's owner in `recipient`. */
  recipient(
    account: string,
  ): Promise<{ outcome: AtmOutcome; recipient?: string; retryAfterMs?: number }>;
  /** Transfers money to another account, by its number. */
  transfer(to: string, amount: MinorText, message?: string): Promise<Receipt>;
  /** Changes the password. `retryAfterMs` comes with `throttled`. */
  changePassword(
    current: string,
    next: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }>;
  /** Sets the PIN of the customer's card, after a log-in with the password. */
  setPin(pin: string): Promise<{ outcome: AtmOutcome }>;
  /** Returns the signed receipt of a movement, by the place of its entry in the log. */
  signedReceipt(place: string): Promise<SignedReceipt>;
  /** Returns a page of history. `sealed`: adds each entry's sealed form. */
  history(filter: HistoryFilter, cursor?: string, sealed?: boolean): Promise<HistoryPage>;
}

/** A text to be spoken, instead of any before it. */
export interface Speech {
  text: string;
  language: Language;
  /** Of the usual speed: 1, or less for slower. */
  rate: number;
  /** 0 to 1. */
  volume: number;
}

/** What the ATM does besides its screens. No effect where `AtmView.aids` has none of it. */
export interface AidCalls {
  /** Prints a receipt: lines of text. */
  print(text: string): Promise<void>;
  speak(speech: Speech): Promise<void>;
  /** Stops in the middle of a text. */
  hush(): Promise<void>;
}

/** The demo's controls, for simulated devices. No effect on real ones. */
export interface DemoDevices {
  /** Inserts one note into the open acceptor. No effect if it is shut or the note is unknown. */
  insertNote(value: MinorText): Promise<void>;
  /** Takes the presented notes. */
  takeNotes(): Promise<void>;
  /** Inserts one of `AtmView.cards`, if the reader waits for a card. */
  insertCard(name: string): Promise<void>;
  /** Takes the returned card. */
  takeCard(): Promise<void>;
  armFault(fault: DeviceFault): Promise<void>;
  disarmFault(fault: DeviceFault): Promise<void>;
  /** Clears every jam. */
  clearJams(): Promise<void>;
}

/** The page's calls through its bridge. */
export type AtmCalls = CustomerCalls & AidCalls & DemoDevices;

/** The ATM behind the bridge: its calls, its view, and a notification of every change. */
export interface Atm extends AtmCalls {
  view(): AtmView;
  /** Calls `listener` at every change; the returned function removes it. */
  watch(listener: (view: AtmView) => void): () => void;
}
