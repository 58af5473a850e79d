/**
 * The cashier: moves notes and money according to the journal and the bank, one movement at a time.
 */
import type { AccountView, Receipt } from "../lib/atm.ts";
import { contentOfToken } from "../lib/device_token.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import {
  dispensedNotesMax,
  outcomeMsMax,
  settlePauseMsMax,
  settlePauseMsMin,
  takeNotesMsMax,
} from "../lib/limits.ts";
import { currencyOf, formatMoney, type MinorText } from "../lib/money.ts";
import type { Answer, AskOf, AtmRefusal } from "../lib/protocol/message.ts";
import { pause } from "../lib/world.ts";
import { type BankClient, NoAnswer } from "./bank_client.ts";
import { DeviceError, DevicesAway, PowerCut } from "./cash/devices.ts";
import { canGive, nearestAmounts, type NoteCounts, totalOf } from "./cash/note_mix.ts";
import { ask, noAnswer } from "./ask.ts";
import type { AtmDependencies } from "./dependencies.ts";
import { factsOf, notesView, receipt } from "./receipt.ts";
import { retell } from "./retell.ts";
import { askProved, readInterrupted, readOutcome, settleOpen, type Settling } from "./settle.ts";
import { keepLeft } from "./left_notes.ts";
import { newMovementId } from "./movement_id.ts";
import { Voiding } from "./voiding.ts";

/** The customer whose money moves. */
export interface Payer {
  readonly bank: BankClient;
  readonly account: AccountView;
  /** The account's uid. */
  readonly uid: string | null;
  /** Takes the account's state from an answer. */
  update(account: AccountView | undefined): void;
  /** Whether a movement of this visit is in doubt. */
  inDoubt: boolean;
}

export interface CashierDependencies extends
  Pick<
    AtmDependencies,
    "world" | "journal" | "devices" | "log" | "takeNotesMsMax" | "outcomeMsMax"
  > {
  /** ISO 4217. */
  currency: () => string;
  /**
   * Returns the customer's card, if one is in the reader, before notes are handed out. Returns whether
   * it was taken.
   */
  cardTaken?: () => Promise<boolean>;
  /** Returns the customer who is logged in. */
  visitor: () => Payer | null;
  /** Called when notes were presented, taken or counted. */
  onChange: () => void;
  /** Called when the power fails: only the state on disk remains. */
  onPowerCut: () => void;
  /** Called with the error of failed work. Returns whether it is the disk's, and reported. */
  onError: (error: unknown) => boolean;
}

/** Movements that move notes. */
/** The bank keeps nothing of such a request. */
type Unrecorded = Answer & { outcome: "try_later" | "money_stopped" };

type CashKind = Exclude<Receipt["kind"], "transfer">;

/** The requests that begin a customer's movement. */
type Request = AskOf<"authorise" | "transfer">;

export class Cashier {
  readonly #closing = new AbortController();
  readonly #voiding: Voiding;
  #cancelSettling: () => void = () => {};
  /** The nonce for which a restored bank waits for the device's state; null if it does not. */
  unattested: string | null = null;
  #underWay: Promise<unknown> = Promise.resolve();
  /** Resolves when the acceptor has stopped counting. */
  #counting: Promise<unknown> = Promise.resolve();
  /** The customer for whom the acceptor was last opened. */
  #depositor: Payer | null = null;
  /** Whether it was opened, and its notes were neither booked nor returned. */
  #depositing = false;
  /** The end of a deposit whose devices stopped answering, until its customer reads it. */
  #lost: { payer: Payer; receipt: Receipt } | null = null;
  #presenting = false;
  /** The customer to whom notes were presented last. */
  #receiver: Payer | null = null;

  constructor(private readonly dependencies: CashierDependencies) {
    this.#voiding = new Voiding(dependencies);
  }

  /** Runs `work` after the current work: movements, settling and log-out never overlap. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#underWay.then(work);
    this.#underWay = result.catch((error) => void this.dependencies.onError(error));
    return result;
  }

  /** Stops waiting for customers and for the bank, before the ATM stops. */
  close(): void {
    this.#closing.abort();
    this.#voiding.close();
    this.#cancelSettling();
  }

  /** Passes a new connection to the movement that is being voided, before any other use. */
  connected(bank: BankClient): void {
    this.#voiding.connected(bank);
  }

  /** Resolves when no work runs. */
  async idle(): Promise<void> {
    await this.#underWay;
  }

