/** Every edge of the reducer: a row says where the page is, what happens, and where it is then. */
import { assert, assertEquals } from "@std/assert";
import type { AtmView, OutOfService, Receipt } from "../../../lib/atm.ts";
import type { AtmOutcome } from "../../../lib/errors.ts";
import type { Call } from "../../../ui/page/bridge/bridge.ts";
import {
  initialState,
  type PageEvent,
  type Screen,
  show,
  type State,
} from "../../../ui/page/state/model.ts";
import { reduce } from "../../../ui/page/state/reduce.ts";
import { pageTimes } from "../../../ui/page/state/time.ts";

const startMs = 1_000_000;

const account = { id: "1000 0001", booked: "125050", available: "125050", version: 1 };
const away: AtmView = {
  terminal: "lobby",
  bank: "online",
  bankName: "Strongroom Bank",
  language: "en",
  currency: { code: "EUR", exponent: 2 },
  timeZone: "Europe/Berlin",
  visit: null,
  ended: null,
  cash: { cassettes: [{ value: "2000", count: 9 }], fastAmounts: ["2000"], accepted: ["1000"] },
  escrow: null,
  presented: null,
  devices: { jammed: [], faults: [] },
  demo: true,
};
const visiting: AtmView = {
  ...away,
  visit: { username: "alice", account, accounts: [account], elsewhere: [], idleMsMax: 60_000 },
};
const depositing: AtmView = {
  ...visiting,
  escrow: { notes: [{ value: "1000", count: 1 }], total: "1000" },
};
const twenties = [{ value: "2000", count: 2 }];
const tens = [{ value: "1000", count: 4 }];
const bob = { to: "8", name: "b•••b" };
const receipt: Receipt = {
  outcome: "ok",
  kind: "withdrawal",
  amount: "2000",
  notes: [],
  movement: "7f3a9c04e1b25d8860aa41c2f09be713",
  account,
  time: "2026-11-23T15:16:02.249Z",
};

function at(screen: Screen, view: AtmView | null = visiting, more: Partial<State> = {}): State {
  return { ...show({ ...initialState(startMs), view }, screen), ...more };
}

/** Follows events one after another, all at once. */
function follow(state: State, ...events: PageEvent[]): { state: State; calls: Call[] } {
  const calls: Call[] = [];
  for (const event of events) {
    const step = reduce(state, event, Math.max(startMs, state.nowMs));
    state = step.state;
    if (step.call) calls.push(step.call);
  }
  return { state, calls };
}

/** Answers the call under way. */
function answered(state: State, value: unknown): PageEvent {
  return { type: "answered", ...state.pending!, value } as PageEvent;
}

const history: Screen = {
  name: "history",
  filter: {},
  newer: [],
  cursor: undefined,
  page: { entries: [], older: "8" },
};
const closed = (why: OutOfService): Screen => ({ name: "out_of_service", why });
const refusal = (why: AtmOutcome, from: string, more = {}) =>
  ({ name: "refusal", why, from, ...more }) as Screen;

