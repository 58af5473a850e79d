/**
 * The machine: keeps the line to the bank, lets one customer at a time bank, moves notes only as the
 * journal and the bank allow, and tells the screens what they may know.
 */
import { fromHex, hex } from "../lib/bytes.ts";
import type {
  AccountView,
  AtmMachine,
  HistoryFilter,
  HistoryPage,
  MachineView,
  Receipt,
  VisitEnd,
} from "../lib/atm.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import {
  connectMsMax,
  dispensedNotesMax,
  keepAliveMs,
  machineIdleMsMax,
  reconnectMsMax,
  reconnectMsMin,
} from "../lib/limits.ts";
import { type Currency, minorFromText, type MinorText } from "../lib/money.ts";
import type { TerminalKey } from "../lib/protocol/handshake.ts";
import type { Answer, Ask, MachineRefusal, Push } from "../lib/protocol/message.ts";
import { BankClient, type Line, NoAnswer } from "./bank_client.ts";
import { acceptedNotes, fastAmounts } from "./cash/cash_notes.ts";
import { nearestAmounts, type NoteCounts, noteMix, totalOf } from "./cash/note_mix.ts";
import type { SimulatedDevices } from "./cash/simulated_devices.ts";
import type { Journal } from "./journal.ts";
import { readInterrupted, settleOpen } from "./settle.ts";

export interface AtmParts {
  line: Line;
  terminalName: string;
  journal: Journal;
  devices: SimulatedDevices;
  /** True where the page may play the customer's hands. */
  demo: boolean;
  log: (line: string) => void;
  /** Told at every meeting with the bank, before anything is settled. */
  onMeeting?: (currency: Currency) => void;
  /** Stores the terminal's next key durably, or throws; without it, the bank's offer is not taken up. */
  keepKey?: (key: TerminalKey) => void;
  /** Shorter in tests. */
  idleMsMax?: number;
}

interface Visit {
  username: string;
  account: AccountView;
  bank: BankClient;
}

/** A visit's touches reach the bank at most this often. */
const touchEveryMs = 20_000;

export class AtmMachineOfBank implements AtmMachine {
  readonly #watchers = new Set<(view: MachineView) => void>();
  readonly #idleMsMax: number;
  #bank: BankClient | null = null;
  #visit: Visit | null = null;
  #view: Pick<MachineView, "bank" | "bankName" | "currency" | "timeZone" | "ended">;
  #moneyUnderWay: Promise<unknown> = Promise.resolve();
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #bankTouchedMs = 0;
  #terminalKey: TerminalKey;
  #stopping = new AbortController();
  #running: Promise<void> | null = null;