  /**
   * Returns the notes that a customer is to take. Nobody else is asked to take them; while the devices
   * do not answer, nobody is asked to take what they last reported.
   */
  toTake(): NoteCounts {
    const { devices, visitor } = this.dependencies;
    const isHere = this.#receiver !== null && this.#receiver === visitor();
    return this.#presenting || (isHere && !devices.away()) ? devices.presented() : new Map();
  }

  /**
   * Recovers after a start or an interruption: retracts notes in transit, records interrupted
   * outcomes, and returns the notes in escrow, if their customer is still logged in.
   */
  async recover(): Promise<void> {
    await this.alone(async () => {
      if (await this.#clear()) await this.returnEscrow(this.dependencies.visitor());
    });
  }

  /**
   * Retracts notes in transit and records interrupted outcomes. Returns false while an outcome is
   * unknown.
   */
  async #clear(): Promise<boolean> {
    if (await this.#drive(() => this.#retract()) === null) return false;
    return readInterrupted(this.dependencies);
  }

  /**
   * Settles open movements with the bank. Retries with growing pauses at "try later".
   * @throws {NoAnswer} if the connection ends first; the next session settles the rest
   */
  async settle(bank: BankClient, pauseMs = settlePauseMsMin): Promise<void> {
    await this.alone(async () => {
      await this.#attest(bank);
      await settleOpen(this.#settling(bank));
    });
    this.settleLater(bank, pauseMs);
  }

  /** Settles open movements, if any, after a pause. */
  settleLater(bank: BankClient, pauseMs = settlePauseMsMin): void {
    const { world, journal } = this.dependencies;
    this.#cancelSettling();
    // including one whose notes were in the tray: its outcome can be read after they are taken
    const isDone = journal.open().length === 0 && this.unattested === null;
    if (isDone || this.#closing.signal.aborted) return;
    this.#cancelSettling = world.after(pauseMs, () => {
      this.settle(bank, Math.min(2 * pauseMs, settlePauseMsMax)).catch((error) => {
        if (error instanceof NoAnswer || this.dependencies.onError(error)) return;
        this.dependencies.log(`settling failed: ${error.stack}`);
      });
    });
  }

  /**
   * Sends the device's state to a restored bank that waits for it.
   * @returns what the bank booked, since the device had paid it on a token without a record
   * @throws {NoAnswer} if the connection ends first
   */
  attest(bank: BankClient): Promise<bigint> {
    return this.alone(() => this.#attest(bank));
  }

  async #attest(bank: BankClient): Promise<bigint> {
    const { devices, journal } = this.dependencies;
    if (this.unattested === null) return 0n;
    const status = await devices.presentStatus?.(this.unattested) ?? null;
    if (status === null) return 0n; // the devices are away, or notes are on their way
    const id = contentOfToken(status)?.content.get("DISPENSEID");
    const movement = id === undefined ? undefined : journal.dispensedBy(id);
    const { outcome, booked = "0" } = await bank.ask(
      { op: "attest", status, ...(movement !== undefined && { movement }) },
    );
    if (outcome === "ok") this.unattested = null;
    return BigInt(booked);
  }

  /** Repeats to the bank all movements since then; see `retell`. */
  async retell(bank: BankClient, since: string): Promise<void> {
    await this.alone(() => retell(this.#settling(bank), Date.parse(since)));
  }

  #settling(bank: BankClient): Settling {
    const { journal, devices, log } = this.dependencies;
    return { journal, devices, log, ask: (question) => bank.ask(question) };
  }

  /**
   * Withdraws an amount.
   * @param chosen the mix that the customer chose; if absent, the devices choose
   */
  async withdraw(payer: Payer, amount: bigint, chosen?: NoteCounts): Promise<Receipt> {
    const { devices } = this.dependencies;
    const refuse = (why: AtmRefusal) => this.#refuse(payer, "withdrawal", amount, why);
    if (payer.inDoubt) return this.#receipt("withdrawal", `${amount}`, "earlier_in_doubt");
    if (devices.jammed().includes("dispenser")) return await refuse("device_fault");
    const notes = amount > 0n ? this.#notesFor(amount, chosen) : new Map();
    if (!notes) {
      const nearest = nearestAmounts(devices.cassettes(), amount, dispensedNotesMax).map(String);
      return { ...await refuse("not_dispensable"), nearest };
    }
    // an earlier outcome must be read before the counters change
    if (!await this.#clear()) return await refuse("device_fault");
    return await this.#move(payer, { kind: "withdrawal", amount, notes }, async (token) => {
      await devices.dispense(notes, token);
      await devices.present();
    });
  }

  #notesFor(amount: bigint, chosen: NoteCounts | undefined): NoteCounts | null {
    const { devices } = this.dependencies;
    if (chosen) {
      return canGive(devices.cassettes(), chosen, amount, dispensedNotesMax) ? chosen : null;
    }
    try {
      return devices.denominate(amount);
    } catch (error) {
      if (error instanceof DeviceError) return null;
      throw error;
    }
  }

