/**
 * A language for tests of the page's reducer: a case a line. Where the page is, what happens, and
 * where the page is then, with the calls that it made:
 *
 *     menu: go history                  -> history, history {kind=money outcome=done} undefined
 *     : answer try_later                -> refusal try_later history # goes on from the line above
 *     log_in (away): back               -> welcome                   # nobody is logged in
 *     menu: @39999 tick                 -> menu / moreTime=false     # ms after the beginning
 *
 * A screen's, an event's and a call's values follow it in their order, or by name. Of a screen and of
 * the state (after `/`) only what a line names is compared; calls are compared in full. A call that is
 * answered within the line is not listed.
 */
import { assert, assertEquals } from "@std/assert";
import type { AtmView, Receipt } from "../../../lib/atm.ts";
import type { Call } from "../../../ui/page/bridge/bridge.ts";
import {
  initialState,
  type PageEvent,
  type Screen,
  show,
  type State,
  type Step,
} from "../../../ui/page/state/model.ts";
import { reduce } from "../../../ui/page/state/reduce.ts";

export const startMs = 1_000_000;

const account = { id: "100000000190", booked: "125050", available: "125050", version: 1 };
const visiting: AtmView = {
  terminal: "lobby",
  bank: "online",
  failure: null,
  bankName: "Strongroom Bank",
  language: "en",
  currency: { code: "EUR", exponent: 2 },
  timeZone: "Europe/Berlin",
  visit: {
    ...{ username: "alice", account, accounts: [account], elsewhere: [], idleMsMax: 60_000 },
    usual: { recipients: [] },
  },
  ended: null,
  cash: { cassettes: [{ value: "2000", count: 9 }], fastAmounts: ["2000"], accepted: ["1000"] },
  escrow: null,
  presented: null,
  card: "none",
  cards: [],
  devices: { jammed: [], faults: [] },
  aids: { prints: false, voices: [] },
  demo: true,
};
const receipt: Receipt = {
  outcome: "ok",
  kind: "withdrawal",
  amount: "2000",
  notes: [],
  movement: "7f3a9c04e1b25d8860aa41c2f09be713",
  account,
  time: "2026-11-23T15:16:02.249Z",
};

/** Values that lines name. */
const constants: Record<string, unknown> = {
  true: true,
  false: false,
  nothing: null,
  undefined,
  receipt,
  logged: { ...receipt, logged: { place: "1.9", tag: "" } },
  twenties: [{ value: "2000", count: 2 }],
  tens: [{ value: "1000", count: 4 }],
  bob: { to: "8", name: "b•••b" },
  anna: { to: "100000000093", name: "b•••b" },
};

/** What a word changes in the view of a machine at which alice is logged in. */
const views: Record<string, Partial<AtmView>> = {
  visiting: {},
  away: { visit: null },
  lost: { visit: null, bank: "lost" },
  jammed: { devices: { jammed: ["dispenser"], faults: [] } },
  empty: { cash: { ...visiting.cash, cassettes: [] } },
  depositing: { escrow: { notes: [{ value: "1000", count: 1 }], total: "1000" } },
  offering: { presented: { notes: [{ value: "1000", count: 1 }], total: "1000" } },
  open: { escrow: { notes: [], total: "0" } },
  real: { demo: false },
  yen: { currency: { code: "JPY", exponent: 0 } },
  inserted: { card: "inserted" },
  by_card: { visit: { ...visiting.visit!, byCard: true } },
};