/** Where the page is, what the customer does, and where that leads (or which call it starts). */
const intents: [name: string, state: State, event: PageEvent, screen: string, call?: unknown][] = [
  [
    "welcome, touched, asks who is there",
    at({ name: "welcome" }, away),
    { type: "next" },
    "log_in",
  ],
  ["welcome has no way back", at({ name: "welcome" }, away), { type: "back" }, "welcome"],
  ["log-in cancelled", at({ name: "log_in", username: "" }, away), { type: "back" }, "welcome"],
  [
    "log-in sent",
    at({ name: "log_in", username: "" }, away),
    { type: "log_in", username: " alice ", password: " pass word " },
    "log_in",
    { name: "logIn", args: ["alice", " pass word "] },
  ],
  [
    "log-in without a name is not sent",
    at({ name: "log_in", username: "" }, away),
    { type: "log_in", username: "  ", password: "x" },
    "log_in",
  ],
  [
    "log-in from another screen is not sent",
    at({ name: "welcome" }, away),
    { type: "log_in", username: "alice", password: "x" },
    "welcome",
  ],
  ["menu to withdraw", at({ name: "menu" }), { type: "go", to: "withdraw" }, "withdraw"],
  [
    "menu to deposit opens the acceptor first",
    at({ name: "menu" }),
    { type: "go", to: "deposit" },
    "menu",
    { name: "depositOpen", args: [] },
  ],
  [
    "menu to history asks for its first page",
    at({ name: "menu" }),
    { type: "go", to: "history" },
    "history",
    { name: "history", args: [{}, undefined] },
  ],
  [
    "nothing opens without a visit",
    at({ name: "menu" }, away),
    { type: "go", to: "balance" },
    "menu",
  ],
  [
    "back from the menu logs out",
    at({ name: "menu" }),
    { type: "back" },
    "menu",
    { name: "logOut", args: [] },
  ],
  [
    "log out from the receipt",
    at({ name: "receipt", receipt }),
    { type: "log_out" },
    "receipt",
    { name: "logOut", args: [] },
  ],
  ["nobody to log out", at({ name: "welcome" }, away), { type: "log_out" }, "welcome"],
  [
    "no log-out while money moves",
    at({ name: "working", on: "withdrawal" }),
    { type: "log_out" },
    "working",
  ],
  ["back from withdraw", at({ name: "withdraw" }), { type: "back" }, "menu"],
  ["another amount", at({ name: "withdraw" }), { type: "go", to: "amount" }, "amount"],
  ["back from amount", at({ name: "amount", typed: "4" }), { type: "back" }, "withdraw"],
  ["back from balance", at({ name: "balance", days: null }), { type: "back" }, "menu"],
  ["back from history", at(history), { type: "back" }, "menu"],
  [
    "fast amount",
    at({ name: "withdraw" }),
    { type: "withdraw", amount: "2000" },
    "working",
    { name: "withdraw", args: ["2000"] },
  ],
  [
    "nearest amount, from the refusal",
    at(refusal("not_dispensable", "withdraw")),
    { type: "withdraw", amount: "4000" },
    "working",
    { name: "withdraw", args: ["4000"] },
  ],
  [
    "no withdrawal from the menu",
    at({ name: "menu" }),
    { type: "withdraw", amount: "2000" },
    "menu",
  ],
  [
    "no withdrawal without a visit",
    at(refusal("not_dispensable", "withdraw"), away),
    { type: "withdraw", amount: "2000" },
    "refusal",
  ],
  [
    "no withdrawal of what is no amount",
    at({ name: "withdraw" }),
    { type: "withdraw", amount: "2e3" },
    "withdraw",
  ],
  [
    "typed amount, as people type: which notes?",
    at({ name: "amount", typed: "1 200,50" }),
    { type: "use_typed" },
    "amount",
    { name: "noteMixes", args: ["120050"] },
  ],
  [
    "a mix of notes chosen",
    at({ name: "mix", amount: "4000", mixes: [twenties, tens] }),
    { type: "withdraw", amount: "4000", notes: tens },
    "working",
    { name: "withdraw", args: ["4000", tens] },
  ],
  ["no mix chosen", at({ name: "mix", amount: "4000", mixes: [] }), { type: "back" }, "amount"],
  ["to a transfer", at({ name: "menu" }), { type: "go", to: "recipient" }, "recipient"],
  ["no transfer", at({ name: "recipient", typed: "8" }), { type: "back" }, "menu"],
  [
    "whose account is it? spaces and signs are for people",
    at({ name: "recipient", typed: "10 00-8" }),
    { type: "use_typed" },
    "recipient",
    { name: "recipient", args: ["10008"] },
  ],
  ["nobody's account", at({ name: "recipient", typed: " " }), { type: "use_typed" }, "recipient"],
  [
    "to an account of one's own",
    at({ name: "recipient", typed: "" }),
    { type: "transfer_to", recipient: bob },
    "sum",
  ],
  [
    "another recipient",
    at({ name: "sum", recipient: bob, typed: "4" }),
    { type: "back" },
    "recipient",
  ],
  [
    "how much is typed",
    at({ name: "sum", recipient: bob, typed: "40" }),
    { type: "use_typed" },
    "confirm",
  ],
  [
    "how much is no amount",
    at({ name: "sum", recipient: bob, typed: "much" }),
    { type: "use_typed" },
    "refusal",
  ],
  [
    "not right",
    at({ name: "confirm", recipient: bob, amount: "4000" }),
    { type: "back" },
    "sum",
  ],
  [
    "right: it is sent",
    at({ name: "confirm", recipient: bob, amount: "4000" }),
    { type: "transfer_confirm" },
    "working",
    { name: "transfer", args: ["8", "4000"] },
  ],
  ["nothing is sent unasked", at({ name: "menu" }), { type: "transfer_confirm" }, "menu"],
  [
    "refused transfer: another amount",
    at(refusal("insufficient_funds", "sum", { recipient: bob })),
    { type: "next" },
    "sum",
  ],
  [
    "nobody's account: another number",
    at(refusal("unknown_recipient", "recipient", { typed: "9" })),
    { type: "next" },
    "recipient",
  ],
  [
    "too many look-ups: not before its time",
    at(refusal("throttled", "recipient", { retryAtMs: startMs + 1 })),
    { type: "next" },
    "refusal",
  ],
  ["to the accounts", at({ name: "menu" }), { type: "go", to: "accounts" }, "accounts"],
  [
    "an account chosen",
    at({ name: "accounts" }),
    { type: "choose_account", id: "17" },
    "accounts",
    { name: "chooseAccount", args: ["17"] },
  ],
  ["no account chosen", at({ name: "accounts" }), { type: "back" }, "menu"],
  ["to a new password", at({ name: "menu" }), { type: "go", to: "password" }, "password"],
  ["no new password", at({ name: "password" }), { type: "back" }, "menu"],
  [
    "a new password",
    at({ name: "password", fault: "mismatch" }),
    { type: "change_password", current: "old", next: "new" },
    "password",
    { name: "changePassword", args: ["old", "new"] },
  ],
  [
    "a new password that is none",
    at({ name: "password" }),
    { type: "password_fault", fault: "mismatch" },
    "password",
  ],
  ["password changed", at({ name: "password_changed" }), { type: "next" }, "menu"],
  [
    "password refused: again",
    at(refusal("wrong_credentials", "password")),
    { type: "next" },
    "password",
  ],
  [
    "to the balance, which the bank is asked for",
    at({ name: "menu" }),
    { type: "go", to: "balance" },
    "balance",
    { name: "balance", args: [] },
  ],
  [
    "a receipt saved",
    at({ name: "receipt", receipt }),
    { type: "save", text: "Withdrawal" },
    "receipt",
    { name: "saveReceipt", args: ["Withdrawal"] },
  ],
  [
    "the history saved, as it is narrowed",
    at({ ...history, filter: { kind: "deposit" } }),
    { type: "save" },
    "history",
    { name: "saveHistory", args: [{ kind: "deposit" }] },
  ],
  [
    "the history as the log has it",
    at({ ...history, cursor: "8" }),
    { type: "show_sealed", sealed: true },
    "history",
    { name: "history", args: [{}, "8", true] },
  ],
  [
    "the next page as the log has it, too",
    at({ ...history, sealed: true }),
    { type: "older" },
    "history",
    { name: "history", args: [{}, "8", true] },
  ],
  [
    "deposit confirmed",
    at({ name: "deposit" }, depositing),
    { type: "deposit_confirm" },
    "working",
    { name: "depositConfirm", args: [] },
  ],
  [
    "an empty deposit is not confirmed",
    at({ name: "deposit" }, { ...visiting, escrow: { notes: [], total: "0" } }),
    { type: "deposit_confirm" },
    "deposit",
  ],
  [
    "notes given back",
    at({ name: "deposit" }, depositing),
    { type: "back" },
    "working",
    { name: "depositCancel", args: [] },
  ],
  [
    "history narrowed",
    at({ ...history, newer: [undefined], cursor: "8" }),
    { type: "filter", filter: { kind: "deposit" } },
    "history",
    { name: "history", args: [{ kind: "deposit" }, undefined] },
  ],
  [
    "older page",
    at(history),
    { type: "older" },
    "history",
    { name: "history", args: [{}, "8"] },
  ],
  [
    "no older page",
    at({ ...history, page: { entries: [], older: undefined } }),
    { type: "older" },
    "history",
  ],
  [
    "newer page",
    at({ ...history, newer: [undefined, "8"], cursor: "16" }),
    { type: "newer" },
    "history",
    { name: "history", args: [{}, "8"] },
  ],
  ["no newer page than the first", at(history), { type: "newer" }, "history"],
  ["receipt read", at({ name: "receipt", receipt }), { type: "next" }, "menu"],
  ["receipt closed", at({ name: "receipt", receipt }), { type: "back" }, "menu"],
  ["receipt read after log-out", at({ name: "receipt", receipt }, away), { type: "next" }, "ended"],
  [
    "wrong password: again",
    at(refusal("wrong_credentials", "log_in"), away),
    { type: "next" },
    "log_in",
  ],
  [
    "wrong password: given up",
    at(refusal("wrong_credentials", "log_in"), away),
    { type: "back" },
    "welcome",
  ],
  [
    "throttled: not before its time",
    at(refusal("throttled", "log_in", { retryAtMs: startMs + 1 }), away),
    { type: "next" },
    "refusal",
  ],
  [
    "throttled: in time",
    at(refusal("throttled", "log_in", { retryAtMs: startMs }), away),
    { type: "next" },
    "log_in",
  ],
  [
    "insufficient funds: another amount",
    at(refusal("insufficient_funds", "withdraw")),
    { type: "next" },
    "withdraw",
  ],
  [
    "insufficient funds: given up",
    at(refusal("insufficient_funds", "withdraw")),
    { type: "back" },
    "menu",
  ],
  ["device fault: on", at(refusal("device_fault", "menu")), { type: "next" }, "menu"],
  [
    "history failed: again",
    at(refusal("try_later", "history")),
    { type: "next" },
    "history",
    { name: "history", args: [{}, undefined] },
  ],
  [
    "in doubt, and logged out meanwhile",
    at(refusal("in_doubt", "menu", { receipt }), { ...away, ended: "connection_lost" }),
    { type: "next" },
    "back",
  ],
  [
    "in doubt, and the bank still away",
    at(refusal("in_doubt", "menu", { receipt }), {
      ...away,
      bank: "lost",
      ended: "connection_lost",
    }),
    { type: "next" },
    "lost",
  ],
  ["goodbye read", at({ name: "ended", why: "logged_out" }, away), { type: "next" }, "welcome"],
  ["bank is back: on", at({ name: "back", hadVisit: true }, away), { type: "next" }, "log_in"],
  [
    "without cash, on to what works",
    at(closed("no_cash"), { ...away, cash: { ...away.cash, cassettes: [] } }),
    { type: "next" },
    "log_in",
  ],
  [
    "without cash, back from the log-in",
    at({ name: "log_in", username: "" }, { ...away, cash: { ...away.cash, cassettes: [] } }),
    { type: "back" },
    "out_of_service",
  ],
  [
    "not accepted: nothing leads on",
    at(closed("not_accepted"), { ...away, bank: "not_accepted" }),
    { type: "next" },
    "out_of_service",
  ],
];