  /** Transfers money to another account: in one step, without notes. */
  async transfer(
    payer: Payer,
    to: string,
    amount: bigint,
    message?: string,
  ): Promise<Receipt> {
    const { journal, world } = this.dependencies;
    const kind = "transfer";
    if (payer.inDoubt) return this.#receipt(kind, `${amount}`, "earlier_in_doubt", { to });
    const movement = newMovementId(world);
    const account = payer.account.id;
    const currency = this.dependencies.currency();
    const request = {
      ...{ op: kind, movement, account, to, amount: `${amount}`, currency } as const,
      ...(message && { message }),
    };
    const untilMs = this.#outcomeUntilMs();
    const intent = { movement, kind, account, amount, currency, notes: new Map() } as const;
    journal.intend({ ...intent, ...journaledOf(payer) }, world.nowMs());
    const answer = await ask(payer.bank, request);
    if (isUncertain(answer)) return await this.#giveUp(payer, kind, request, answer, untilMs);
    journal.transferred(movement, answer.voucher);
    payer.update(answer.account);
    return this.#receipt(kind, request.amount, answer.outcome, {
      movement,
      to,
      ...(message && { message }),
      ...factsOf(answer),
    });
  }

  /**
   * Voids a movement whose request got no certain answer. The receipt shows that nothing was booked
   * only after the bank has confirmed it.
   */
  async #giveUp(
    payer: Payer,
    kind: Receipt["kind"],
    request: Request,
    answer: Answer | null,
    untilMs: number,
  ): Promise<Receipt> {
    const { movement, amount } = request;
    const facts = {
      movement,
      ...("to" in request && { to: request.to }),
      ...("message" in request && { message: request.message }),
    };
    const confirmed = await this.#voiding.void(payer.bank, movement, untilMs);
    if (confirmed?.outcome === "ok") {
      payer.update(confirmed.account);
      const why = answer?.outcome ?? "bank_unreachable";
      return this.#receipt(kind, amount, why, { ...facts, ...factsOf(confirmed) });
    }
    if (kind === "transfer" && confirmed?.outcome === "already_completed") {
      // The same request again gets its first answer, as long as the customer is logged in.
      const first = await ask(payer.bank, request);
      payer.update(first?.account);
      const known = first?.outcome === "ok" ? first : confirmed;
      return this.#receipt(kind, amount, "ok", { ...facts, ...factsOf(known) });
    }
    if (confirmed?.outcome === "already_completed") {
      // An operator has completed it: the account was charged, and no note has moved.
      payer.update(confirmed.account);
      const booked = confirmed.booked ?? amount;
      return this.#receipt(kind, booked, "already_completed", { ...facts, ...factsOf(confirmed) });
    }
    return this.#inDoubt(payer, kind, amount, facts);
  }

  #outcomeUntilMs(): number {
    const { world, outcomeMsMax: ms = outcomeMsMax } = this.dependencies;
    return world.monotonicMs() + ms;
  }

  /** Opens the acceptor and counts notes until it is shut. */
  async openAcceptor(payer: Payer): Promise<AtmOutcome> {
    const { devices, journal, onChange, onError } = this.dependencies;
    if (payer.inDoubt) return "earlier_in_doubt";
    // A retract may fail and also break the acceptor.
    if (!await this.#clear() || devices.jammed().includes("acceptor")) {
      await this.#refuse(payer, "deposit", 0n, "device_fault");
      return "device_fault";
    }
    if (!devices.accepting()) {
      if (!await this.#drive(() => devices.cashInStart())) {
        await this.#refuse(payer, "deposit", 0n, "device_fault");
        return "device_fault";
      }
      try {
        journal.accepting({ account: payer.account.id, uid: payer.uid });
      } catch (error) {
        await this.#drive(() => devices.cashInRollback()); // counted notes would be another customer's
        if (!onError(error)) throw error;
        return "device_fault";
      }
      this.#depositor = payer;
      this.#depositing = true;
      this.#lost = null;
      this.#counting = this.#count(payer).catch((error) => {
        devices.closeShutter();
        if (!this.dependencies.onError(error)) {
          this.dependencies.log(`the acceptor failed: ${error}`);
        }
      });
    }
    onChange();
    return "ok";
  }

  async #count(payer: Payer): Promise<void> {
    const { devices, onChange } = this.dependencies;
    while (devices.accepting()) {
      const counted = await this.#drive(() => devices.cashIn());
      if (!counted) devices.closeShutter(); // notes counted earlier can still be booked
      if (devices.away()) this.#endLost(payer);
      onChange();
      if (!counted) return;
    }
  }

  /**
   * Ends a deposit whose devices stopped answering, whether or not its customer confirms: the bank
   * then has a movement with the counted amount.
   */
  #endLost(payer: Payer): void {
    this.alone(async () => {
      if (!this.#depositing || this.dependencies.visitor() !== payer) return;
      this.#lost = { payer, receipt: await this.deposit(payer) };
    }).catch((error) => this.dependencies.log(`ending a deposit failed: ${error}`));
  }

  async #stopCounting(): Promise<void> {
    this.dependencies.devices.closeShutter();
    await this.#counting;
  }

  /**
   * Books the notes in escrow and takes them in; returns them if the deposit is refused. Of devices
   * that do not answer, the bank gets the amount that they had counted: it is booked as far as they,
   * or staff, find these notes in the cassettes.
   */
  async deposit(payer: Payer): Promise<Receipt> {
    const { devices } = this.dependencies;
    const lost = this.#lost;
    this.#lost = null;
    if (lost?.payer === payer) return lost.receipt;
    await this.#stopCounting(); // the count must not change after it was read
    // The acceptor has ended without a request: its notes are inside, as far as they were counted.
    const isLost = this.#depositing && !devices.accepting();
    const notes = devices.accepting() || isLost ? devices.escrow() : new Map<bigint, number>();
    const amount = totalOf(notes);
    this.#depositing = false;
    const refuse = (why: AtmRefusal) => this.#refuse(payer, "deposit", amount, why);
    const act = isLost
      ? () => Promise.reject(new DevicesAway("the devices stopped answering during a deposit"))
      : () => devices.cashInEnd();
    const result = payer.inDoubt
      ? this.#receipt("deposit", `${amount}`, "earlier_in_doubt")
      : amount === 0n
      ? await refuse(isLost ? "device_fault" : "no_notes_inserted")
      : (isLost ? devices.away() : await this.#clear())
      ? await this.#move(payer, { kind: "deposit", amount, notes }, act)
      : await refuse("device_fault"); // lost devices that answer again return the notes
    await this.returnEscrow(payer);
    return result;
  }

  /**
   * Returns the notes in escrow. Where the devices stop answering before it is known that they did,
   * the deposit ends as one that was confirmed: the bank gets what they had counted.
   * @returns the receipt of that deposit; null where the notes are returned or kept
   */
  async cancelDeposit(customer: Payer | null): Promise<Receipt | null> {
    await this.returnEscrow(customer);
    if (customer === null || customer !== this.#depositor) return null;
    const isLost = this.#depositing && this.dependencies.devices.away();
    return isLost ? await this.deposit(customer) : null;
  }

  /**
   * Returns the notes in escrow to the customer who put them in, and keeps those of another. Flags
   * notes that are kept, cannot be returned or are not taken.
   * @param customer who is at the ATM; null if nobody is known to be
   */
  async returnEscrow(customer: Payer | null): Promise<void> {
    const { devices, currency, log } = this.dependencies;
    if (!devices.accepting() && devices.withheld().size === 0) return;
    await this.#stopCounting();
    if (customer !== null && customer === this.#depositor) {
      if (await this.#drive(() => devices.cashInRollback()) === null) return;
      this.#depositing = false;
      await this.#untilTaken();
    }
    if (this.#closing.signal.aborted) return; // the notes can still be taken; the next start continues here
    const left = keepLeft({ ...this.dependencies, currency: currency() });
    if (left !== null) {
      log(`${left.why}, ${left.amount} minor units`);
      await this.#drive(() => devices.carryOut());
    }
    this.dependencies.onChange();
  }

  /** Authorises a movement, runs the devices, and completes it, or reverses the undone part. */
  async #move(
    payer: Payer,
    { kind, amount, notes }: { kind: CashKind; amount: bigint; notes: NoteCounts },
    act: (token: string | undefined) => Promise<void>,
  ): Promise<Receipt> {
    const { journal, devices, world } = this.dependencies;
    if (kind === "withdrawal" && !await this.#settledEarlier(payer.bank)) {
      return await this.#refuse(payer, kind, amount, "device_fault");
    }
    const movement = newMovementId(world);
    const account = payer.account.id;
    const currency = this.dependencies.currency();
    const asked = { movement, kind, account, amount: `${amount}`, currency };
    const untilMs = this.#outcomeUntilMs();
    journal.intend({ ...asked, amount, notes, ...journaledOf(payer) }, world.nowMs());
    const nonce = kind === "withdrawal" ? await devices.commandNonce?.() ?? null : null;
    const request = { op: "authorise", ...asked, ...(nonce !== null && { nonce }) } as const;
    const leave = await ask(payer.bank, request);
    if (isUncertain(leave)) return await this.#giveUp(payer, kind, request, leave, untilMs);
    payer.update(leave.account);
    // A settled movement must not move notes, although its first outcome was ok.
    if (leave.outcome === "ok" && leave.booked !== undefined) {
      return this.#inDoubt(payer, kind, asked.amount, { movement });
    }
    if (leave.outcome !== "ok") {
      journal.settled(movement);
      return this.#receipt(kind, asked.amount, leave.outcome, { movement, ...factsOf(leave) });
    }
    journal.authorised(movement, payer.bank.timeMs, leave);
    if (kind === "withdrawal" && await this.dependencies.cardTaken?.() === false) {
      return await this.#withoutNotes(payer, asked.amount, movement, leave.statusNonce);
    }
    const before = devices.inside();
    journal.acting(movement, before);
    const acted = await this.#drive(() => act(leave.token));
    const taken = acted === null ? null : await this.#handOver();
    if (taken === null) { // what moved is unknown
      const doubt = this.#inDoubt(payer, kind, asked.amount, { movement });
      return kind === "deposit" ? { ...doubt, outcome: "to_be_counted" } : doubt;
    }
    // notes that were neither taken nor retracted keep the movement open
    const stuck = devices.tray().size > 0;
    const done = stuck ? null : readOutcome(this.dependencies, { movement, kind, amount }, before);
    if (done === null) return this.#receipt(kind, asked.amount, "to_be_counted", { movement });
    const settled = await this.#askProved(
      payer,
      done > 0n
        ? { op: "complete", movement, amount: done.toString() }
        : { op: "reverse", movement },
      leave.statusNonce,
    );
    payer.update(settled?.account);
    if (leave.token !== undefined && !isAsDone(settled, done)) {
      // Notes that were presented and drawn back stay booked until staff have counted.
      if (settled?.booked !== undefined) {
        const attested = formatMoney(BigInt(settled.booked), currencyOf(currency));
        journal.disputed(movement, `the device attests ${attested}`);
      }
      const booked = settled?.booked ?? asked.amount;
      return this.#receipt(kind, booked, "to_be_counted", { movement, ...factsOf(settled) });
    }
    if (settled?.outcome === "ok") journal.settled(movement);
    const after = devices.inside();
    const moved = kind === "withdrawal" ? difference(before, after) : difference(after, before);
    const facts = { movement, notes: notesView(moved), ...factsOf(settled) };
    if (done === 0n) {
      return this.#receipt(kind, asked.amount, taken ? "device_fault" : "notes_not_taken", facts);
    }
    // Without an answer, or at "try later", the notes have moved: the journal settles the movement.
    const right = settled === null || settled.outcome === "ok" || settled.outcome === "try_later";
    if (!right) return this.#inDoubt(payer, kind, done.toString(), facts);
    return this.#receipt(kind, done.toString(), "ok", facts);
  }

  /**
   * Settles withdrawals that are still open. Returns false if one with a token remains: a device
   * attests the end of its newest nonce alone, so another one would replace that proof.
   */
  async #settledEarlier(bank: BankClient): Promise<boolean> {
    const { journal } = this.dependencies;
    if (!journal.open().some(({ kind }) => kind === "withdrawal")) return true;
    await settleOpen(this.#settling(bank)).catch(noAnswer);
    return !journal.open().some(({ token }) => token !== null);
  }

  /** Settles a movement; null if the connection ends first. */
  async #askProved(
    { bank }: Payer,
    question: AskOf<"complete" | "reverse">,
    nonce: string | undefined,
  ): Promise<Answer | null> {
    return await askProved(this.#settling(bank), question, nonce).catch(noAnswer);
  }

  /** Reverses a withdrawal whose customer has not taken the card: no note has moved. */
  async #withoutNotes(
    payer: Payer,
    amount: MinorText,
    movement: string,
    statusNonce: string | undefined,
  ): Promise<Receipt> {
    const answer = await this.#askProved(payer, { op: "reverse", movement }, statusNonce);
    if (answer?.outcome === "ok") this.dependencies.journal.settled(movement);
    payer.update(answer?.account);
    const outcome = answer?.outcome === "unproven" ? "to_be_counted" : "card_not_taken";
    return this.#receipt("withdrawal", amount, outcome, { movement, ...factsOf(answer) });
  }

  /**
   * Waits until the customer takes the presented notes, and retracts the rest. Returns whether all
   * were taken; null if that is unknown.
   */
  async #handOver(): Promise<boolean | null> {
    const taken = await this.#untilTaken();
    return await this.#drive(() => this.#retract()) === null ? null : taken;
  }

  /** Waits until the presented notes are taken, or a timeout. Returns whether they were taken. */
  async #untilTaken(): Promise<boolean> {
    const { world, devices, onChange } = this.dependencies;
    if (devices.presented().size === 0) return true;
    this.#presenting = true;
    this.#receiver = this.dependencies.visitor();
    onChange();
    const taken = new AbortController();
    const over = AbortSignal.any([taken.signal, this.#closing.signal]);
    const late = pause(world, this.dependencies.takeNotesMsMax ?? takeNotesMsMax, over);
    await Promise.race([devices.itemsTaken(), late]);
    taken.abort();
    this.#presenting = false;
    onChange();
    return devices.presented().size === 0;
  }

  /** Moves notes in transit to a customer into the bins. */
  async #retract(): Promise<void> {
    try {
      await this.dependencies.devices.retract();
    } catch (error) {
      if (!(error instanceof DeviceError && error.code === "noItems")) throw error;
    }
  }

  /**
   * Runs commands of the devices. Returns whether all succeeded; null if their effect is unknown:
   * the power failed, after which nothing may follow, or the devices do not answer.
   */
  async #drive(work: () => Promise<void>): Promise<boolean | null> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof PowerCut) {
        this.dependencies.onPowerCut();
        return null;
      }
      if (error instanceof DevicesAway) {
        this.dependencies.log(error.message);
        return null;
      }
      if (!(error instanceof DeviceError)) throw error;
      if (error.code !== "noCashInActive") {
        this.dependencies.log(`a cash device failed: ${error.message}`);
      }
      return false;
    }
  }

  #inDoubt(
    payer: Payer,
    kind: Receipt["kind"],
    amount: MinorText,
    facts: Partial<Receipt>,
  ): Receipt {
    payer.inDoubt = true;
    return this.#receipt(kind, amount, "in_doubt", facts);
  }

  #receipt(
    kind: Receipt["kind"],
    amount: MinorText,
    outcome: AtmOutcome,
    facts: Partial<Receipt> = {},
  ): Receipt {
    return receipt(kind, amount, outcome, this.dependencies.world.nowMs(), facts);
  }

  /** Refuses a movement and reports the refusal to the bank's log. */
  async #refuse(
    { bank }: Payer,
    kind: CashKind,
    amount: bigint,
    why: AtmRefusal,
  ): Promise<Receipt> {
    const answer = await ask(bank, { op: "refused", kind, amount: amount.toString(), why });
    return this.#receipt(kind, amount.toString(), why, answer?.logged && { logged: answer.logged });
  }
}

/** The account and time of a movement, as needed by a restored bank. */
const journaledOf = ({ uid, bank }: Payer) => ({ uid, bankTimeMs: bank.timeMs });

/** Returns whether the bank may have executed a request, or may still do so. */
function isUncertain(answer: Answer | null): answer is Unrecorded | null {
  return answer === null || answer.outcome === "try_later" || answer.outcome === "money_stopped";
}

/** Returns whether the bank booked what the counters show, or will do so without a proof. */
function isAsDone(settled: Answer | null, done: bigint): boolean {
  if (settled === null || settled.outcome === "try_later") return true;
  return settled.outcome === "ok" && settled.booked === done.toString();
}

/** Returns the notes by which `more` exceeds `less`. */
function difference(more: NoteCounts, less: NoteCounts): NoteCounts {
  return new Map(
    [...more].map(([value, count]) => [value, count - (less.get(value) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
