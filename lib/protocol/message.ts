/**
 * Messages: the JSON content of records, in UTF-8. The ATM sends requests, each with an id; the
 * bank answers each with one reply of the same id, and sends unsolicited pushes. Parsing is strict
 * on both ends: a missing, extra or ill-formed field is a `ProtocolError`.
 */
import { type Bytes, fromHex, textOf, utf8 } from "../bytes.ts";
import { type DeviceRefusal, type Outcome, ProtocolError } from "../errors.ts";
import { isCardNumber, isPin } from "../card.ts";
import { isInstant } from "../instant.ts";
import type {
  AccountView,
  AtmFailure,
  DayBalance,
  HistoryEntry,
  HistoryFilter,
  LoggedAt,
  Notes,
  Usual,
} from "../atm.ts";
import {
  accountLengthMax,
  actionLengthMax,
  amountLengthMax,
  balanceDaysMax,
  cassettesMax,
  cursorLengthMax,
  deviceTokenBytesMax,
  historyTextLengthMax,
  outcomeLengthMax,
  passwordLengthMax,
  receiptLengthMax,
  reconciledMovementsMax,
  sealedEntryLengthMax,
  shortTextLengthMax,
  transferMessageLengthMax,
  usernameLengthMax,
  usualRecipientsMax,
  voucherLengthMax,
} from "../limits.ts";
import { isPlainLine } from "../text.ts";
import { type Currency, minorFromText, type MinorText } from "../money.ts";

/** An ATM's request. Amounts are minor units; `movement` is 32 hex digits made by the terminal. */
/** A device that does not work until staff have cleared it. */
export type JammedDevice = "dispenser" | "acceptor" | "card_reader";

export type Ask =
  // of the channel: no log-in required
  | { op: "hello" }
  | { op: "log_in"; username: string; password: string }
  /** A log-in with the number on a card's track 2. */
  | { op: "log_in_with_card"; card: string; pin: string }
  | { op: "log_out"; reason: "customer" | "idle" | "closing" }
  // of the customer, for an account of the session
  | { op: "touch" }
  | { op: "history"; filter: HistoryFilter; cursor?: string; sealed?: boolean }
  | {
    op: "authorise";
    kind: "withdrawal" | "deposit";
    movement: string;
    account: string;
    /** Minor units; any other text is refused by name. */
    amount: string;
    currency: string;
    /** The device's command nonce; no part of what a repeated id must have in common. */
    nonce?: string;
  }
  /** Transfers money to the account with the number `to`, in one step. */
  | {
    op: "transfer";
    movement: string;
    account: string;
    to: string;
    amount: string;
    currency: string;
    message?: string;
  }
  /** Returns the masked name of an account's owner. */
  | { op: "recipient"; account: string; from: string }
  /** Returns an account's balance at the end of each of its last days. */
  | { op: "balance"; account: string }
  /** Returns the signed receipt of one of the customer's movements, by its entry's place. */
  | { op: "receipt"; place: string }
  | { op: "change_password"; current: string; next: string }
  /** A new PIN of the customer's card, in a visit that began with the password. */
  | { op: "set_pin"; pin: string }
  /** A refusal by the ATM: nothing moves, and the bank logs it. */
  | { op: "refused"; kind: "withdrawal" | "deposit"; amount: MinorText; why: AtmRefusal }
  /** The state of the terminal's cash devices, sent whenever it changes for the staff. */
  | {
    op: "report";
    cassettes: CassetteReport[];
    jammed: JammedDevice[];
    /** Whether the cash devices do not answer: the rest is what they last reported. */
    away?: boolean;
    /** Whether the cash devices dispense without the bank's tokens. */
    keyless?: boolean;
    /** False if the devices have lost count of their notes. */
    counted: boolean;
    /** Value of customers' notes left in the ATM and not booked. */
    left: MinorText;
    /** Why the terminal is out of service, if it is. */
    stopped?: AtmFailure;
    /** Cards that were not taken, and are in the retain unit. */
    retained?: number;
  }
  /**
   * What the terminal has at the end of a day, with no movement open: the value of its notes, and
   * what its devices or staff moved in each of its newest movements.
   */
  | { op: "reconcile"; cash: MinorText; movements: { movement: string; amount: MinorText }[] }
  // of the terminal, for its own movements
  /** `status`: the device's present status, for a withdrawal with a token. */
  | { op: "complete"; movement: string; amount: MinorText; status?: string }
  | { op: "reverse"; movement: string; status?: string }
  | { op: "void"; movement: string; status?: string }
  /** A withdrawal whose device gives no proof of its outcome: `status` is the one that proves nothing. */
  | { op: "doubt"; movement: string; status: string }
  /**
   * A movement's outcome at the devices, sent again after the bank was restored from a backup:
   * `amount` is what they moved, or what was authorised if the movement is still open; and a transfer
   * that the bank has booked.
   */
  | {
    op: "retell";
    movement: string;
    kind: "withdrawal" | "deposit" | "transfer" | "load" | "count";
    /** The customer's account and its uid from the log-in, if the journal has them. */
    account?: string;
    uid?: string;
    amount: MinorText;
    currency: string;
    /** The bank's time of the movement, if the journal has it. */
    time?: string;
    /** Whether the outcome of a withdrawal or deposit is still unknown. */
    open?: boolean;
    /** Of a withdrawal with a token: that one, and the device's present status after it. */
    token?: string;
    status?: string;
    /** Of a transfer: the bank's voucher, verbatim. */
    voucher?: string;
  }
  /**
   * The device's present status for the nonce `attest` of a restored bank; `movement` is the
   * withdrawal of its last token, if the journal has it.
   */
  | { op: "attest"; status: string; movement?: string }
  /** Marks the end of the retold movements. */
  | { op: "retold" }
  | { op: "load_cash"; movement: string; amount: MinorText; currency: string }
  /** Value of notes that a count found over or, if negative, missing. */
  | { op: "count_cash"; movement: string; amount: MinorText; currency: string };