/** The names of the values that follow a screen or an event, in their order. */
const positions: Record<string, string[]> = {
  out_of_service: ["why"],
  log_in: ["username", "password"],
  log_in_with_card: ["pin"],
  set_pin: ["pin"],
  pin_fault: ["fault"],
  amount: ["typed"],
  mix: ["amount", "mixes"],
  working: ["on"],
  recipient: ["typed"],
  sum: ["recipient", "typed"],
  confirm: ["recipient", "amount"],
  refusal: ["why", "from"],
  lost: ["hadVisit"],
  back: ["hadVisit"],
  ended: ["why"],
  disconnected: ["why"],
  code: ["code"],
  go: ["to"],
  show_password: ["shown"],
  keyboard: ["keyboard"],
  type: ["typed"],
  withdraw: ["amount", "notes"],
  transfer_to: ["recipient"],
  transfer_confirm: ["message"],
  open_entry: ["receipt"],
  choose_account: ["id"],
  change_password: ["current", "next"],
  password_fault: ["fault"],
  show_sealed: ["sealed"],
  speech_key: ["key"],
  show_balance: ["shown"],
  tab: ["tab"],
  narrowing: ["open"],
  calendar: ["month"],
  pick_day: ["day"],
  filter: ["filter"],
};

/** What a screen has where a line does not say. */
const usual: Record<string, object> = {
  log_in: { username: "" },
  amount: { typed: "" },
  recipient: { typed: "" },
  sum: { typed: "" },
  receipt: { receipt },
  balance: { days: null },
  history: {
    ...{ tab: "activity", filter: {}, newer: [], cursor: undefined },
    page: { entries: [], older: "8" },
  },
};

