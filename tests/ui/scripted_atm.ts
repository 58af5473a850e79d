/**
 * A machine in memory for the tests of the screens: behaves as a real one does where all goes well,
 * and fails as a test asks.
 */
import type {
  AccountView,
  Atm,
  AtmView,
  BalanceAnswer,
  DeviceFault,
  HistoryEntry,
  HistoryFilter,
  HistoryPage,
  Language,
  LimitsLeft,
  Notes,
  Receipt,
  SignedReceipt,
  Speech,
  Usual,
  VisitEnd,
} from "../../lib/atm.ts";
import { accountNumberOf } from "../../lib/account_number.ts";
import { u64 } from "../../lib/bytes.ts";
import { type AtmOutcome, inWords } from "../../lib/errors.ts";
import { formatMoney } from "../../lib/money.ts";
import { SmallLog } from "../server/transparency/small_log.ts";

const movement = "7f3a9c04e1b25d8860aa41c2f09be713";
const euro = { code: "EUR", exponent: 2 };
const pageEntriesMax = 8;
/** The scripted day: 23 November 2026, 15:16:02 in London, 16:16:02 in Berlin. */
const firstTimeMs = Date.UTC(2026, 10, 23, 15, 16, 2, 249);

/** An entry as the log might have it; its content is never read. */
const sealedForm = {
  sealed:
    "AQAAAAEAAAAAAAAAAZ0cQmvHq2hJp1mS7bXn3Xv0k8yZrT5uNfG4LwPqEo9dB6iCsVhKtRjM2aYxUeWzQgDl1pIo" +
    "O7vH3nJ5cFbSmXkTzPqRwLdYuGiEaCrBtNhVsKjMxUeWzQgDl1pIoO7vH3nJ5cFbSmXkTzPqRw==",
  tag: "5d0c9ab1f27e4836c1e0b9d4a7f3625810e4c7b29d5f8a3361f0d2b7e94c8a15",
};

/** The number of one of the scripted accounts. */
export const numberOf = (index: number) => accountNumberOf(u64(index));
export const bobs = numberOf(1);
/** Bob's number with a wrong digit. */
export const mistyped = `5${bobs.slice(1)}`;

/** The signed receipt of every movement. */
export const scriptedReceipt = new SmallLog(12).receipt(5);

export interface Script {
  passwords: Record<string, string>;
  balanceMinor: bigint;
  idleMsMax: number;
  demo: boolean;
  aids: AtmView["aids"];
  cassettes: Notes[];
  /** What the first customer has besides the account without a name, by its name. */
  otherAccounts: Record<string, bigint>;
  usual: Usual;
  /** What the limits of the first account leave at the log-in. */
  left?: LimitsLeft;
  language: Language;
}

const script: Script = {
  passwords: { alice: "correct horse", bob: "battery staple" },
  balanceMinor: 125_050n,
  idleMsMax: 60_000,
  demo: true,
  aids: { prints: false, voices: [] },
  cassettes: [{ value: "5000", count: 40 }, { value: "2000", count: 60 }, {
    value: "1000",
    count: 50,
  }],
  otherAccounts: {},
  usual: { recipients: [] },
  language: "en",
};

export class ScriptedAtm implements Atm {
  /** Every call so far, in order, without what was secret in it. */
  readonly calls: string[] = [];
  /** The PIN of every card; a customer who logs in with a password has a card. */
  pin = "7391";
  /** Whose card is in the reader. */
  #card: string | null = null;
  /** What the next call of a name comes to, once, instead of what it would. */
  readonly next: Partial<
    Record<
      | "logIn"
      | "logInWithCard"
      | "setPin"
      | "withdraw"
      | "depositOpen"
      | "depositConfirm"
      | "history"
      | "balance"
      | "recipient"
      | "transfer"
      | "changePassword"
      | "signedReceipt",
      AtmOutcome
    >
  > = {};
  readonly printed: string[] = [];
  readonly spoken: Speech[] = [];
  /** How often speech was stopped. */
  hushed = 0;
  retryAfterMs = 12_000;
  /** Whether the passwords are one-time ones. */
  oneTime = false;
  /** While set, calls about money, log-ins and history wait for it. */
  gate: Promise<void> | null = null;
  /** As `gate`, for signed receipts. */
  receiptGate: Promise<void> | null = null;

  #script: Script;
  #listeners = new Set<(view: AtmView) => void>();
  #accounts = new Map<string, AccountView[]>();
  #entries: HistoryEntry[] = [];
  #view: AtmView;