/** A cassette. `unfilled`: staff put no notes in it, so that only customers' notes can be there. */
export type CassetteReport = Notes & { unfilled?: boolean };

/** The refusals that an ATM makes without asking the bank. */
export type AtmRefusal = Extract<
  DeviceRefusal,
  "not_dispensable" | "no_notes_inserted" | "device_fault"
>;

export type Operation = Ask["op"];
export type AskOf<O extends Operation> = Extract<Ask, { op: O }>;
export type Request = { id: number; ask: Ask };

/** An account of the customer who logs in. `uid`, 32 hex digits, is never reused. */
export type OwnAccount = AccountView & { uid: string };

/** An answer. PROTOCOL.md lists which fields come with which outcome. */
export interface Answer {
  outcome: Outcome;
  retryAfterMs?: number;
  bank?: {
    name: string;
    currency: Currency;
    timeZone: string;
    terminal: string;
    /** RFC 3339: the terminal retells the movements since then. */
    retell?: string;
    /** The restored bank's nonce, for which the terminal's device attests its state. */
    attest?: string;
    /**
     * The terminal in the bank's books, from its first movement on: the newest movement that it
     * began, and the value of its notes.
     */
    books?: { movement: string; cash: MinorText };
  };
  account?: AccountView;
  /** For a log-in: all usable accounts of the customer, or one that is unusable. */
  accounts?: OwnAccount[];
  /** A recipient's name, masked. */
  recipient?: string;
  /** With a log-in: the other terminals at which this customer is logged in, by name. */
  elsewhere?: string[];
  /** With a log-in: what screens call the customer, if it is not the username. */
  displayName?: string;
  /** With a log-in by card: the customer's username. */
  username?: string;
  /** With a log-in by password: whether the customer has a card, and it has a PIN. */
  card?: "with_pin" | "without_pin";
  /** For a log-in with a one-time password: only `change_password` is allowed. */
  oneTime?: boolean;
  usual?: Usual;
  /** The bank's time of the movement, RFC 3339. */
  time?: string;
  /** Minor units that the first settling booked: for `already_completed` and a repeated complete. */
  booked?: MinorText;
  /** The dispense token of an authorised withdrawal, and the nonce of the status after it. */
  token?: string;
  statusNonce?: string;
  /** For a booked transfer: text that only the bank reads, for a `retell`. */
  voucher?: string;
  /** The log's entry of the movement, or of the ATM's own refusal. */
  logged?: LoggedAt;
  /** A signed note, verbatim. */
  receipt?: string;
  entries?: HistoryEntry[];
  cursor?: string;
  /** Oldest first, today last. */
  days?: DayBalance[];
  /** This month's sums. */
  moneyIn?: MinorText;
  moneyOut?: MinorText;
  /** With a reconcile: the value of the terminal's notes in the bank's books; none while notes are held. */
  cash?: MinorText;
}

