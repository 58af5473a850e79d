/**
 * The only calls that an ATM's page can make, each with a strict check of its arguments: input from a
 * bridge is untrusted until it has passed these checks.
 */
import {
  type Atm,
  type AtmCalls,
  type DeviceFault,
  type HistoryFilter,
  type Language,
  languageCodes,
  type Notes,
  type Speech,
} from "../../lib/atm.ts";
import {
  accountLengthMax,
  cassettesMax,
  cursorLengthMax,
  historyTextLengthMax,
  passwordLengthMax,
  pinLengthMax,
  receiptTextLengthMax,
  speechLengthMax,
  transferMessageLengthMax,
  usernameLengthMax,
} from "../../lib/limits.ts";
import { isInstant } from "../../lib/instant.ts";
import { isPlainLine } from "../../lib/text.ts";
import { amountMinorMax, minorFromText } from "../../lib/money.ts";
import type { CallRefusal, Machine } from "./machine.ts";

type Invoke = (atm: Atm) => Promise<unknown>;
type Parse = (args: readonly unknown[]) => Invoke | null;

const parsers = new Map<string, Parse>(Object.entries(
  {
    logIn: ([username, password, ...more]) =>
      isText(username, 1, usernameLengthMax) &&
        isText(password, 0, passwordLengthMax) && more.length === 0
        ? (atm) => atm.logIn(username, password)
        : null,
    logInWithCard: ([pin, ...more]) =>
      isText(pin, 0, pinLengthMax) && more.length === 0 ? (atm) => atm.logInWithCard(pin) : null,
    returnCard: (args) => args.length === 0 ? (atm) => atm.returnCard() : null,
    logOut: (args) => args.length === 0 ? (atm) => atm.logOut() : null,
    touch: (args) => args.length === 0 ? (atm) => atm.touch() : null,
    noteMixes: ([amount, ...more]) =>
      isAmount(amount) && more.length === 0 ? (atm) => atm.noteMixes(amount) : null,
    withdraw: ([amount, notes, ...more]) =>
      isAmount(amount) && (notes === undefined || areNotes(notes)) && more.length === 0
        ? (atm) => atm.withdraw(amount, notes)
        : null,
    depositOpen: (args) => args.length === 0 ? (atm) => atm.depositOpen() : null,
    depositConfirm: (args) => args.length === 0 ? (atm) => atm.depositConfirm() : null,
    depositCancel: (args) => args.length === 0 ? (atm) => atm.depositCancel() : null,
    chooseAccount: ([account, ...more]) =>
      isAccount(account) && more.length === 0 ? (atm) => atm.chooseAccount(account) : null,
    balance: (args) => args.length === 0 ? (atm) => atm.balance() : null,
    recipient: ([account, ...more]) =>
      isAccount(account) && more.length === 0 ? (atm) => atm.recipient(account) : null,
    transfer: ([to, amount, message, ...more]) =>
      isAccount(to) && isAmount(amount) && (message === undefined || isMessage(message)) &&
        more.length === 0
        ? (atm) => atm.transfer(to, amount, message)
        : null,
    changePassword: ([current, next, ...more]) =>
      isText(current, 0, passwordLengthMax) &&
        isText(next, 0, passwordLengthMax) && more.length === 0
        ? (atm) => atm.changePassword(current, next)
        : null,
    setPin: ([pin, ...more]) =>
      isText(pin, 0, pinLengthMax) && more.length === 0 ? (atm) => atm.setPin(pin) : null,
    signedReceipt: ([place, ...more]) =>
      isText(place, 1, cursorLengthMax) && more.length === 0
        ? (atm) => atm.signedReceipt(place)
        : null,
    history: ([filter, cursor, sealed, ...more]) =>
      isFilter(filter) && more.length === 0 &&
        (cursor === undefined || cursor === null ||
          isText(cursor, 1, cursorLengthMax)) &&
        (sealed === undefined || typeof sealed === "boolean")
        ? (atm) => atm.history(filter, cursor ?? undefined, sealed)
        : null,
    print: ([text, ...more]) =>
      isText(text, 1, receiptTextLengthMax) && more.length === 0 ? (atm) => atm.print(text) : null,
    speak: ([speech, ...more]) =>
      isSpeech(speech) && more.length === 0 ? (atm) => atm.speak(speech) : null,
    hush: (args) => args.length === 0 ? (atm) => atm.hush() : null,
    insertNote: ([value, ...more]) =>
      isAmount(value) && more.length === 0 ? (atm) => atm.insertNote(value) : null,
    takeNotes: (args) => args.length === 0 ? (atm) => atm.takeNotes() : null,
    insertCard: ([name, ...more]) =>
      isText(name, 1, usernameLengthMax) && more.length === 0
        ? (atm) => atm.insertCard(name)
        : null,
    takeCard: (args) => args.length === 0 ? (atm) => atm.takeCard() : null,
    armFault: ([fault, ...more]) =>
      isFault(fault) && more.length === 0 ? (atm) => atm.armFault(fault) : null,
    disarmFault: ([fault, ...more]) =>
      isFault(fault) && more.length === 0 ? (atm) => atm.disarmFault(fault) : null,
    clearJams: (args) => args.length === 0 ? (atm) => atm.clearJams() : null,
  } satisfies Record<keyof AtmCalls, Parse>,
));