Deno.test("reduce() follows every intent", async (t) => {
  for (const [name, state, event, screen, call] of intents) {
    await t.step(name, () => {
      const step = reduce(state, event, startMs);
      assertEquals(step.state.screen.name, screen);
      assertEquals(step.call, call as Call | undefined);
      assertEquals(step.state.pending?.name, step.call?.name);
    });
  }
});

Deno.test("the demo's hands act beside the ATM, whatever it is doing, and only in a demo", () => {
  const call: Call = { name: "takeNotes", args: [] };
  const waiting = at({ name: "working", on: "withdrawal" }, visiting, {
    calls: 1,
    pending: { number: 1, name: "withdraw" },
  });
  assertEquals(reduce(waiting, { type: "demo", call }, startMs), { state: waiting, call });
  const real = { ...waiting, view: { ...visiting, demo: false } };
  assertEquals(reduce(real, { type: "demo", call }, startMs), { state: real });
});

Deno.test("reduce() refuses typed amounts by name, and gives them back to be mended", async (t) => {
  const rows: [typed: string, why: string][] = [
    ["", "amount_not_a_number"],
    ["forty", "amount_not_a_number"],
    ["4.5.6", "amount_not_a_number"],
    ["40.1234", "amount_not_a_number"],
    ["0", "amount_not_positive"],
    ["0.00", "amount_not_positive"],
    ["-40", "amount_not_positive"],
    ["−40", "amount_not_positive"],
    ["99999999999999", "amount_too_large"],
  ];
  for (const [typed, why] of rows) {
    await t.step(`${JSON.stringify(typed)} is ${why}`, () => {
      const { state, calls } = follow(at({ name: "amount", typed }), { type: "use_typed" });
      const refused = { name: "refusal", why, from: "amount", typed, recipient: undefined };
      assertEquals(state.screen, refused as Screen);
      assertEquals(calls, []);
      assertEquals(follow(state, { type: "next" }).state.screen, { name: "amount", typed });
    });
  }
});

