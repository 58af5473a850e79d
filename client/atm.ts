/**
 * The machine: joins the line to the bank, the customer's visit and the cashier, and tells the
 * screens what they may know.
 */
import type { AtmMachine, HistoryFilter, HistoryPage, MachineView, Receipt } from "../lib/atm.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import { minorFromText, type MinorText } from "../lib/money.ts";
import { acceptedNotes, fastAmounts } from "./cash/cash_notes.ts";
import { totalOf } from "./cash/note_mix.ts";
import { Cashier, notesView } from "./cashier.ts";
import { type AtmParts, receipt } from "./parts.ts";
import { StandingLine } from "./standing_line.ts";
import { type Visit, Visits } from "./visits.ts";

export class AtmMachineOfBank implements AtmMachine {
  readonly #watchers = new Set<(view: MachineView) => void>();
  readonly #line: StandingLine;
  readonly #cashier: Cashier;
  readonly #visits: Visits;

  constructor(private readonly parts: AtmParts) {
    const changed = () => this.#tell();
    const cashier = this.#cashier = new Cashier(parts);
    this.#line = new StandingLine(parts, {
      changed,
      met: (bank) => cashier.settle(bank),
      stands: (bank) => {
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
    const { idleMsMax, log } = parts;
    this.#visits = new Visits({ idleMsMax, log, line: this.#line, cashier, changed });
  }

  /** Starts to reach for the bank, and goes on doing so until `stop`. */
  start(): void {
    this.#cashier.alone(() => this.#cashier.wake()).catch((error) =>
      this.parts.log(`the notes in escrow could not be handed back: ${error}`)
    );
    this.#line.start();
  }

  /** Ends the visit and the line in order. */
  async stop(): Promise<void> {
    await this.#visits.end("logged_out", "closing");
    await this.#line.stop();
  }

  // What the screens are told

  view(): MachineView {
    const { devices, terminalName, demo } = this.parts;
    const { current: visit, idleMsMax, ended } = this.#visits;
    const escrow = devices.escrow();
    return {
      ...this.#line.told,
      terminal: terminalName,
      visit: visit && { username: visit.username, account: visit.account, idleMsMax },
      ended,
      cash: {
        cassettes: notesView(devices.cassettes()),
        fastAmounts: fastAmounts(devices.cassettes()).map(String),
        accepted: acceptedNotes(this.#line.told.currency).map(String),
      },
      escrow: escrow && { notes: notesView(escrow), total: totalOf(escrow).toString() },
      demo,
    };
  }

  watch(listener: (view: MachineView) => void): () => void {
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

  async withdraw(amountText: MinorText): Promise<Receipt> {
    return await this.#oneAtATime(
      "withdrawal",
      amountText,
      (visit, amount, currency) => this.#cashier.withdraw(visit, amount, currency),
    );
  }

  depositOpen(): Promise<{ outcome: AtmOutcome }> {
    if (!this.#visits.current) return Promise.resolve({ outcome: "not_logged_in" });
    this.#visits.awaitIdleness();
    this.parts.devices.cashInStart();
    this.#tell();
    return Promise.resolve({ outcome: "ok" });
  }

  async depositConfirm(): Promise<Receipt> {
    return await this.#oneAtATime(
      "deposit",
      "0",
      (visit, _, currency) => this.#cashier.deposit(visit, currency),
    );
  }

  async depositCancel(): Promise<void> {
    await this.#cashier.alone(() => this.#cashier.returnEscrow());
    this.#tell();
  }

  history(filter: HistoryFilter, cursor?: string): Promise<HistoryPage> {
    return this.#visits.history(filter, cursor);
  }

  insertNote(value: MinorText): Promise<void> {
    const note = minorFromText(value);
    const { demo, devices } = this.parts;
    if (demo && note !== null && acceptedNotes(this.#line.told.currency).includes(note)) {
      devices.insert(note);
      this.#visits.awaitIdleness();
      this.#tell();
    }
    return Promise.resolve();
  }

  #oneAtATime(
    kind: Receipt["kind"],
    amountText: MinorText,
    work: (visit: Visit, amount: bigint, currency: string) => Promise<Receipt>,
  ): Promise<Receipt> {
    return this.#cashier.alone(async () => {
      const amount = minorFromText(amountText);
      const visit = this.#visits.current;
      if (!visit) return receipt(kind, amountText, "not_logged_in");
      if (amount === null) return receipt(kind, "0", "amount_not_positive");
      const { code } = this.#line.told.currency;
      const result = await this.#visits.whileWorking(() => work(visit, amount, code));
      this.#tell();
      return result;
    });
  }
}