/** A message of the bank that answers no request. */
export type Push =
  | { push: "account"; account: AccountView }
  | { push: "visit_ended"; reason: "idle" | "bank" }
  /** The other terminals at which the visit's customer is logged in, by name, at each change. */
  | { push: "elsewhere"; terminals: string[] }
  /** The terminal's next key, 64 hex digits: stored durably, then used for the next connection. */
  | { push: "new_key"; version: number; key: string };

export type ServerMessage = { id: number; answer: Answer } | Push;

/** Encodes a request. */
export function encodeRequest({ id, ask }: Request): Bytes {
  return utf8(JSON.stringify({ id, ...ask }));
}

/**
 * Parses a client's request.
 * @throws {ProtocolError} if the bytes are not a request
 */
export function parseRequest(bytes: Uint8Array): Request {
  const message = jsonObject(bytes);
  const { id, op, ...rest } = message;
  const fields = typeof op === "string" && Object.hasOwn(askFields, op)
    ? askFields[op as Operation]
    : refuse("operation");
  return { id: whole(id), ask: { op, ...record(fields, rest) } as Ask };
}

/** Encodes a reply or a push. */
export function encodeServerMessage(message: ServerMessage): Bytes {
  return utf8(JSON.stringify(message));
}

/**
 * Parses a server's message. The server is authenticated, so its payload is checked for shape only.
 * @throws {ProtocolError} if the bytes are not a message
 */
export function parseServerMessage(bytes: Uint8Array): ServerMessage {
  const message = jsonObject(bytes);
  if ("push" in message) {
    const { push, ...rest } = message;
    const fields = typeof push === "string" && Object.hasOwn(pushFields, push)
      ? pushFields[push as Push["push"]]
      : refuse("push");
    return { push, ...record(fields, rest) } as Push;
  }
  const { id, answer } = record({ id: whole, answer: object }, message);
  return { id, answer: record(answerFields, answer) as Answer };
}

// Checks of single fields: each returns the value, or throws.

type Check<T> = (value: unknown) => T;
type Fields = Record<string, Check<unknown>>;

function refuse(what: string): never {
  throw new ProtocolError(`message ${what}`);
}

function jsonObject(bytes: Uint8Array): Record<string, unknown> {
  try {
    const text = textOf(bytes);
    const message = object(JSON.parse(text));
    // Parsing rounds: 9007199254740991.4 would be the whole number 9007199254740991.
    if (numberWithMore.test(text) && numberWithMore.test(text.replace(jsonText, ""))) {
      refuse("number");
    }
    return message;
  } catch {
    return refuse("form");
  }
}

/** A number with a fraction or an exponent, or such a text within a string. */
const numberWithMore = /[0-9][.eE]/;
const jsonText = /"[^"\\]*(?:\\.[^"\\]*)*"/g;

function object(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse("object");
  return value as Record<string, unknown>;
}

/** Checks for exactly these fields, each by its own check; those with `maybe` are optional. */
function record<F extends Fields>(
  fields: F,
  value: unknown,
): { [K in keyof F]: ReturnType<F[K]> } {
  const given = object(value);
  for (const name of Object.keys(given)) if (!Object.hasOwn(fields, name)) refuse("extra field");
  const checked: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(fields)) {
    const field = check(given[name]);
    if (field !== undefined) checked[name] = field;
  }
  return checked as { [K in keyof F]: ReturnType<F[K]> };
}

function maybe<T>(check: Check<T>): Check<T | undefined> {
  return (value) => value === undefined ? undefined : check(value);
}

function text(lengthMax: number): Check<string> {
  return (value) =>
    typeof value === "string" && value.length <= lengthMax && value.isWellFormed()
      ? value
      : refuse("text");
}

function oneOf<const T extends string>(...allowed: T[]): Check<T> {
  return (value) => allowed.includes(value as T) ? value as T : refuse("choice");
}

function listOf<T>(check: Check<T>, countMax = Infinity): Check<T[]> {
  return (value) =>
    Array.isArray(value) && value.length <= countMax ? value.map(check) : refuse("list");
}

const whole: Check<number> = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0)
    ? value as number
    : refuse("number");