Deno.test("reduce() cuts a typed amount to its longest", () => {
  const typed = { type: "type", typed: "1".repeat(50) } as const;
  assertEquals(follow(at({ name: "amount", typed: "" }), typed).state.screen, {
    name: "amount",
    typed: "1".repeat(16),
  });
});

/** What the machine answers to a call, and where that leads. */
const answers: [
  name: string,
  state: State,
  intent: PageEvent,
  value: unknown,
  screen: Partial<Screen>,
][] = [
  [
    "withdrawn",
    at({ name: "withdraw" }),
    { type: "withdraw", amount: "2000" },
    receipt,
    { name: "receipt", receipt },
  ],
  ...([
    "amount_not_positive",
    "amount_too_large",
    "over_withdrawal_limit",
    "insufficient_funds",
    "not_dispensable",
    "try_later",
  ] as const).map((outcome): typeof answers[number] => [
    `${outcome}: can be mended`,
    at({ name: "withdraw" }),
    { type: "withdraw", amount: "2000" },
    { ...receipt, outcome },
    { name: "refusal", why: outcome, from: "withdraw" },
  ]),
  ...([
    "account_locked",
    "account_closed",
    "device_fault",
    "bank_unreachable",
    "in_doubt",
    "not_logged_in",
  ] as const).map((outcome): typeof answers[number] => [
    `${outcome}: leads to the menu`,
    at({ name: "withdraw" }),
    { type: "withdraw", amount: "2000" },
    { ...receipt, outcome },
    { name: "refusal", why: outcome, from: "menu" },
  ]),
  [
    "more than one mix of notes: which?",
    at({ name: "amount", typed: "40" }),
    { type: "use_typed" },
    [twenties, tens],
    { name: "mix", amount: "4000", mixes: [twenties, tens] },
  ],
  [
    "whose account it is",
    at({ name: "recipient", typed: "8" }),
    { type: "use_typed" },
    { outcome: "ok", recipient: "b•••b" },
    { name: "sum", recipient: bob, typed: "" },
  ],
  [
    "nobody's account",
    at({ name: "recipient", typed: "9" }),
    { type: "use_typed" },
    { outcome: "unknown_recipient" },
    { name: "refusal", why: "unknown_recipient", from: "recipient", typed: "9" },
  ],
  [
    "looked up too often",
    at({ name: "recipient", typed: "9" }),
    { type: "use_typed" },
    { outcome: "throttled", retryAfterMs: 4_000 },
    { name: "refusal", why: "throttled", from: "recipient", retryAtMs: startMs + 4_000 },
  ],
  [
    "sent",
    at({ name: "confirm", recipient: bob, amount: "2000" }),
    { type: "transfer_confirm" },
    { ...receipt, kind: "transfer" },
    { name: "receipt" },
  ],
  [
    "not sent: another amount for the same account",
    at({ name: "confirm", recipient: bob, amount: "2000" }),
    { type: "transfer_confirm" },
    { ...receipt, kind: "transfer", outcome: "insufficient_funds" },
    { name: "refusal", why: "insufficient_funds", from: "sum", recipient: bob },
  ],
  [
    "not sent: nothing to be mended",
    at({ name: "confirm", recipient: bob, amount: "2000" }),
    { type: "transfer_confirm" },
    { ...receipt, kind: "transfer", outcome: "in_doubt" },
    { name: "refusal", why: "in_doubt", from: "menu" },
  ],
  [
    "password changed",
    at({ name: "password" }),
    { type: "change_password", current: "old", next: "new" },
    { outcome: "ok" },
    { name: "password_changed" },
  ],
  [
    "password not changed",
    at({ name: "password" }),
    { type: "change_password", current: "old", next: "new" },
    { outcome: "throttled", retryAfterMs: 4_000 },
    { name: "refusal", why: "throttled", from: "password", retryAtMs: startMs + 4_000 },
  ],
  [
    "balance came",
    at({ name: "menu" }),
    { type: "go", to: "balance" },
    { outcome: "ok", days: [{ day: "2026-11-23", booked: "125050" }] },
    { name: "balance", days: [{ day: "2026-11-23", booked: "125050" }] },
  ],
  [
    "balance refused",
    at({ name: "menu" }),
    { type: "go", to: "balance" },
    { outcome: "bank_unreachable", days: [] },
    { name: "refusal", why: "bank_unreachable", from: "menu" },
  ],
  [
    "account chosen",
    at({ name: "accounts" }),
    { type: "choose_account", id: "8" },
    null,
    { name: "menu" },
  ],
  [
    "receipt saved",
    at({ name: "receipt", receipt }),
    { type: "save", text: "Withdrawal" },
    { outcome: "ok", place: "saved/receipt.txt" },
    { name: "receipt", saving: { place: "saved/receipt.txt" } },
  ],
  [
    "history not saved",
    at(history),
    { type: "save" },
    { outcome: "not_saved" },
    { name: "history", saving: "failed" },
  ],
  [
    "acceptor open",
    at({ name: "menu" }, depositing),
    { type: "go", to: "deposit" },
    { outcome: "ok" },
    { name: "deposit" },
  ],
  [
    "acceptor jammed",
    at({ name: "menu" }),
    { type: "go", to: "deposit" },
    { outcome: "device_fault" },
    { name: "refusal", why: "device_fault", from: "menu" },
  ],
  [
    "deposited",
    at({ name: "deposit" }, depositing),
    { type: "deposit_confirm" },
    { ...receipt, kind: "deposit" },
    { name: "receipt" },
  ],
  [
    "deposit to be tried later: its notes are back, so it begins anew",
    at({ name: "deposit" }, depositing),
    { type: "deposit_confirm" },
    { ...receipt, kind: "deposit", outcome: "try_later" },
    { name: "refusal", why: "try_later", from: "menu" },
  ],
  [
    "notes given back",
    at({ name: "deposit" }, depositing),
    { type: "back" },
    null,
    { name: "menu" },
  ],
  [
    "history came",
    at({ name: "menu" }),
    { type: "go", to: "history" },
    { outcome: "ok", entries: [], cursor: "8" },
    history,
  ],
  [
    "history refused",
    at({ name: "menu" }),
    { type: "go", to: "history" },
    { outcome: "try_later", entries: [] },
    { name: "refusal", why: "try_later", from: "history" },
  ],
  [
    "wrong password",
    at({ name: "log_in", username: "" }, away),
    { type: "log_in", username: "alice", password: "x" },
    { outcome: "wrong_credentials" },
    { name: "refusal", why: "wrong_credentials", from: "log_in" },
  ],
  [
    "throttled for a time",
    at({ name: "log_in", username: "" }, away),
    { type: "log_in", username: "alice", password: "x" },
    { outcome: "throttled", retryAfterMs: 5000 },
    { name: "refusal", why: "throttled", retryAtMs: startMs + 5000 },
  ],
  [
    "throttled for a time not told",
    at({ name: "log_in", username: "" }, away),
    { type: "log_in", username: "alice", password: "x" },
    { outcome: "throttled" },
    { name: "refusal", why: "throttled", retryAtMs: startMs + 30_000 },
  ],
  [
    "somebody else is logged in",
    at({ name: "log_in", username: "" }, away),
    { type: "log_in", username: "alice", password: "x" },
    { outcome: "already_logged_in" },
    { name: "refusal", why: "already_logged_in", from: "log_in" },
  ],
];