/** Returns an ATM as its page's host operates it. */
export function atmMachine(atm: Atm): Machine {
  return {
    view: () => atm.view(),
    watch: (listener) => atm.watch(listener),
    isOnline: () => atm.view().bank === "online",
    isLocked: () => false,
    hasVisit: () => atm.view().visit !== null,
    isCall: (name) => parsers.has(name),
    parseCall(name, args) {
      const invoke = parseCall(name, args);
      return typeof invoke === "string" ? invoke : () => invoke(atm);
    },
    endVisit: async () => atm.view().visit ? await atm.logOut() : undefined,
  };
}

/**
 * Parses a call and checks its arguments; returns it ready to be made on an ATM, or the refusal.
 */
export function parseCall(name: string, args: unknown): Invoke | CallRefusal {
  const parse = parsers.get(name);
  if (!parse) return "unknown_call";
  return (Array.isArray(args) && parse(args)) || "bad_arguments";
}

function isText(value: unknown, lengthMin: number, lengthMax: number): value is string {
  return typeof value === "string" && value.length >= lengthMin && value.length <= lengthMax &&
    value.isWellFormed();
}

/**
 * Checks the form of an amount. The ATM refuses by name amounts that are not positive or too large.
 */
function isAmount(value: unknown): value is string {
  const minor = minorFromText(value);
  return minor !== null && minor >= -amountMinorMax * 10n && minor <= amountMinorMax * 10n;
}

function isAccount(value: unknown): value is string {
  return isText(value, 1, accountLengthMax);
}

function areNotes(value: unknown): value is Notes[] {
  return Array.isArray(value) && value.length <= cassettesMax &&
    value.every((stack) =>
      typeof stack === "object" && stack !== null && Object.keys(stack).length === 2 &&
      isAmount(stack.value) && Number.isSafeInteger(stack.count) && stack.count > 0
    );
}

const anyFault =
  /^(jam|lost count|power cut) (before|between|after) (dispense|present|retract|cashIn|cashInEnd|cashInRollback)$/;

function isFault(value: unknown): value is DeviceFault {
  return typeof value === "string" && anyFault.test(value);
}

const filterFields: Record<keyof HistoryFilter, (value: unknown) => boolean> = {
  kind: (value) =>
    ["money", "withdrawal", "deposit", "transfer", "log-in", "other"].includes(value as string),
  outcome: (value) => ["done", "refused"].includes(value as string),
  text: (value) => isText(value, 0, historyTextLengthMax),
  account: isAccount,
  from: isInstant,
  before: isInstant,
};

function isSpeech(value: unknown): value is Speech {
  if (typeof value !== "object" || value === null) return false;
  const { text, language, rate, volume, ...more } = value as Record<string, unknown>;
  const isPart = (part: unknown) => typeof part === "number" && part > 0 && part <= 1;
  return isText(text, 1, speechLengthMax) && languageCodes.includes(language as Language) &&
    isPart(rate) && isPart(volume) && Object.keys(more).length === 0;
}

function isMessage(value: unknown): value is string {
  return isText(value, 1, transferMessageLengthMax) && isPlainLine(value);
}

function isFilter(value: unknown): value is HistoryFilter {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([field, content]) =>
    Object.hasOwn(filterFields, field) && filterFields[field as keyof HistoryFilter](content)
  );
}
