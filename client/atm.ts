/**
 * The machine: joins the line to the bank, the customer's visit and the cashier, and tells the
 * screens what they may know.
 */
import type {
  Atm,
  AtmView,
  DayBalance,
  DeviceFault,
  HistoryFilter,
  HistoryPage,
  Notes,
  Receipt,
} from "../lib/atm.ts";
import { hex } from "../lib/bytes.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import { dispensedNotesMax, savedEntriesMax } from "../lib/limits.ts";
import { minorFromText, type MinorText } from "../lib/money.ts";
import { acceptedNotes, fastAmounts } from "./cash/cash_notes.ts";
import { type NoteCounts, noteMixes, totalOf } from "./cash/note_mix.ts";
import { Cashier } from "./cashier.ts";
import type { AtmDependencies } from "./dependencies.ts";
import { DeviceReports } from "./device_reports.ts";
import { historyCsv } from "./history_csv.ts";
import { notesView, receipt } from "./receipt.ts";
import { StandingLine } from "./standing_line.ts";
import { type Visit, Visits } from "./visits.ts";

export class BankAtm implements Atm {
  readonly #watchers = new Set<(view: AtmView) => void>();
  readonly #line: StandingLine;
  readonly #cashier: Cashier;
  readonly #visits: Visits;
  readonly #reports: DeviceReports;