Deno.test("reduce() follows every answer", async (t) => {
  for (const [name, before, intent, value, screen] of answers) {
    await t.step(name, () => {
      const asked = follow(before, intent).state;
      assert(asked.pending, "a call is under way");
      const { state } = follow(asked, answered(asked, value));
      assertEquals({ ...state.screen, ...screen }, state.screen);
      assertEquals(state.pending, null);
    });
  }
});

/** What the machine's view becomes, and where that leads. */
const lost: AtmView = { ...away, bank: "lost" };
const jammed: AtmView = { ...away, devices: { jammed: ["dispenser"], faults: [] } };
const empty: AtmView = { ...away, cash: { ...away.cash, cassettes: [] } };
const views: [name: string, state: State, view: AtmView, screen: Partial<Screen>][] = [
  ["first view", initialState(startMs), away, { name: "welcome" }],
  ["first view, bank not reached", initialState(startMs), { ...away, bank: "connecting" }, {
    name: "out_of_service",
  }],
  ["bank reached", at(closed("no_bank"), away), away, { name: "welcome" }],
  ["no key", initialState(startMs), { ...away, bank: "no_key" }, closed("no_key")],
  [
    "a key was brought",
    at(closed("no_key"), away),
    { ...away, bank: "connecting" },
    closed("no_bank"),
  ],
  [
    "not accepted in a visit",
    at({ name: "menu" }),
    { ...away, bank: "not_accepted", ended: "connection_lost" },
    closed("not_accepted"),
  ],
  [
    "not accepted after it was lost",
    at({ name: "lost", hadVisit: true }, lost),
    { ...away, bank: "not_accepted" },
    closed("not_accepted"),
  ],
  ["accepted again", at(closed("not_accepted"), away), away, { name: "welcome" }],
  ["jammed with nobody there", at({ name: "welcome" }, away), jammed, closed("device_fault")],
  [
    "jammed and empty",
    at({ name: "welcome" }, away),
    { ...jammed, cash: empty.cash },
    closed("device_fault"),
  ],
  ["mended", at(closed("device_fault"), jammed), away, { name: "welcome" }],
  ["the last note taken", at({ name: "welcome" }, away), empty, closed("no_cash")],
  ["filled", at(closed("no_cash"), empty), away, { name: "welcome" }],
  ["empty in a visit", at({ name: "menu" }), { ...visiting, cash: empty.cash }, { name: "menu" }],
  ["empty at the log-in", at({ name: "log_in", username: "" }, empty), empty, { name: "log_in" }],
  ["logged in", at({ name: "log_in", username: "" }, away), visiting, { name: "menu" }],
  ["logged out", at({ name: "menu" }), { ...away, ended: "logged_out" }, {
    name: "ended",
    why: "logged_out",
  }],
  ["idle", at({ name: "balance", days: null }), { ...away, ended: "idle" }, {
    name: "ended",
    why: "idle",
  }],
  ["ended by the bank", at({ name: "withdraw" }), { ...away, ended: "ended_by_bank" }, {
    name: "ended",
    why: "ended_by_bank",
  }],
  [
    "idle on a refusal",
    at(refusal("wrong_currency", "menu")),
    { ...away, ended: "idle" },
    { name: "ended" },
  ],
  ["bank lost in a visit", at({ name: "menu" }), { ...lost, ended: "connection_lost" }, {
    name: "lost",
    hadVisit: true,
  }],
  ["bank lost with nobody there", at({ name: "welcome" }, away), lost, {
    name: "lost",
    hadVisit: false,
  }],
  ["bank lost after a goodbye", at({ name: "ended", why: "logged_out" }, away), {
    ...lost,
    ended: "logged_out",
  }, { name: "lost", hadVisit: false }],
  ["bank back after a visit", at({ name: "lost", hadVisit: true }, lost), away, {
    name: "back",
    hadVisit: true,
  }],
  ["bank lost and back before it was told", at({ name: "menu" }), {
    ...away,
    ended: "connection_lost",
  }, { name: "back", hadVisit: true }],
  [
    "bank lost while money moves: the end is waited for",
    at({ name: "working", on: "withdrawal" }),
    { ...lost, ended: "connection_lost" },
    { name: "working" },
  ],
  [
    "bank lost on a receipt: it stays to be read",
    at({ name: "receipt", receipt }),
    { ...lost, ended: "connection_lost" },
    { name: "receipt" },
  ],
  [
    "bank lost on the end of a movement",
    at(refusal("in_doubt", "menu", { receipt })),
    { ...lost, ended: "connection_lost" },
    { name: "refusal" },
  ],
  ["acceptor shut by the machine", at({ name: "deposit" }, depositing), visiting, { name: "menu" }],
  ["note in escrow", at({ name: "deposit" }, visiting), depositing, { name: "deposit" }],
];

