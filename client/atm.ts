/**
 * The ATM: composes the connection to the bank, the customer's visit and the cashier, and provides
 * the view for the screens.
 */
import type {
  Atm,
  AtmFailure,
  AtmView,
  BalanceAnswer,
  DeviceFault,
  HistoryFilter,
  HistoryPage,
  Notes,
  Receipt,
  SignedReceipt,
  Speech,
} from "../lib/atm.ts";
import { isPin } from "../lib/card.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import { dispensedNotesMax } from "../lib/limits.ts";
import type { Answer } from "../lib/protocol/message.ts";
import { minorFromText, type MinorText } from "../lib/money.ts";
import { notesOf } from "../lib/notes.ts";
import { CardDesk } from "./cards/card_desk.ts";
import { CardReaderError } from "./cards/card_reader.ts";
import { fastAmounts } from "./cash/cash_notes.ts";
import { type NoteCounts, noteMixes, totalOf } from "./cash/note_mix.ts";
import { type BankClient, NoAnswer } from "./bank_client.ts";
import { Cashier } from "./cashier.ts";
import type { AtmDependencies } from "./dependencies.ts";
import type { DeviceControls } from "./cash/device_controls.ts";
import { Reconciliation } from "./reconcile.ts";
import { DeviceReports } from "./device_reports.ts";
import { DiskWatch } from "./disk_watch.ts";
import { notesView, receipt } from "./receipt.ts";
import { StandingLine } from "./standing_line.ts";
import { type Visit, Visits } from "./visits.ts";

type Hello = NonNullable<Answer["bank"]>;

export class BankAtm implements Atm {
  readonly #watchers = new Set<(view: AtmView) => void>();
  readonly #line: StandingLine;
  readonly #cashier: Cashier;
  readonly #visits: Visits;
  readonly #reports: DeviceReports;
  readonly #reconciliation: Reconciliation;
  readonly #disk: DiskWatch;
  readonly #desk: CardDesk | null;
  #journalLost = false;
  /** Whether the devices did not answer when they last changed. */
  #away = false;