  constructor(changes: Partial<Script> = {}) {
    this.#script = { ...script, ...changes };
    for (const [index, name] of Object.keys(this.#script.passwords).entries()) {
      const others = index === 0 ? Object.entries(this.#script.otherAccounts) : [];
      const accounts = [["", this.#script.balanceMinor] as const, ...others];
      this.#accounts.set(
        name,
        accounts.map(([called, minor], which) => ({
          id: numberOf(index + 10 * which),
          ...(called && { name: called }),
          booked: String(minor),
          available: String(minor),
          version: 1,
          ...(this.#script.left && { left: this.#script.left }),
        })),
      );
    }
    this.#view = {
      terminal: "lobby",
      bank: "online",
      failure: null,
      bankName: "Strongroom Bank",
      language: this.#script.language,
      currency: euro,
      timeZone: "Europe/Berlin",
      visit: null,
      ended: null,
      cash: {
        cassettes: structuredClone(this.#script.cassettes),
        fastAmounts: ["2000", "5000", "10000", "15000", "20000", "30000"],
        accepted: ["500", "1000", "2000", "5000"],
      },
      escrow: null,
      presented: null,
      card: "none",
      cards: Object.keys(this.#script.passwords),
      devices: { jammed: [], faults: [] },
      aids: this.#script.aids,
      demo: this.#script.demo,
    };
  }

  view(): AtmView {
    return structuredClone(this.#view);
  }

  watch(listener: (view: AtmView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async logIn(username: string, password: string) {
    this.calls.push(`logIn ${username}`);
    await this.gate;
    const outcome = this.#scripted("logIn") ??
      (this.#view.visit ? "already_logged_in" : Object.hasOwn(this.#script.passwords, username) &&
          this.#script.passwords[username] === password
        ? "ok"
        : "wrong_credentials");
    if (outcome === "throttled") return { outcome, retryAfterMs: this.retryAfterMs };
    if (outcome !== "ok") return { outcome };
    this.#begin(username, { card: "with_pin" });
    return { outcome };
  }

  async logInWithCard(pin: string) {
    this.calls.push("logInWithCard");
    await this.gate;
    const outcome = this.#scripted("logInWithCard") ??
      (pin === this.pin ? "ok" : "wrong_credentials");
    if (outcome === "throttled") return { outcome, retryAfterMs: this.retryAfterMs };
    if (outcome === "card_blocked" || outcome === "pin_not_set") this.change({ card: "returned" });
    if (outcome === "ok") this.#begin(this.#card!, { byCard: true });
    return { outcome };
  }

  returnCard(): Promise<void> {
    this.calls.push("returnCard");
    this.change({ card: "returned" });
    return Promise.resolve();
  }

  setPin(pin: string) {
    this.calls.push("setPin");
    const outcome = this.#scripted("setPin") ?? "ok";
    if (outcome === "ok") this.pin = pin;
    return Promise.resolve({ outcome });
  }

  insertCard(name: string): Promise<void> {
    this.calls.push(`insertCard ${name}`);
    if (this.#view.card !== "none" || this.#view.visit) return Promise.resolve();
    this.#card = name;
    this.change({ card: "inserted" });
    return Promise.resolve();
  }

  takeCard(): Promise<void> {
    this.calls.push("takeCard");
    this.#card = null;
    this.change({ card: "none" });
    this.#cardTaken();
    return Promise.resolve();
  }

  /** Called when the card at the exit is taken. */
  #cardTaken = () => {};

  #begin(username: string, how: { byCard?: true; card?: "with_pin" }): void {
    const accounts = this.#accounts.get(username) ?? this.#accounts.values().next().value!;
    const { idleMsMax } = this.#script;
    const { usual } = this.#script;
    const visit = { username, account: accounts[0]!, accounts, elsewhere: [], usual, idleMsMax };
    const change = this.oneTime && !how.byCard ? { oneTime: true } : {};
    this.change({ visit: { ...visit, ...how, ...change }, ended: null });
    this.#log("log-in", how.byCard ? "log in with a card" : "log in");
  }

  logOut(): Promise<void> {
    this.calls.push("logOut");
    this.endVisit("logged_out");
    return Promise.resolve();
  }

  touch(): Promise<void> {
    this.calls.push("touch");
    return Promise.resolve();
  }

  noteMixes(amount: string): Promise<Notes[][]> {
    this.calls.push(`noteMixes ${amount}`);
    const mixes = [0, 1, 2].map((skipped) => this.#mix(BigInt(amount), skipped) ?? []);
    const different = new Map(mixes.map((mix) => [JSON.stringify(mix), mix]));
    return Promise.resolve([...different.values()].filter((mix) => mix.length > 0));
  }

  async withdraw(amount: string, chosen?: Notes[]): Promise<Receipt> {
    const which = chosen?.map(({ value, count }) => ` ${count}x${value}`).join("") ?? "";
    this.calls.push(`withdraw ${amount}${which}`);
    await this.gate;
    const minor = BigInt(amount);
    const notes = chosen ?? this.#mix(minor);
    const outcome = this.#scripted("withdraw") ?? this.#mayWithdraw(minor, notes);
    const words = `withdraw ${formatMoney(minor, euro)}`;
    if (outcome !== "ok") return this.#refused("withdrawal", amount, outcome, words);
    if (this.#card !== null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#cardTaken = resolve;
      this.change({ card: "returned" });
      await promise;
    }
    const account = this.#move(-minor);
    this.#log("withdrawal", words, amount);
    return this.#receipt("withdrawal", amount, outcome, { account, notes });
  }

  depositOpen(): Promise<{ outcome: AtmOutcome }> {
    this.calls.push("depositOpen");
    const outcome = this.#scripted("depositOpen") ?? (this.#view.visit ? "ok" : "not_logged_in");
    if (outcome === "ok") this.change({ escrow: { notes: [], total: "0" } });
    return Promise.resolve({ outcome });
  }

  async depositConfirm(): Promise<Receipt> {
    this.calls.push("depositConfirm");
    await this.gate;
    const { notes, total } = this.#view.escrow ?? { notes: [], total: "0" };
    const outcome = this.#scripted("depositConfirm") ??
      (total === "0" ? "no_notes_inserted" : "ok");
    const words = `deposit ${formatMoney(BigInt(total), euro)}`;
    this.change({ escrow: null });
    if (outcome !== "ok") return this.#refused("deposit", total, outcome, words);
    const account = this.#move(BigInt(total));
    this.#log("deposit", words, total);
    return this.#receipt("deposit", total, outcome, { account, notes });
  }

  async depositCancel(): Promise<null> {
    this.calls.push("depositCancel");
    await this.gate;
    this.change({ escrow: null });
    return null;
  }

  chooseAccount(id: string): Promise<void> {
    this.calls.push(`chooseAccount ${id}`);
    const { visit } = this.#view;
    const account = visit?.accounts.find((one) => one.id === id);
    if (visit && account) this.change({ visit: { ...visit, account } });
    return Promise.resolve();
  }

  async balance(): Promise<BalanceAnswer> {
    this.calls.push("balance");
    await this.gate;
    const { visit } = this.#view;
    const outcome = this.#scripted("balance") ?? (visit ? "ok" : "not_logged_in");
    if (outcome !== "ok" || !visit) return { outcome, days: [], entries: [] };
    const now = Number(visit.account.booked);
    const days = Array.from({ length: 30 }, (_, index) => ({
      day: new Date(firstTimeMs - (29 - index) * 86_400_000).toISOString().slice(0, 10),
      booked: String(index === 29 ? now : now + 5_000 * (29 - index) - 40_000 * ((index / 9) | 0)),
    }));
    const entries = this.#entries.filter(({ balance }) => balance).slice(-5).reverse();
    return { outcome, days, entries, moneyIn: "263075", moneyOut: "84250" };
  }

  async recipient(account: string) {
    this.calls.push(`recipient ${account}`);
    await this.gate;
    const outcome = this.#scripted("recipient") ??
      (account === this.#view.visit?.account.id
        ? "same_account"
        : this.#ownerOf(account)
        ? "ok"
        : "unknown_recipient");
    if (outcome === "throttled") return { outcome, retryAfterMs: this.retryAfterMs };
    return outcome === "ok" ? { outcome, recipient: "b•••b" } : { outcome };
  }

  async transfer(to: string, amount: string, message?: string): Promise<Receipt> {
    this.calls.push(`transfer ${amount} to ${to}${message ? ` "${message}"` : ""}`);
    await this.gate;
    const minor = BigInt(amount);
    const words = `transfer ${formatMoney(minor, euro)} to account ${to} (b•••b)`;
    const outcome = this.#scripted("transfer") ?? this.#mayTransfer(to, minor);
    if (outcome !== "ok") return { ...this.#refused("transfer", amount, outcome, words), to };
    const account = this.#move(-minor);
    this.#log("transfer", words, amount);
    const receipt = this.#receipt("transfer", amount, outcome, { account, notes: [] });
    return { ...receipt, to, ...(message && { message }) };
  }

  async changePassword(current: string, next: string) {
    this.calls.push("changePassword");
    await this.gate;
    const { username = "" } = this.#view.visit ?? {};
    const outcome = this.#scripted("changePassword") ??
      (this.#script.passwords[username] === current ? "ok" : "wrong_credentials");
    if (outcome === "throttled") return { outcome, retryAfterMs: this.retryAfterMs };
    if (outcome === "ok") {
      this.#script.passwords = { ...this.#script.passwords, [username]: next };
      if (this.#view.visit) this.change({ visit: { ...this.#view.visit, oneTime: false } });
    }
    return { outcome };
  }

  #mayTransfer(to: string, minor: bigint): AtmOutcome {
    const { visit } = this.#view;
    if (!visit) return "not_logged_in";
    if (this.#ownerOf(to) === undefined) return "unknown_recipient";
    return minor > BigInt(visit.account.available) ? "insufficient_funds" : "ok";
  }

  #ownerOf(account: string): string | undefined {
    return [...this.#accounts].find(([, all]) => all.some(({ id }) => id === account))?.[0];
  }

  async history(filter: HistoryFilter, cursor?: string, sealed = false): Promise<HistoryPage> {
    const where = `${cursor ? ` from ${cursor}` : ""}${sealed ? " sealed" : ""}`;
    this.calls.push(`history ${JSON.stringify(filter)}${where}`);
    await this.gate;
    const outcome = this.#scripted("history");
    if (outcome) return { outcome, entries: [] };
    const found = this.#entries.filter((entry) =>
      (!filter.kind || entry.kind === filter.kind ||
        (filter.kind === "money" && entry.amount !== undefined)) &&
      (!filter.outcome || entry.outcome === filter.outcome) &&
      entry.action.toLowerCase().includes((filter.text ?? "").toLowerCase()) &&
      (!filter.from || entry.time >= filter.from) && (!filter.before || entry.time < filter.before)
    ).reverse();
    const from = Number(cursor ?? 0);
    const entries = found.slice(from, from + pageEntriesMax).map((entry) =>
      sealed ? { ...entry, ...sealedForm } : entry
    );
    const older = from + pageEntriesMax < found.length ? String(from + pageEntriesMax) : undefined;
    return { outcome: "ok", entries, cursor: older };
  }

  async signedReceipt(place: string): Promise<SignedReceipt> {
    this.calls.push(`signedReceipt ${place}`);
    await this.receiptGate;
    const outcome = this.#scripted("signedReceipt") ?? "ok";
    return { outcome, place, ...(outcome === "ok" && { receipt: scriptedReceipt }) };
  }

  print(text: string): Promise<void> {
    this.printed.push(text);
    return Promise.resolve();
  }

  speak(speech: Speech): Promise<void> {
    this.spoken.push(speech);
    return Promise.resolve();
  }

  hush(): Promise<void> {
    this.hushed += 1;
    return Promise.resolve();
  }

  insertNote(value: string): Promise<void> {
    this.calls.push(`insertNote ${value}`);
    const { escrow } = this.#view;
    if (!escrow || !this.#view.cash.accepted.includes(value)) return Promise.resolve();
    const notes = escrow.notes.some((stack) => stack.value === value)
      ? escrow.notes.map((stack) =>
        stack.value === value ? { value, count: stack.count + 1 } : stack
      )
      : [...escrow.notes, { value, count: 1 }];
    this.change({ escrow: { notes, total: String(BigInt(escrow.total) + BigInt(value)) } });
    return Promise.resolve();
  }

  takeNotes(): Promise<void> {
    this.calls.push("takeNotes");
    this.change({ presented: null });
    return Promise.resolve();
  }

  armFault(fault: DeviceFault): Promise<void> {
    this.calls.push(`armFault ${fault}`);
    const { devices } = this.#view;
    this.change({ devices: { ...devices, faults: [...devices.faults, fault] } });
    return Promise.resolve();
  }

  disarmFault(fault: DeviceFault): Promise<void> {
    this.calls.push(`disarmFault ${fault}`);
    const { devices } = this.#view;
    const faults = devices.faults.filter((armed) => armed !== fault);
    this.change({ devices: { ...devices, faults } });
    return Promise.resolve();
  }

  clearJams(): Promise<void> {
    this.calls.push("clearJams");
    this.change({ devices: { ...this.#view.devices, jammed: [] } });
    return Promise.resolve();
  }

  /** Changes the view, and notifies every listener. */
  change(changes: Partial<AtmView>): void {
    this.#view = { ...this.#view, ...changes };
    for (const listener of this.#listeners) listener(this.view());
  }

  /** Ends the visit, if there is one. */
  endVisit(ended: VisitEnd): void {
    if (!this.#view.visit) return;
    const card = this.#card === null ? "none" : "returned";
    this.change({ visit: null, ended, escrow: null, card });
  }

  /** The bank no longer answers: as at a real machine, the visit ends with it. */
  loseBank(): void {
    const ended = this.#view.visit ? "connection_lost" : this.#view.ended;
    this.change({ bank: "lost", visit: null, escrow: null, ended });
  }

  /** Money moves elsewhere, for the customer who is logged in. */
  moveElsewhere(minor: bigint): void {
    this.#move(minor);
  }

  /** Puts into the history what a customer might have done before. */
  addHistory(...entries: Pick<HistoryEntry, "action" | "kind" | "outcome" | "amount">[]): void {
    for (const entry of entries) this.#addHistory(entry);
  }

  #scripted(name: keyof ScriptedAtm["next"]): AtmOutcome | undefined {
    const outcome = this.next[name];
    delete this.next[name];
    return outcome;
  }

  #mayWithdraw(minor: bigint, notes: Notes[] | null): AtmOutcome {
    if (!this.#view.visit) return "not_logged_in";
    if (minor <= 0n) return "amount_not_positive";
    if (!notes) return "not_dispensable";
    const { available, left = {} } = this.#view.visit.account;
    if (left.once && minor > BigInt(left.once)) return "over_withdrawal_limit";
    if (left.today && minor > BigInt(left.today)) return "over_day_limit";
    if (minor > BigInt(available)) return "insufficient_funds";
    return left.here && minor > BigInt(left.here) ? "over_terminal_limit" : "ok";
  }

  /** Returns a mix without the `skipped` largest notes. */
  #mix(minor: bigint, skipped = 0): Notes[] | null {
    let rest = minor;
    const notes: Notes[] = [];
    for (const { value, count } of this.#view.cash.cassettes.slice(skipped)) {
      const take = Math.min(Number(rest / BigInt(value)), count);
      if (take > 0) notes.push({ value, count: take });
      rest -= BigInt(value) * BigInt(Math.max(0, take));
    }
    return rest === 0n ? notes : null;
  }

  #move(minor: bigint): AccountView {
    const visit = this.#view.visit!;
    const account = {
      ...visit.account,
      booked: String(BigInt(visit.account.booked) + minor),
      available: String(BigInt(visit.account.available) + minor),
      version: visit.account.version + 1,
    };
    const accounts = visit.accounts.map((one) => one.id === account.id ? account : one);
    this.#accounts.set(visit.username, accounts);
    this.change({ visit: { ...visit, account, accounts } });
    return account;
  }

  #refused(kind: Receipt["kind"], amount: string, outcome: AtmOutcome, words: string): Receipt {
    const unknown = outcome === "bank_unreachable" || outcome === "in_doubt";
    this.#addHistory({
      kind,
      action: `${words} failed - ${inWords(outcome)}`,
      outcome: "refused",
      amount,
    });
    const account = unknown ? null : this.#view.visit?.account ?? null;
    const receipt = this.#receipt(kind, amount, outcome, { account, notes: [] });
    if (outcome !== "not_dispensable") return receipt;
    const step = 1000n;
    const smaller = BigInt(amount) / step * step;
    return { ...receipt, nearest: [String(smaller), String(smaller + step)] };
  }

  #receipt(
    kind: Receipt["kind"],
    amount: string,
    outcome: AtmOutcome,
    { account, notes }: { account: AccountView | null; notes: Notes[] | null },
  ): Receipt {
    const time = new Date(firstTimeMs).toISOString();
    const logged = outcome === "ok" && { logged: { place: "1.4711", tag: sealedForm.tag } };
    return { outcome, kind, amount, notes: notes ?? [], movement, account, time, ...logged };
  }

  #log(kind: HistoryEntry["kind"], action: string, amount?: string): void {
    this.#addHistory({ kind, action, outcome: "done", amount });
  }

  #addHistory(entry: Pick<HistoryEntry, "action" | "kind" | "outcome" | "amount">): void {
    const number = this.#entries.length;
    const time = new Date(firstTimeMs - (60 - number) * 3_700_000).toISOString();
    const isBooked = entry.amount !== undefined && entry.outcome === "done" &&
      !/ (authorised|reversed)/.test(entry.action);
    const balance = this.#view.visit?.account.booked ?? String(this.#script.balanceMinor);
    this.#entries.push({
      ...entry,
      ...(isBooked && { balance, movement }),
      ...{ place: String(number), time, terminal: this.#view.terminal, tag: sealedForm.tag },
    });
  }
}