Deno.test("reduce() follows every view", async (t) => {
  for (const [name, before, view, screen] of views) {
    await t.step(name, () => {
      const { state } = follow(before, { type: "view", view });
      assertEquals({ ...state.screen, ...screen }, state.screen);
    });
  }
});

Deno.test("reduce() starts no second call while one is under way", () => {
  const withdraw = { type: "withdraw", amount: "2000" } as const;
  assertEquals(follow(at({ name: "withdraw" }), withdraw, withdraw).calls.length, 1);
  const logIn = { type: "log_in", username: "alice", password: "x" } as const;
  const asking = at({ name: "log_in", username: "" }, away);
  assertEquals(follow(asking, logIn, logIn, { type: "back" }).calls.length, 1);
  const logOut = { type: "log_out" } as const;
  assertEquals(follow(at({ name: "menu" }), logOut, logOut, { type: "back" }).calls.length, 1);
  const open = { type: "go", to: "deposit" } as const;
  const twice = follow(at({ name: "menu" }), open, open, { type: "go", to: "balance" });
  assertEquals([twice.calls.length, twice.state.screen.name], [1, "menu"]);
});

Deno.test("reduce() asks anew when the filter changes while a page is on its way", () => {
  const filter = { kind: "deposit" } as const;
  const asked = follow(at({ name: "menu" }), { type: "go", to: "history" }).state;
  const narrowed = follow(asked, { type: "filter", filter }, { type: "older" });
  assertEquals(narrowed.calls, []);
  const outdated = answered(asked, { outcome: "ok", entries: [], cursor: "8" });
  const again = follow(narrowed.state, outdated);
  assertEquals(again.calls, [{ name: "history", args: [filter, undefined] }]);
  const came = follow(again.state, answered(again.state, { outcome: "ok", entries: [] }));
  assertEquals([came.calls.length, came.state.pending], [0, null]);
});

Deno.test("reduce() lets the customer leave the history while it is looked up", () => {
  const asked = follow(at({ name: "menu" }), { type: "go", to: "history" }).state;
  const left = follow(asked, { type: "back" }).state;
  assertEquals([left.screen.name, left.pending], ["menu", null]);
  const late = follow(left, answered(asked, { outcome: "try_later", entries: [] }));
  assertEquals(late.state.screen.name, "menu");
});

Deno.test("reduce() hides a shown password again as it is sent", () => {
  const asking = at({ name: "log_in", username: "" }, away);
  const shown = follow(asking, { type: "show_password", shown: true }).state;
  assertEquals(shown.screen, { name: "log_in", username: "", shown: true });
  const sent = follow(shown, { type: "log_in", username: "alice", password: "x" }).state;
  assertEquals(sent.screen, { name: "log_in", username: "alice" });
});