  constructor(private readonly parts: AtmDependencies) {
    const changed = () => this.#tell();
    this.#reports = new DeviceReports(parts);
    const cashier = this.#cashier = new Cashier({
      ...parts,
      currency: () => this.#line.told.currency.code,
      changed,
      powerCut: () => {
        this.#line.cut();
        this.#visits.drop();
      },
    });
    this.#line = new StandingLine(parts, {
      changed,
      met: async (bank, { retell }) => {
        await cashier.wake();
        if (retell) await cashier.retell(bank, retell);
        await cashier.settle(bank);
        await this.#reports.tell(bank);
      },
      stands: (bank) => {
        this.#report();
        // What the bank could not take before, or what a visit left open.
        if (!this.#visits.current && parts.journal.open().length > 0) {
          cashier.settle(bank).catch(() => {});
        }
      },
      heard: (bank, push) => this.#visits.hear(bank, push),
      // A visit goes on under the old key; the next line has the new one.
      renewed: (bank) => {
        cashier.alone(async () => {
          if (this.#visits.current) return;
          if (this.#line.bank === bank) this.#line.giveUp();
          await bank.close();
        });
      },
      ended: (bank) => this.#visits.lose(bank),
    });
    const { world, idleMsMax, log } = parts;
    this.#visits = new Visits({ world, idleMsMax, log, line: this.#line, cashier, changed });
  }

  /** Starts to reach for the bank, and goes on doing so until `stop`. */
  start(): void {
    this.#cashier.wake().catch((error) => this.parts.log(`the devices did not wake: ${error}`));
    this.#line.start();
  }

  /** Ends the visit and the line in order. */
  async stop(): Promise<void> {
    this.#cashier.close();
    await this.#visits.end("logged_out", "closing");
    await this.#line.stop();
    await this.#cashier.idle();
  }

  // What the screens are told

  view(): AtmView {
    const { devices, demo } = this.parts;
    const { current: visit, idleMsMax, ended } = this.#visits;
    const presented = devices.presented();
    return {
      ...this.#line.told,
      visit: visit &&
        {
          username: visit.username,
          account: visit.account,
          accounts: visit.accounts,
          elsewhere: visit.elsewhere,
          idleMsMax,
        },
      ended,
      language: this.parts.language ?? "en",
      cash: {
        cassettes: notesView(devices.cassettes()),
        fastAmounts: fastAmounts(devices.cassettes()).map(String),
        accepted: acceptedNotes(this.#line.told.currency).map(String),
      },
      escrow: visit && devices.accepting() ? stack(devices.escrow()) : null,
      presented: presented.size === 0 ? null : stack(presented),
      devices: { jammed: devices.jammed(), faults: devices.faults() },
      demo,
    };
  }

  watch(listener: (view: AtmView) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  #tell(): void {
    const view = this.view();
    for (const listener of this.#watchers) listener(view);
  }

  // What the screens ask

  logIn(
    username: string,
    password: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    return this.#visits.logIn(username, password);
  }

  logOut(): Promise<void> {
    return this.#visits.end("logged_out", "customer");
  }

  touch(): Promise<void> {
    this.#visits.touch();
    return Promise.resolve();
  }

  noteMixes(amountText: MinorText): Promise<Notes[][]> {
    const amount = minorFromText(amountText) ?? 0n;
    const mixes = noteMixes(this.parts.devices.cassettes(), amount, dispensedNotesMax);
    return Promise.resolve(mixes.map(notesView));
  }

  async withdraw(amountText: MinorText, notes?: Notes[]): Promise<Receipt> {
    const chosen = notes && new Map(notes.map(({ value, count }) => [BigInt(value), count]));
    return await this.#oneAtATime(
      "withdrawal",
      amountText,
      (visit, amount) => this.#cashier.withdraw(visit, amount, chosen),
    );
  }

  chooseAccount(id: string): Promise<void> {
    this.#visits.current?.choose(id);
    this.#tell();
    return Promise.resolve();
  }

  balance(): Promise<{ outcome: AtmOutcome; days: DayBalance[] }> {
    return this.#visits.balance();
  }

  recipient(account: string) {
    return this.#visits.recipient(account);
  }

  async transfer(to: string, amountText: MinorText): Promise<Receipt> {
    return await this.#oneAtATime(
      "transfer",
      amountText,
      (visit, amount) => this.#cashier.transfer(visit, to, amount),
    );
  }

  changePassword(current: string, next: string) {
    return this.#visits.changePassword(current, next);
  }

  saveReceipt(text: string): Promise<Saved> {
    if (!this.#visits.current) return Promise.resolve({ outcome: "not_logged_in" });
    return Promise.resolve(this.#keep("receipt", "txt", text));
  }

  async saveHistory(filter: HistoryFilter): Promise<Saved> {
    const { outcome, entries } = await this.#visits.wholeHistory(filter, savedEntriesMax);
    if (outcome !== "ok") return { outcome };
    return this.#keep("history", "csv", historyCsv(entries, this.#line.told.currency));
  }

  #keep(what: string, ending: string, text: string): Saved {
    const { keepFile, world, log } = this.parts;
    const time = new Date(world.nowMs()).toISOString().replace(/[-:]|\..*/g, "").replace("T", "-");
    const name = `${what}-${time}-${hex(world.randomBytes(2))}.${ending}`;
    try {
      if (!keepFile) throw new Error("this ATM keeps no files");
      return { outcome: "ok", place: keepFile(name, text) };
    } catch (error) {
      log(`${name} could not be saved: ${(error as Error).message}`);
      return { outcome: "not_saved" };
    }
  }

  async depositOpen(): Promise<{ outcome: AtmOutcome }> {
    const visit = this.#visits.current;
    if (!visit) return { outcome: "not_logged_in" };
    this.#visits.awaitIdleness();
    return { outcome: await this.#cashier.alone(() => this.#cashier.openAcceptor(visit)) };
  }

  async depositConfirm(): Promise<Receipt> {
    return await this.#oneAtATime(
      "deposit",
      "0",
      (visit) => this.#cashier.deposit(visit),
    );
  }

  async depositCancel(): Promise<void> {
    await this.#cashier.alone(() => this.#cashier.returnEscrow());
    this.#report();
    this.#tell();
  }

  history(filter: HistoryFilter, cursor?: string, sealed?: boolean): Promise<HistoryPage> {
    return this.#visits.history(filter, cursor, sealed);
  }

  // What the demo's hands do

  async insertNote(value: MinorText): Promise<void> {
    const note = minorFromText(value);
    const { demo, devices } = this.parts;
    if (!demo || note === null) return;
    if (!acceptedNotes(this.#line.told.currency).includes(note)) return;
    if (this.#visits.current) this.#visits.awaitIdleness();
    await devices.insert(note);
    this.#tell();
  }

  takeNotes(): Promise<void> {
    return this.#play((devices) => devices.takeNotes());
  }

  armFault(fault: DeviceFault): Promise<void> {
    return this.#play((devices) => devices.arm(fault));
  }

  disarmFault(fault: DeviceFault): Promise<void> {
    return this.#play((devices) => devices.disarm(fault));
  }

  clearJams(): Promise<void> {
    return this.#play((devices) => devices.clearJams());
  }

  #play(hand: (devices: AtmDependencies["devices"]) => void): Promise<void> {
    if (this.parts.demo) {
      hand(this.parts.devices);
      this.#report();
      this.#tell();
    }
    return Promise.resolve();
  }

  /** Tells the bank what is new of the devices, once nothing moves any more. */
  #report(): void {
    this.#cashier.alone(async () => {
      const bank = this.#line.bank;
      if (bank) await this.#reports.tell(bank);
    }).catch((error) => this.parts.log(`the devices were not reported: ${error}`));
  }

  #oneAtATime(
    kind: Receipt["kind"],
    amountText: MinorText,
    work: (visit: Visit, amount: bigint) => Promise<Receipt>,
  ): Promise<Receipt> {
    return this.#cashier.alone(async () => {
      const amount = minorFromText(amountText);
      const visit = this.#visits.current;
      const nowMs = this.parts.world.nowMs();
      if (!visit) return receipt(kind, amountText, "not_logged_in", nowMs);
      if (amount === null) return receipt(kind, "0", "amount_not_positive", nowMs);
      const result = await this.#visits.whileWorking(() => work(visit, amount));
      this.#report();
      this.#tell();
      return result;
    });
  }
}

/** What became of a text that was to be kept. */
type Saved = { outcome: AtmOutcome; place?: string };

/** Notes and what they are worth, as the screens are told of them. */
function stack(notes: NoteCounts) {
  return { notes: notesView(notes), total: totalOf(notes).toString() };
}