/** Returns the words of a text: quoted, in braces or brackets, or up to a space. */
function wordsOf(text: string): string[] {
  return text.match(/(?:[\w.]+=)?(?:"[^"]*"|\{[^{}]*\}|\[(?:[^[\]]|\[\])*\])|\S+/g) ?? [];
}

function valueOf(word: string): unknown {
  if (word.startsWith('"')) return word.slice(1, -1);
  if (word.startsWith("[")) return wordsOf(word.slice(1, -1)).map(valueOf);
  if (word.startsWith("{")) return fieldsOf(wordsOf(word.slice(1, -1)), []);
  if (/^\+\d+$/.test(word)) return startMs + Number(word);
  return word in constants ? constants[word] : word;
}

/** Returns `NAME=VALUE` by its name, any other value by its place; a time is a number. */
function fieldsOf(words: string[], names: string[]): Record<string, unknown> {
  let place = 0;
  return Object.fromEntries(words.map((word) => {
    const [, named, rest = word] = /^(\w+)=(.*)$/.exec(word) ?? [];
    const name = named ?? names[place++] ?? "";
    assert(name !== "", `no place for ${word}`);
    const value = valueOf(rest);
    return [name, name.endsWith("Ms") ? Number(value) : value];
  }));
}

/** Returns the view of these words; `none` before there is one. */
function viewOf(words: string[]): AtmView | null {
  if (words[0] === "none") return null;
  return words.reduce<AtmView>((view, word) => {
    if (word in views) return { ...view, ...views[word] };
    const { version, booked, ...fields } = fieldsOf([word], []);
    if (!version && !booked) return { ...view, ...fields };
    const { account } = view.visit!;
    const changed = booked
      ? { ...account, booked: String(booked), available: String(booked) }
      : { ...account, version: Number(version) };
    return { ...view, visit: { ...view.visit!, account: changed } };
  }, visiting);
}

/** Returns "SCREEN VALUES (VIEW)": alice is logged in unless the view is another. */
export function stateOf(text: string): State {
  const [, screen = "", view = "visiting"] = /^(.*?)(?: \((.*)\))?$/.exec(text)!;
  const [name = "", ...words] = wordsOf(screen);
  const fields = { ...usual[name], ...fieldsOf(words, positions[name] ?? []) };
  return show(
    { ...initialState(startMs), view: viewOf(wordsOf(view)) },
    { name, ...fields } as Screen,
  );
}

function callOf(text: string): Call {
  const [name, ...args] = wordsOf(text);
  return { name, args: args.map(valueOf) } as Call;
}

/** Returns what a machine answers: a receipt or an outcome with more fields, or any other value. */
function answerOf([first = "", ...words]: string[]): unknown {
  const value = valueOf(first);
  if (first === "receipt") return { ...receipt, ...fieldsOf(words, []) };
  return typeof value === "string" ? { outcome: value, ...fieldsOf(words, []) } : value;
}

/** Returns the event of a text, without its time. */
function eventOf(text: string, { pending }: State): PageEvent {
  const [type = "", ...words] = wordsOf(text);
  switch (type) {
    case "view":
      return { type, view: viewOf(words)! };
    case "set":
      return { type, settings: fieldsOf(words, []) };
    case "demo":
      return { type, call: callOf(words.join(" ")) } as PageEvent;
    case "answer":
      assert(pending, "a call is under way");
      return { type: "answered", ...pending, value: answerOf(words) } as PageEvent;
    case "late": {
      const [name, number, ...value] = words;
      return {
        type: "answered",
        name,
        number: Number(number),
        value: answerOf(value),
      } as PageEvent;
    }
    default:
      return { type, ...fieldsOf(words, positions[type] ?? []) } as PageEvent;
  }
}

/** Takes an event, "TEXT" or "@MS TEXT" so many milliseconds after the beginning. */
export function take(state: State, text: string): Step {
  const [, ms, event = ""] = /^(?:@(\d+) )?(.*)$/.exec(text.trim())!;
  const nowMs = ms ? startMs + Number(ms) : Math.max(startMs, state.nowMs);
  return reduce(state, eventOf(event, state), nowMs);
}

/** Returns the part of the state that a line names after `/`. */
function factsOf({ state, print, speak }: Step, before: State): Record<string, unknown> {
  const { settings, pending, balanceNews, balanceShownAtMs } = state;
  return {
    ...state,
    ...settings,
    volume: String(settings.volume),
    pending: pending?.name,
    news: balanceNews?.changeMinor,
    balanceShown: balanceShownAtMs !== null,
    print,
    speak,
    unchanged: JSON.stringify(state) === JSON.stringify(before),
  };
}

/** Calls whose answers the customer does not wait for. */
const unawaited = new Set(["touch", "signedReceipt"]);

/** Plays the cases of a table; gives the last state. */
export function play(table: string, first?: State): State {
  let state = first ?? stateOf("starting (none)");
  for (const row of table.split("\n")) {
    const line = row.replace(/ +#.*/, "").trim();
    if (line === "") continue;
    const [, at = "", events, result] = /^(.*?): (.+?) +-> (.*)$/.exec(line) ?? [];
    if (!events || !result) throw new Error(`not a case: ${line}`);
    const [shown = "", facts = ""] = result.split(" / ");
    const [screen = "", ...calls] = shown.split(", ");
    if (at !== "") state = stateOf(at);
    const before = state;
    let step: Step = { state };
    let made: Call[] = [];
    for (const event of events.split(";")) {
      const free = step.state.pending === null;
      step = take(step.state, event);
      const isAnswer = /^ *(@\d+ )?answer /.test(event);
      if (isAnswer) made = [];
      if (step.call) made.push(step.call);
      const starts = step.call && !unawaited.has(step.call.name) && !event.includes("demo");
      const { pending } = step.state;
      if (free || isAnswer) assertEquals(pending?.name, starts ? step.call?.name : undefined, line);
    }
    ({ state } = step);
    const [name = "", ...fields] = wordsOf(screen);
    assertEquals(state.screen.name, name, line);
    const wanted = fieldsOf(fields, positions[name] ?? []);
    for (const [field, value] of Object.entries(wanted)) {
      assertEquals(state.screen[field as keyof Screen] as unknown, value, `${line}: ${field}`);
    }
    assertEquals(made, calls.map(callOf), line);
    const found = factsOf(step, before);
    for (const [fact, value] of Object.entries(fieldsOf(wordsOf(facts), []))) {
      assertEquals(found[fact], value, `${line}: ${fact}`);
    }
  }
  return state;
}