const minor: Check<MinorText> = (value) =>
  minorFromText(value) === null ? refuse("amount") : value as MinorText;
const notNegative: Check<MinorText> = (value) =>
  minor(value).startsWith("-") ? refuse("amount") : value as MinorText;
const movement: Check<string> = (value) =>
  fromHex(value, 16) ? value as string : refuse("movement id");
const uid: Check<string> = (value) => fromHex(value, 16) ? value as string : refuse("uid");
const tag: Check<string> = (value) => fromHex(value, 32) ? value as string : refuse("tag");
const terminalKey: Check<string> = (value) => fromHex(value, 32) ? value as string : refuse("key");
const instant: Check<string> = (value) => isInstant(value) ? value : refuse("time");
const calendarDay: Check<string> = (value) =>
  typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) ? value : refuse("day");
const currencyCode: Check<string> = (value) =>
  typeof value === "string" && /^[A-Z]{3}$/.test(value) ? value : refuse("currency");
const cardNumber: Check<string> = (value) =>
  typeof value === "string" && isCardNumber(value) ? value : refuse("card");
const pin: Check<string> = (value) =>
  typeof value === "string" && isPin(value) ? value : refuse("pin");
const yesOrNo: Check<boolean> = (value) => typeof value === "boolean" ? value : refuse("choice");
const deviceToken = text(deviceTokenBytesMax);
const deviceNonce: Check<string> = (value) =>
  typeof value === "string" && /^[0-9A-F]{1,32}$/.test(value) ? value : refuse("nonce");
const kind = oneOf("withdrawal", "deposit");
const entryKind = oneOf("withdrawal", "deposit", "transfer", "log-in", "other");
const filterKind = oneOf("money", "withdrawal", "deposit", "transfer", "log-in", "other");
const entryOutcome = oneOf("done", "refused");
const messageText = text(transferMessageLengthMax);
const transferMessage: Check<string> = (value) =>
  isPlainLine(messageText(value)) ? value as string : refuse("text");
const shortText = text(shortTextLengthMax);

const left = { once: maybe(minor), today: maybe(minor), here: maybe(minor) };
const accountFields = {
  id: shortText,
  name: maybe(shortText),
  booked: minor,
  available: minor,
  version: whole,
  left: maybe((value) => record(left, value)),
};
const account: Check<AccountView> = (value) => record(accountFields, value);

const filter: Check<HistoryFilter> = (value) =>
  record({
    kind: maybe(filterKind),
    outcome: maybe(entryOutcome),
    text: maybe(text(historyTextLengthMax)),
    account: maybe(text(accountLengthMax)),
    from: maybe(instant),
    before: maybe(instant),
  }, value);

const dayBalance: Check<DayBalance> = (value) => record({ day: calendarDay, booked: minor }, value);

const entry: Check<HistoryEntry> = (value) =>
  record({
    place: shortText,
    action: text(actionLengthMax),
    kind: entryKind,
    outcome: entryOutcome,
    time: instant,
    terminal: shortText,
    amount: maybe(minor),
    balance: maybe(minor),
    movement: maybe(movement),
    message: maybe(transferMessage),
    sealed: maybe(text(sealedEntryLengthMax)),
    tag,
  }, value);