  constructor(private readonly parts: AtmParts) {
    this.#terminalKey = parts.line.terminalKey;
    this.#idleMsMax = parts.idleMsMax ?? machineIdleMsMax;
    this.#view = {
      bank: "connecting",
      bankName: "",
      currency: { code: "XXX", exponent: 2 }, // ISO 4217 for "no currency": the bank has not told yet
      timeZone: "UTC",
      ended: null,
    };
  }

  /** Starts to reach for the bank, and goes on doing so until `stop`. */
  start(): void {
    this.#running ??= this.#keepLine();
  }

  /** Ends the visit and the line in order. */
  async stop(): Promise<void> {
    await this.#endVisit("logged_out", "closing");
    this.#stopping.abort();
    await this.#running;
  }

  // What the screens are told

  view(): MachineView {
    const { devices, terminalName, demo } = this.parts;
    const escrow = devices.escrow();
    return {
      ...this.#view,
      terminal: terminalName,
      visit: this.#visit && {
        username: this.#visit.username,
        account: this.#visit.account,
        idleMsMax: this.#idleMsMax,
      },
      cash: {
        cassettes: notesView(devices.cassettes()),
        fastAmounts: fastAmounts(devices.cassettes()).map(String),
        accepted: acceptedNotes(this.#view.currency).map(String),
      },
      escrow: escrow && { notes: notesView(escrow), total: totalOf(escrow).toString() },
      demo,
    };
  }

  watch(listener: (view: MachineView) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  // What the screens ask

  async logIn(
    username: string,
    password: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    if (this.#visit) return { outcome: "already_logged_in" };
    const bank = await this.#lineSoon();
    if (!bank) return { outcome: "bank_unreachable" };
    const answer = await ask(bank, { op: "log_in", username, password });
    if (answer === null) return { outcome: "bank_unreachable" };
    const { outcome, retryAfterMs, account } = answer;
    if (outcome !== "ok" || !account) return { outcome, retryAfterMs };
    if (bank !== this.#bank) return { outcome: "bank_unreachable" }; // lost in the meantime
    this.#visit = { username, account, bank };
    this.#bankTouchedMs = Date.now();
    this.#waitForIdleness();
    this.#tell({ ended: null });
    return { outcome };
  }

  async logOut(): Promise<void> {
    await this.#endVisit("logged_out", "customer");
  }

  touch(): Promise<void> {
    if (!this.#visit) return Promise.resolve();
    this.#waitForIdleness();
    if (Date.now() - this.#bankTouchedMs > touchEveryMs) {
      this.#bankTouchedMs = Date.now();
      ask(this.#visit.bank, { op: "touch" });
    }
    return Promise.resolve();
  }

  async withdraw(amountText: MinorText): Promise<Receipt> {
    return await this.#oneAtATime("withdrawal", amountText, async (visit, amount) => {
      const { devices } = this.parts;
      const cassettes = devices.cassettes();
      const notes = amount > 0n ? noteMix(cassettes, amount, dispensedNotesMax) : new Map();
      if (notes === null) {
        const nearest = nearestAmounts(cassettes, amount, dispensedNotesMax).map(String);
        return { ...await this.#refuse(visit, "withdrawal", amount, "not_dispensable"), nearest };
      }
      return await this.#move(visit, "withdrawal", amount, notes, () => devices.dispense(notes));
    });
  }

  depositOpen(): Promise<{ outcome: AtmOutcome }> {
    if (!this.#visit) return Promise.resolve({ outcome: "not_logged_in" });
    this.#waitForIdleness();
    this.parts.devices.cashInStart();
    this.#tell();
    return Promise.resolve({ outcome: "ok" });
  }

  async depositConfirm(): Promise<Receipt> {
    const { devices } = this.parts;
    return await this.#oneAtATime("deposit", "0", async (visit) => {
      devices.closeShutter(); // what is counted now is what is booked
      const notes = devices.escrow() ?? new Map<bigint, number>();
      const total = totalOf(notes);
      const receipt = total === 0n
        ? await this.#refuse(visit, "deposit", total, "no_notes_inserted")
        : await this.#move(visit, "deposit", total, notes, () => devices.cashInEnd());
      await this.#returnEscrow(); // refused: the notes go back
      return receipt;
    });
  }

  async depositCancel(): Promise<void> {
    await this.#alone(() => this.#returnEscrow());
    this.#tell();
  }

  async history(filter: HistoryFilter, cursor?: string): Promise<HistoryPage> {
    const visit = this.#visit;
    if (!visit) return { outcome: "not_logged_in", entries: [] };
    this.#waitForIdleness();
    const answer = await ask(visit.bank, { op: "history", filter, cursor });
    if (answer === null) return { outcome: "bank_unreachable", entries: [] };
    return { outcome: answer.outcome, entries: answer.entries ?? [], cursor: answer.cursor };
  }

  insertNote(value: MinorText): Promise<void> {
    const note = minorFromText(value);
    if (this.parts.demo && note !== null && acceptedNotes(this.#view.currency).includes(note)) {
      this.parts.devices.insert(note);
      this.#waitForIdleness();
      this.#tell();
    }
    return Promise.resolve();
  }

  // Money

  /** Movements, settling and log-out never overlap: each finds the notes as the one before left them. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#moneyUnderWay.then(work);
    this.#moneyUnderWay = result.catch(() => {});
    return result;
  }

  #oneAtATime(
    kind: Receipt["kind"],
    amountText: MinorText,
    work: (visit: Visit, amount: bigint) => Promise<Receipt>,
  ): Promise<Receipt> {
    return this.#alone(async () => {
      const amount = minorFromText(amountText);
      if (!this.#visit) return receipt(kind, amountText, "not_logged_in");
      if (amount === null) return receipt(kind, "0", "amount_not_positive");
      clearTimeout(this.#idleTimer); // nobody is idle while the machine works
      const result = await work(this.#visit, amount);
      if (this.#visit) this.#waitForIdleness();
      this.#tell();
      return result;
    });
  }

  /** Authorise → the devices act → complete, or reverse what did not happen. */
  async #move(
    { bank, account }: Visit,
    kind: Receipt["kind"],
    amount: bigint,
    notes: NoteCounts,
    act: () => Promise<void>,
  ): Promise<Receipt> {
    const { journal, devices, line } = this.parts;
    const movement = hex(line.randomBytes(16));
    const currency = this.#view.currency.code;
    readInterrupted(this.parts); // the counters must not move before an earlier outcome is read from them
    const asked = { movement, kind, amount: amount.toString(), currency };
    journal.intend({ ...asked, amount, notes }, line.nowMs());
    const leave = await ask(bank, { op: "authorise", ...asked, account: account.id });
    // What is settled already is no leave to move notes, though its first outcome was.
    const over = leave?.outcome === "ok" && leave.booked !== undefined;
    if (leave === null || leave.outcome === "try_later" || over) {
      // The bank may have heard: the id is voided as soon as it answers again.
      return receipt(kind, asked.amount, over ? "in_doubt" : leave?.outcome ?? "in_doubt", {
        movement,
      });
    }
    this.#seeAccount(leave.account);
    if (leave.outcome !== "ok") {
      journal.settled(movement);
      return receipt(kind, asked.amount, leave.outcome, { movement, ...factsOf(leave) });
    }
    journal.authorised(movement);
    const before = devices.cassettes();
    journal.acting(movement, before);
    await act().catch((error) => this.parts.log(`a cash device failed: ${error}`));
    const after = devices.cassettes();
    const moved = kind === "withdrawal" ? difference(before, after) : difference(after, before);
    const done = totalOf(moved);
    journal.acted(movement, done);
    const settled = await ask(
      bank,
      done > 0n
        ? { op: "complete", movement, amount: done.toString() }
        : { op: "reverse", movement },
    );
    if (settled?.outcome === "ok") journal.settled(movement);
    this.#seeAccount(settled?.account);
    const facts = { movement, notes: notesView(moved), ...factsOf(settled) };
    if (done === 0n) return receipt(kind, asked.amount, "device_fault", facts);
    // No answer, or "later": the notes have moved, and the journal sees to the rest.
    const right = settled === null || settled.outcome === "ok" || settled.outcome === "try_later";
    return receipt(kind, done.toString(), right ? "ok" : "in_doubt", facts);
  }

  async #returnEscrow(): Promise<void> {
    const { devices } = this.parts;
    if (devices.escrow() !== null) await devices.cashInRollback();
  }

  /** The machine's own refusal: the bank's log hears of it. */
  async #refuse(
    { bank }: Visit,
    kind: Receipt["kind"],
    amount: bigint,
    why: MachineRefusal,
  ): Promise<Receipt> {
    await ask(bank, { op: "refused", kind, amount: amount.toString(), why });
    return receipt(kind, amount.toString(), why);
  }

  // The visit

  #waitForIdleness(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      this.#endVisit("idle", "idle").catch((error) =>
        this.parts.log(`a visit did not end: ${error}`)
      );
    }, this.#idleMsMax);
  }

  async #endVisit(ended: VisitEnd, reason: "customer" | "idle" | "closing"): Promise<void> {
    await this.#moneyUnderWay;
    const visit = this.#visit;
    if (!visit) return;
    // The next customer gets a line, and a handshake, of their own: nobody else uses this one.
    this.#bank = null;
    await this.#forgetVisit(ended);
    await ask(visit.bank, { op: "log_out", reason });
    await visit.bank.close();
  }

  async #forgetVisit(ended: VisitEnd): Promise<void> {
    clearTimeout(this.#idleTimer);
    this.#visit = null;
    await this.#returnEscrow().catch((error) =>
      this.parts.log(`the notes in escrow could not be handed back: ${error}`)
    );
    this.#tell({ ended });
  }

  // The line

  async #keepLine(): Promise<void> {
    readInterrupted(this.parts);
    await this.#returnEscrow(); // notes that lay there when the power went
    let delayMs = 0;
    while (!this.#stopping.signal.aborted) {
      await pause(delayMs * (0.5 + Math.random() / 2), this.#stopping.signal);
      const sinceMs = Date.now();
      const visited = await this.#tryLine().catch((error) => {
        if (!(error instanceof NoAnswer)) this.parts.log(`the line failed: ${error.stack}`);
        return false;
      });
      // A visit ends its line on purpose. All others are tried again more and more slowly: a line
      // that keeps breaking at once may be another machine with the same key.
      const steady = this.#view.bank === "online" && Date.now() - sinceMs > reconnectMsMax;
      delayMs = visited || steady
        ? 0
        : Math.min(reconnectMsMax, Math.max(reconnectMsMin, 2 * delayMs));
      if (delayMs > 0 && this.#view.bank === "online") this.#tell({ bank: "lost" });
    }
  }

  /** One line from its beginning to its end; whether it ended because a visit did. */
  async #tryLine(): Promise<boolean> {
    const bank = await BankClient.connect({ ...this.parts.line, terminalKey: this.#terminalKey });
    try {
      return await this.#converse(bank);
    } finally {
      await bank.close();
      // Said only on the bank's own, authenticated word: a refused handshake may have any reason.
      if (await bank.ended === "revoked") {
        this.parts.log("the bank no longer accepts this terminal's key: it was revoked or renewed");
      }
    }
  }

  /** The line; after a visit has ended it takes a moment until there is a new one. */
  async #lineSoon(): Promise<BankClient | null> {
    const untilMs = Date.now() + connectMsMax;
    while (!this.#bank && this.#view.bank === "online" && Date.now() < untilMs) {
      await pause(20, this.#stopping.signal);
    }
    return this.#bank;
  }

  /** From a proved line to its end; whether it ended because a visit did. */
  async #converse(bank: BankClient): Promise<boolean> {
    const { journal, devices, log } = this.parts;
    const { signal } = this.#stopping;
    if (signal.aborted) return false;
    const close = () => bank.close();
    signal.addEventListener("abort", close, { once: true });
    bank.ended.then(() => signal.removeEventListener("abort", close));
    bank.onPush = (push) => this.#hear(bank, push);
    const hello = await bank.ask({ op: "hello" });
    const { name, currency, timeZone } = hello.bank!;
    this.parts.onMeeting?.(currency);
    const settling = { journal, devices, log, ask: (question: Ask) => bank.ask(question) };
    await this.#alone(() => settleOpen(settling));
    this.#bank = bank;
    this.#tell({ bank: "online", bankName: name, currency, timeZone });
    const keepAlive = setInterval(() => {
      ask(bank, { op: "hello" });
      // What the bank could not take before, or what a visit left open.
      if (!this.#visit && journal.open().length > 0) {
        this.#alone(() => settleOpen(settling)).catch(() => {});
      }
    }, keepAliveMs);
    await bank.ended;
    clearInterval(keepAlive);
    const visited = this.#bank !== bank;
    this.#bank = null;
    if (this.#visit?.bank === bank) {
      this.#view = { ...this.#view, bank: "lost" };
      await this.#alone(() => this.#forgetVisit("connection_lost"));
    }
    return visited;
  }

  #hear(bank: BankClient, push: Push): void {
    if (push.push === "new_key") return this.#renewKey(bank, push);
    if (this.#visit?.bank !== bank) return;
    if (push.push === "account") {
      this.#seeAccount(push.account);
      this.#tell();
    } else {
      this.#bank = null;
      this.#alone(() => this.#forgetVisit(push.reason === "idle" ? "idle" : "ended_by_bank"));
      bank.close();
    }
  }

  /** Stored first, used afterwards: a key that was used before it was safe could be lost for good. */
  #renewKey(bank: BankClient, { version, key }: Push & { push: "new_key" }): void {
    const { keepKey, log } = this.parts;
    if (!keepKey || version <= this.#terminalKey.version) return;
    const renewed = { ...this.#terminalKey, version, key: fromHex(key, 32)! };
    try {
      keepKey(renewed);
    } catch (error) {
      return log(`the terminal's new key could not be stored, the old one serves on: ${error}`);
    }
    this.#terminalKey = renewed;
    log(`the terminal has key ${version} from now on`);
    // A visit goes on under the old key; the next line has the new one.
    this.#alone(async () => {
      if (this.#visit) return;
      if (this.#bank === bank) this.#bank = null;
      await bank.close();
    });
  }

  /** The newest word on the visit's account wins, whichever way it came; of others it tells nothing. */
  #seeAccount(account: AccountView | undefined): void {
    const mine = this.#visit?.account;
    if (account && mine?.id === account.id && account.version >= mine.version) {
      this.#visit!.account = account;
    }
  }

  #tell(change: Partial<MachineView> = {}): void {
    this.#view = { ...this.#view, ...change };
    const view = this.view();
    for (const listener of this.#watchers) listener(view);
  }
}

/** The answer, or null when there was none. */
async function ask(bank: BankClient, question: Ask): Promise<Answer | null> {
  try {
    return await bank.ask(question);
  } catch (error) {
    if (error instanceof NoAnswer) return null;
    throw error;
  }
}

function receipt(
  kind: Receipt["kind"],
  amount: MinorText,
  outcome: AtmOutcome,
  facts: Partial<Receipt> = {},
): Receipt {
  const time = new Date().toISOString();
  return { outcome, kind, amount, notes: [], movement: "", account: null, time, ...facts };
}

function factsOf(answer: Answer | null): Partial<Receipt> {
  return {
    ...(answer?.account && { account: answer.account }),
    ...(answer?.time && { time: answer.time }),
  };
}

function notesView(notes: NoteCounts) {
  return [...notes].sort(([a], [b]) => a < b ? 1 : -1)
    .map(([value, count]) => ({ value: value.toString(), count }));
}

/** The notes of `more` that `less` does not have. */
function difference(more: NoteCounts, less: NoteCounts): NoteCounts {
  return new Map(
    [...more].map(([value, count]) => [value, count - (less.get(value) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