  constructor(private readonly dependencies: AtmDependencies) {
    const onChange = () => this.#notify();
    const { journal, requireInPlace = () => {}, world, log } = dependencies;
    const disk = this.#disk = new DiskWatch({
      ...{ world, log },
      probe() {
        requireInPlace();
        journal.probe();
      },
      words: ["the ATM's", "the ATM is"],
      onChange: () => {
        onChange();
        if (disk.failed) this.#report();
        else this.#recover();
      },
    });
    this.#reports = new DeviceReports({ ...dependencies, failure: () => this.#failure });
    this.#reconciliation = new Reconciliation(dependencies);
    const cashier = this.#cashier = new Cashier({
      ...dependencies,
      cardTaken: () => this.#cardTaken(),
      currency: () => this.#line.state.currency.code,
      visitor: () => this.#visits.current,
      onChange,
      onPowerCut: () => {
        this.#line.cut();
        this.#visits.abandon();
      },
      onError: (error) => disk.caught(error),
    });
    this.#line = new StandingLine(dependencies, {
      onChange,
      onConnected: async (bank, hello) => {
        await this.#guard(() => this.#meet(bank, hello));
        await this.#reports.send(bank);
        await this.#reconcile(bank);
      },
      onOnline: () => this.#report(), // what changed while it connected
      onKeepAlive: () => {
        this.#disk.check();
        this.#report();
      },
      onPush: (bank, push) => this.#visits.onPush(bank, push),
      // A visit continues under the old key; the next line uses the new one.
      onNewKey: (bank) => {
        cashier.alone(async () => {
          if (this.#visits.current) return;
          if (this.#line.bank === bank) this.#line.giveUp();
          await bank.close();
        });
      },
      onDisconnected: (bank) => this.#visits.onDisconnected(bank),
    });
    const { idleMsMax, devices, demo } = dependencies;
    if (demo) demo.onChange = onChange;
    devices.onChange = () => {
      onChange();
      if (devices.away() === this.#away) return;
      this.#away = devices.away();
      this.#report();
    };
    devices.onReturn = () => this.#recover();
    const onEnded = () => this.#returnCard();
    this.#visits = new Visits({
      ...{ world, idleMsMax, log, line: this.#line, cashier, onChange, onEnded },
    });
    const { reader = null, takeCardMsMax } = dependencies;
    this.#desk = reader && new CardDesk({
      ...{ reader, world, onChange, log, takeCardMsMax },
      serves: () => this.#serves && this.#visits.current === null,
      isByPassword: () => this.#visits.current?.byCard === false,
      onAttention: () => this.#report(),
    });
  }

  /** Connects to the bank, repeatedly until `stop`. */
  start(): void {
    this.#disk.check();
    this.#cashier.recover().catch((error) => {
      if (!this.#disk.caught(error)) {
        this.dependencies.log(`the devices could not be reset: ${error}`);
      }
    });
    this.#line.start();
    this.#desk?.start().catch((error) => {
      this.dependencies.log(`the card reader cannot be used: ${error}`);
    });
  }

  /** Whether a log-in can begin. */
  get #serves(): boolean {
    return this.#line.state.bank === "online" && this.#failure === null;
  }

  /** A card in a jammed reader is not that of a customer who logged in with the password. */
  async #cardTaken(): Promise<boolean> {
    const desk = this.#desk;
    if (!desk || desk.isJammed && !this.#visits.current?.byCard) return true;
    return await desk.giveBack();
  }

  #returnCard(): void {
    this.#desk?.giveBack().catch((error) => {
      this.dependencies.log(`the card could not be returned: ${error}`);
    });
  }

  /** Settles with the bank at the beginning of a connection, unless the journal was lost. */
  async #meet(bank: BankClient, { currency, retell, attest, books }: Hello): Promise<void> {
    const { journal, log, onConnected } = this.dependencies;
    const cashier = this.#cashier;
    cashier.unattested = attest ?? null;
    this.#journalLost = books !== undefined && journal.lacks(books.movement);
    if (books && this.#journalLost) {
      const { movement, cash } = books;
      log(
        `the journal lacks movement ${movement}, which the bank has. Count the notes with ` +
          "'deno task atm cash count'; the ATM is out of service until then",
      );
      const unknown = await cashier.attest(bank);
      return journal.lost({ movement, cash: BigInt(cash) - unknown });
    }
    onConnected?.(currency);
    if (!retell) cashier.connected(bank); // the movements are retold first to a restored bank
    await cashier.recover();
    if (retell) {
      await cashier.retell(bank, retell);
      this.#reconciliation.again();
    }
    await cashier.settle(bank);
  }

  /** Recovers with devices that answer again, or a disk that works, and settles what was interrupted. */
  #recover(): void {
    this.#guard(async () => {
      await this.#cashier.recover();
      const bank = this.#line.bank;
      if (bank && !this.#journalLost) await this.#cashier.settle(bank);
      this.#report();
      this.#notify();
    }).catch((error) => {
      if (!(error instanceof NoAnswer)) {
        this.dependencies.log(`the devices could not be reset: ${error}`);
      }
    });
  }

  /** Why nobody is served. */
  get #failure(): AtmFailure | null {
    return this.#journalLost ? "journal_lost" : this.#disk.failed ? "disk_failed" : null;
  }

  /** Runs `work`. Returns undefined if the disk failed. */
  async #guard<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!this.#disk.caught(error)) throw error;
    }
  }

  /** Ends the visit, then the line. */
  async stop(): Promise<void> {
    this.#cashier.close();
    this.#desk?.stopWaiting();
    await this.#visits.end("logged_out", "closing");
    await this.#desk?.close();
    await this.#line.stop();
    await this.#cashier.idle();
    await this.dependencies.devices.close?.();
    this.dependencies.demo?.close?.();
    this.#disk.close();
  }

  // The view

  view(): AtmView {
    const { devices, demo, aids, receiptUrl } = this.dependencies;
    const { current: visit, idleMsMax, ended } = this.#visits;
    const presented = this.#cashier.toTake();
    const cassettes = devices.cassettes();
    return {
      ...this.#line.state,
      failure: this.#failure,
      visit: visit &&
        {
          username: visit.username,
          ...(visit.displayName !== undefined && { displayName: visit.displayName }),
          ...(visit.oneTime && { oneTime: true }),
          account: visit.account,
          accounts: visit.accounts,
          elsewhere: visit.elsewhere,
          usual: visit.usual,
          ...(visit.byCard && { byCard: true }),
          ...(visit.card !== undefined && { card: visit.card }),
          idleMsMax,
        },
      ended,
      language: this.dependencies.language ?? "en",
      cash: {
        cassettes: notesView(cassettes),
        fastAmounts: fastAmounts(cassettes).map(String),
        accepted: notesOf(this.#line.state.currency).map(String),
      },
      escrow: visit && devices.accepting() ? stack(devices.escrow()) : null,
      presented: presented.size === 0 ? null : stack(presented),
      card: this.#desk?.state ?? null,
      cards: demo?.cards() ?? [],
      devices: {
        jammed: devices.jammed(),
        ...(devices.away() && { away: true }),
        faults: demo?.faults() ?? [],
      },
      ...(receiptUrl !== undefined && { receiptUrl }),
      aids: { prints: aids?.printer ?? false, voices: aids?.voices ?? [] },
      demo: demo !== null,
    };
  }

  watch(listener: (view: AtmView) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  #notify(): void {
    const view = this.view();
    for (const listener of this.#watchers) listener(view);
  }

  // The screens' calls

  async logIn(
    username: string,
    password: string,
  ): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    if (this.#failure || !this.#disk.check()) return { outcome: "device_fault" };
    const answer = await this.#visits.logIn(username, password);
    if (answer.outcome === "ok") this.#desk?.onVisitByPassword();
    return answer;
  }

  async logInWithCard(pin: string): Promise<{ outcome: AtmOutcome; retryAfterMs?: number }> {
    if (this.#failure || !this.#disk.check()) return { outcome: "device_fault" };
    const number = this.#desk?.number ?? null;
    if (number === null) return { outcome: "no_card" };
    if (!isPin(pin)) return { outcome: "wrong_credentials" };
    this.#desk!.onTry();
    const answer = await this.#visits.logInWithCard(number, pin);
    const { outcome } = answer;
    if (outcome === "ok") this.#desk!.onVisit();
    if (outcome === "card_blocked" || outcome === "pin_not_set") this.#returnCard();
    return answer;
  }

  returnCard(): Promise<void> {
    if (!this.#visits.current) this.#returnCard();
    return Promise.resolve();
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
    const mixes = noteMixes(this.dependencies.devices.cassettes(), amount, dispensedNotesMax);
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
    this.#notify();
    return Promise.resolve();
  }

  balance(): Promise<BalanceAnswer> {
    return this.#visits.balance();
  }

  recipient(account: string) {
    return this.#visits.recipient(account);
  }

  async transfer(to: string, amountText: MinorText, message?: string): Promise<Receipt> {
    return await this.#oneAtATime(
      "transfer",
      amountText,
      (visit, amount) => this.#cashier.transfer(visit, to, amount, message),
    );
  }

  signedReceipt(place: string): Promise<SignedReceipt> {
    return this.#visits.signedReceipt(place);
  }

  changePassword(current: string, next: string) {
    return this.#visits.changePassword(current, next);
  }

  setPin(pin: string): Promise<{ outcome: AtmOutcome }> {
    if (!isPin(pin)) return Promise.resolve({ outcome: "pin_weak" });
    return this.#visits.setPin(pin);
  }

  async depositOpen(): Promise<{ outcome: AtmOutcome }> {
    const visit = this.#visits.current;
    if (!visit) return { outcome: "not_logged_in" };
    this.#visits.awaitIdleness();
    if (this.#failure) return { outcome: "device_fault" };
    return { outcome: await this.#cashier.alone(() => this.#cashier.openAcceptor(visit)) };
  }

  async depositConfirm(): Promise<Receipt> {
    return await this.#oneAtATime(
      "deposit",
      "0",
      (visit) => this.#cashier.deposit(visit),
    );
  }

  async depositCancel(): Promise<Receipt | null> {
    const receipt = await this.#guard(() =>
      this.#visits.whileWorking(() =>
        this.#cashier.alone(() => this.#cashier.cancelDeposit(this.#visits.current))
      )
    );
    this.#report();
    this.#notify();
    return receipt ?? null;
  }

  history(filter: HistoryFilter, cursor?: string, sealed?: boolean): Promise<HistoryPage> {
    return this.#visits.history(filter, cursor, sealed);
  }

  // What the launcher does

  print(text: string): Promise<void> {
    const { aids } = this.dependencies;
    if (aids?.printer) aids.ask({ ask: "print", text });
    return Promise.resolve();
  }

  speak(speech: Speech): Promise<void> {
    const { aids } = this.dependencies;
    if (aids?.voices.includes(speech.language)) aids.ask({ ask: "speak", speech });
    return Promise.resolve();
  }

  hush(): Promise<void> {
    this.dependencies.aids?.ask({ ask: "hush" });
    return Promise.resolve();
  }

  // The demo's controls

  async insertNote(value: MinorText): Promise<void> {
    const note = minorFromText(value);
    if (note === null || !notesOf(this.#line.state.currency).includes(note)) return;
    if (this.dependencies.demo && this.#visits.current) this.#visits.awaitIdleness();
    await this.#operate((demo) => demo.insertNote(value));
  }

  takeNotes(): Promise<void> {
    return this.#operate((demo) => demo.takeNotes());
  }

  insertCard(name: string): Promise<void> {
    return this.#operate((demo) => demo.insertCard(name));
  }

  takeCard(): Promise<void> {
    return this.#operate((demo) => demo.takeCard());
  }

  armFault(fault: DeviceFault): Promise<void> {
    return this.#operate((demo) => demo.armFault(fault));
  }

  disarmFault(fault: DeviceFault): Promise<void> {
    return this.#operate((demo) => demo.disarmFault(fault));
  }

  clearJams(): Promise<void> {
    return this.#operate((demo) => demo.clearJams());
  }

  async #operate(act: (demo: DeviceControls) => Promise<void>): Promise<void> {
    const { demo, log } = this.dependencies;
    if (!demo) return;
    try {
      await act(demo);
    } catch (error) {
      if (error instanceof CardReaderError) log(`the card reader failed: ${error.message}`);
      else if (!this.#disk.caught(error)) throw error;
    }
    this.#report();
    this.#notify();
  }

  /** Compares notes and movements with the bank, once a day. */
  async #reconcile(bank: BankClient): Promise<void> {
    if (this.#failure !== null) return;
    await this.#guard(() => this.#reconciliation.send(bank, this.#line.state.timeZone));
  }

  /** Reports changes of the devices to the bank, after the current movement. */
  #report(): void {
    this.#cashier.alone(async () => {
      const bank = this.#line.bank;
      if (!bank) return;
      await this.#reports.send(bank);
      await this.#reconcile(bank);
    }).catch((error) => this.dependencies.log(`reporting the devices failed: ${error}`));
  }

  #oneAtATime(
    kind: Receipt["kind"],
    amountText: MinorText,
    work: (visit: Visit, amount: bigint) => Promise<Receipt>,
  ): Promise<Receipt> {
    return this.#cashier.alone(async () => {
      const amount = minorFromText(amountText);
      const visit = this.#visits.current;
      const nowMs = this.dependencies.world.nowMs();
      if (!visit) return receipt(kind, amountText, "not_logged_in", nowMs);
      if (amount === null) return receipt(kind, "0", "amount_not_positive", nowMs);
      if (this.#failure) return receipt(kind, amountText, "device_fault", nowMs);
      const { journal } = this.dependencies;
      const open = journal.open().length;
      const result = await this.#guard(() => this.#visits.whileWorking(() => work(visit, amount)));
      if (!result) {
        // A movement that is in the journal may have been requested: it is settled later.
        const begun = journal.open().length > open;
        if (begun) visit.inDoubt = true;
        return receipt(kind, amountText, begun ? "in_doubt" : "device_fault", nowMs);
      }
      this.#cashier.settleLater(visit.bank);
      this.#report();
      this.#notify();
      return result;
    });
  }
}

/** Notes and their value, for the view. */
function stack(notes: NoteCounts) {
  return { notes: notesView(notes), total: totalOf(notes).toString() };
}