Deno.test("reduce() keeps no password", () => {
  const secret = "a very secret password";
  const logIn = { type: "log_in", username: "alice", password: secret } as const;
  const { state, calls } = follow(at({ name: "log_in", username: "" }, away), logIn);
  assertEquals(calls[0]?.args, ["alice", secret]);
  assert(!JSON.stringify(state).includes(secret));
});

Deno.test("reduce() drops answers to calls that no longer count", () => {
  const asked = follow(at({ name: "menu" }), { type: "go", to: "history" }).state;
  const late = answered(asked, { outcome: "ok", entries: [] });
  const over = follow(asked, { type: "view", view: { ...away, ended: "idle" } }).state;
  assertEquals(over.pending, null);
  assertEquals(follow(over, late).state.screen, { name: "ended", why: "idle" });
});

Deno.test("reduce() does not take a touch's answer for that of a call with the same number", () => {
  const asked = follow(at({ name: "menu" }), { type: "go", to: "history" }).state;
  const touch = { type: "answered", number: asked.calls, name: "touch", value: undefined } as const;
  assertEquals(follow(asked, touch).state.pending, asked.pending);
});

Deno.test("reduce() shows the end of a movement, though the visit ended meanwhile", () => {
  const asked = follow(at({ name: "withdraw" }), { type: "withdraw", amount: "2000" }).state;
  const cut = follow(asked, { type: "view", view: { ...lost, ended: "connection_lost" } }).state;
  const { state } = follow(cut, answered(asked, { ...receipt, outcome: "in_doubt" }));
  assertEquals({ name: state.screen.name, why: "in_doubt" }, {
    name: "refusal",
    why: (state.screen as { why: string }).why,
  });
});

Deno.test("reduce() points out a balance that changes by itself, and only then", async (t) => {
  const richer = (version: number, booked: string): AtmView => ({
    ...visiting,
    visit: { ...visiting.visit!, account: { ...account, booked, available: booked, version } },
  });
  const rows: [name: string, state: State, view: AtmView, change: string | undefined][] = [
    ["more, in the menu", at({ name: "menu" }), richer(2, "127050"), "2000"],
    ["less, on the balance", at({ name: "balance", days: null }), richer(2, "125000"), "-50"],
    ["the same version", at({ name: "menu" }), richer(1, "127050"), undefined],
    ["the same amount", at({ name: "menu" }), richer(2, "125050"), undefined],
    ["on another screen", at({ name: "withdraw" }), richer(2, "127050"), undefined],
  ];
  for (const [name, before, view, change] of rows) {
    await t.step(name, () => {
      const { state } = follow(before, { type: "view", view });
      assertEquals(state.balanceNews?.changeMinor, change);
    });
  }
  await t.step("not for ever", () => {
    const news = follow(at({ name: "menu" }), { type: "view", view: richer(2, "127050") }).state;
    const after = (ms: number) => reduce(news, { type: "tick" }, startMs + ms).state.balanceNews;
    assert(after(pageTimes.balanceNewsMs - 1));
    assertEquals(after(pageTimes.balanceNewsMs), null);
  });
});

Deno.test("reduce() tells of touches at most every few seconds, and of the last one", () => {
  const menu = at({ name: "menu" });
  const touch = (state: State, ms: number) => reduce(state, { type: "touched" }, startMs + ms);
  assertEquals(touch(menu, 100).call, undefined);
  const second = touch(menu, 2900);
  assertEquals(second.call, undefined);
  const tick = reduce(second.state, { type: "tick" }, startMs + 3000);
  assertEquals(tick.call, { name: "touch", args: [] });
  assertEquals(reduce(tick.state, { type: "tick" }, startMs + 9000).call, undefined);
  assertEquals(touch(at({ name: "welcome" }, away), 9000).call, undefined);
});

Deno.test("reduce() asks for more time before an idle customer is logged out", () => {
  const menu = at({ name: "menu" });
  const tick = (state: State, ms: number) => reduce(state, { type: "tick" }, startMs + ms).state;
  assertEquals(tick(menu, 39_999).moreTime, false);
  const asking = tick(menu, 40_000);
  assertEquals(asking.moreTime, true);

  const touched = reduce(asking, { type: "touched" }, startMs + 41_000);
  assertEquals([touched.state.moreTime, touched.call], [true, undefined]);
  const elsewhere = reduce(asking, { type: "go", to: "balance" }, startMs + 41_000);
  assertEquals(elsewhere.state.screen.name, "menu");

  const stays = reduce(asking, { type: "stay" }, startMs + 42_000);
  assertEquals([stays.state.moreTime, stays.call?.name], [false, "touch"]);
  assertEquals(tick(stays.state, 42_000 + 39_999).moreTime, false);
  const leaves = reduce(asking, { type: "log_out" }, startMs + 42_000);
  assertEquals([leaves.state.moreTime, leaves.call?.name], [false, "logOut"]);
  const over = follow(asking, { type: "view", view: { ...away, ended: "idle" } }).state;
  assertEquals([over.moreTime, over.screen.name], [false, "ended"]);
});

Deno.test("reduce() never asks for more time while money moves", () => {
  const working = at({ name: "working", on: "withdrawal" });
  assertEquals(reduce(working, { type: "tick" }, startMs + 59_000).state.moreTime, false);
});