const askFields: { [O in Operation]: Fields } = {
  hello: {},
  log_in: { username: text(usernameLengthMax), password: text(passwordLengthMax) },
  log_in_with_card: { card: cardNumber, pin },
  log_out: { reason: oneOf("customer", "idle", "closing") },
  touch: {},
  history: { filter, cursor: maybe(text(cursorLengthMax)), sealed: maybe(yesOrNo) },
  authorise: {
    kind,
    movement,
    account: text(accountLengthMax),
    amount: text(amountLengthMax),
    currency: currencyCode,
    nonce: maybe(deviceNonce),
  },
  transfer: {
    movement,
    account: text(accountLengthMax),
    to: text(accountLengthMax),
    amount: text(amountLengthMax),
    currency: currencyCode,
    message: maybe(transferMessage),
  },
  recipient: { account: text(accountLengthMax), from: text(accountLengthMax) },
  balance: { account: text(accountLengthMax) },
  receipt: { place: text(cursorLengthMax) },
  change_password: { current: text(passwordLengthMax), next: text(passwordLengthMax) },
  set_pin: { pin },
  refused: {
    kind,
    amount: minor,
    why: oneOf("not_dispensable", "no_notes_inserted", "device_fault"),
  },
  report: {
    cassettes: listOf(
      (value) => record({ value: notNegative, count: whole, unfilled: maybe(yesOrNo) }, value),
      cassettesMax,
    ),
    jammed: listOf(oneOf<JammedDevice>("dispenser", "acceptor", "card_reader"), 3),
    away: maybe(yesOrNo),
    keyless: maybe(yesOrNo),
    counted: yesOrNo,
    left: notNegative,
    stopped: maybe(oneOf("disk_failed", "journal_lost")),
    retained: maybe(whole),
  },
  reconcile: {
    cash: minor,
    movements: listOf(
      (value) => record({ movement, amount: minor }, value),
      reconciledMovementsMax,
    ),
  },
  complete: { movement, amount: minor, status: maybe(deviceToken) },
  reverse: { movement, status: maybe(deviceToken) },
  void: { movement, status: maybe(deviceToken) },
  doubt: { movement, status: deviceToken },
  load_cash: { movement, amount: minor, currency: currencyCode },
  retell: {
    movement,
    kind: oneOf("withdrawal", "deposit", "transfer", "load", "count"),
    account: maybe(text(accountLengthMax)),
    uid: maybe(uid),
    amount: minor,
    currency: currencyCode,
    time: maybe(instant),
    open: maybe(yesOrNo),
    token: maybe(deviceToken),
    status: maybe(deviceToken),
    voucher: maybe(text(voucherLengthMax)),
  },
  attest: { status: deviceToken, movement: maybe(movement) },
  retold: {},
  count_cash: { movement, amount: minor, currency: currencyCode },
};

const pushFields: { [P in Push["push"]]: Fields } = {
  account: { account },
  visit_ended: { reason: oneOf("idle", "bank") },
  elsewhere: { terminals: listOf(shortText) },
  new_key: { version: whole, key: terminalKey },
};

const answerFields = {
  outcome: text(outcomeLengthMax) as Check<Outcome>,
  retryAfterMs: maybe(whole),
  bank: maybe((value) =>
    record({
      name: shortText,
      currency: (inner) => record({ code: currencyCode, exponent: whole }, inner),
      timeZone: shortText,
      terminal: shortText,
      retell: maybe(instant),
      attest: maybe(deviceNonce),
      books: maybe((inner) => record({ movement, cash: minor }, inner)),
    }, value)
  ),
  account: maybe(account),
  accounts: maybe(listOf((value) => record({ ...accountFields, uid }, value))),
  recipient: maybe(shortText),
  elsewhere: maybe(listOf(shortText)),
  displayName: maybe(shortText),
  username: maybe(text(usernameLengthMax)),
  card: maybe(oneOf("with_pin", "without_pin")),
  oneTime: maybe(yesOrNo),
  usual: maybe((value) =>
    record({
      lastWithdrawal: maybe(minor),
      recipients: listOf(
        (each) => record({ account: text(accountLengthMax), name: shortText }, each),
        usualRecipientsMax,
      ),
    }, value)
  ),
  time: maybe(instant),
  booked: maybe(minor),
  token: maybe(deviceToken),
  statusNonce: maybe(deviceNonce),
  voucher: maybe(text(voucherLengthMax)),
  logged: maybe((value) => record({ place: shortText, tag }, value)),
  receipt: maybe(text(receiptLengthMax)),
  entries: maybe(listOf(entry)),
  cursor: maybe(text(cursorLengthMax)),
  days: maybe(listOf(dayBalance, balanceDaysMax)),
  moneyIn: maybe(minor),
  moneyOut: maybe(minor),
  cash: maybe(minor),
};