Deno.test("reduce() tidies screens that nobody reads, counted from when they came", async (t) => {
  const rows: [screen: Screen, restMs: number][] = [
    [{ name: "log_in", username: "" }, pageTimes.restMs.log_in],
    [{ name: "ended", why: "idle" }, pageTimes.restMs.ended],
    [{ name: "back", hadVisit: true }, pageTimes.restMs.back],
    [{ name: "receipt", receipt }, pageTimes.restMs.receipt],
    [refusal("wrong_credentials", "log_in"), pageTimes.restMs.refusal],
  ];
  for (const [screen, restMs] of rows) {
    await t.step(screen.name, () => {
      const untouched = at(screen, away, { lastTouchMs: startMs - 500_000 });
      const after = (ms: number) => reduce(untouched, { type: "tick" }, startMs + ms).state.screen;
      assertEquals(after(restMs - 1).name, screen.name);
      assertEquals(after(restMs).name, "welcome");
    });
  }
});

Deno.test("reduce() leads nowhere once the host is gone", () => {
  const { state } = follow(at({ name: "withdraw" }), { type: "gone", why: "stopped" });
  assertEquals(state.screen, { name: "gone", why: "stopped" });
  const after = follow(
    state,
    { type: "withdraw", amount: "2000" },
    { type: "log_out" },
    { type: "touched" },
    { type: "tick" },
    { type: "view", view: visiting },
    { type: "gone", why: "link_used" },
  );
  assertEquals(after, { state, calls: [] });
});

Deno.test("a screen for nobody is not drawn anew while it stays true", () => {
  for (const view of [jammed, empty, away, { ...away, bank: "no_key" } as AtmView]) {
    const { state } = follow(initialState(startMs), { type: "view", view });
    const later = reduce(state, { type: "view", view: { ...view } }, startMs + 5).state;
    assertEquals(later.screen, state.screen);
    assertEquals(later.shownMs, startMs);
  }
});

Deno.test("settings are reached from where nothing is lost, kept for the visit, and go with the customer", () => {
  const go = { type: "go", to: "settings" } as const;
  const set = { type: "set", settings: { language: "de", contrast: "high" } } as const;
  for (const screen of ["amount", "deposit", "log_in"] as const) {
    const state = at({ name: screen, typed: "", username: "" } as Screen);
    assertEquals(follow(state, go).state.screen.name, screen);
  }
  const chosen = follow(at({ name: "welcome" }, away), go, set, { type: "back" }).state;
  assertEquals([chosen.screen.name, chosen.settings.language], ["welcome", "de"]);
  const menu = follow(at({ name: "menu" }), go, set, { type: "next" }).state;
  assertEquals([menu.screen.name, menu.settings.contrast], ["menu", "high"]);
  const over = follow(menu, { type: "view", view: { ...away, ended: "logged_out" } }).state;
  assertEquals([over.screen.name, over.settings.language], ["ended", "de"], "goodbye in their own");
  const next = follow(over, { type: "next" }).state;
  assertEquals([next.screen.name, next.settings.language], ["welcome", "en"]);
  const rested = reduce(chosen, { type: "tick" }, startMs + pageTimes.restMs.welcome);
  assertEquals([rested.state.screen.name, rested.state.settings.language], ["welcome", "en"]);
  assertEquals(rested.state.shownMs, chosen.shownMs, "the welcome is not drawn anew");
});

Deno.test("a machine's own language is everyone's who has chosen no other", () => {
  const german: AtmView = { ...away, language: "de" };
  const state = follow(initialState(startMs), { type: "view", view: german }).state;
  assertEquals(state.settings.language, "de");
  const spanish = follow(state, { type: "set", settings: { language: "es" } }, {
    type: "view",
    view: german,
  }).state;
  assertEquals(spanish.settings.language, "es");
});

Deno.test("what is printed and read out again is what the host can", () => {
  const can = { prints: true, speaks: true };
  const state = { ...at({ name: "receipt", receipt }), can };
  assertEquals(reduce(state, { type: "print" }, startMs).print, true);
  assertEquals(reduce(at({ name: "receipt", receipt }), { type: "print" }, startMs).print, false);
  assertEquals(
    reduce({ ...state, screen: { name: "menu" } }, { type: "print" }, startMs).print,
    false,
  );
  const loud = follow(state, { type: "set", settings: { sound: true } }).state;
  assertEquals(reduce(loud, { type: "say_again" }, startMs).say, true);
  assertEquals(reduce(state, { type: "say_again" }, startMs).say, false);
});

Deno.test("the on-screen keyboard goes with its screen", () => {
  const state = follow(at({ name: "log_in", username: "" }, away), {
    type: "keyboard",
    keyboard: "capitals",
  }).state;
  assertEquals(state.keyboard, "capitals");
  assertEquals(follow(state, { type: "back" }).state.keyboard, null);
});

Deno.test("where there is one mix of notes, or none, the money comes at once", () => {
  for (const mixes of [[twenties], []]) {
    const asked = follow(at({ name: "amount", typed: "40" }), { type: "use_typed" });
    const value = { type: "answered", number: 1, name: "noteMixes", value: mixes } as const;
    const { state, calls } = follow(asked.state, value as PageEvent);
    assertEquals(state.screen, { name: "working", on: "withdrawal" });
    assertEquals(calls, [{ name: "withdraw", args: ["4000"] }]);
  }
});
