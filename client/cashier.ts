/** The cashier: moves notes only as the journal and the bank allow, one thing at a time. */
import type { AccountView, Receipt } from "../lib/atm.ts";
import type { AtmOutcome } from "../lib/errors.ts";
import { dispensedNotesMax, takeNotesMsMax } from "../lib/limits.ts";
import type { MinorText } from "../lib/money.ts";
import type { AtmRefusal } from "../lib/protocol/message.ts";
import type { BankClient } from "./bank_client.ts";
import { DeviceError, PowerCut } from "./cash/devices.ts";
import { canGive, nearestAmounts, type NoteCounts, totalOf } from "./cash/note_mix.ts";
import { ask } from "./ask.ts";
import type { AtmDependencies } from "./dependencies.ts";
import { factsOf, notesView, receipt } from "./receipt.ts";
import { retell } from "./retell.ts";
import { readInterrupted, readOutcome, settleOpen, type Settling } from "./settle.ts";
import { newMovementId } from "./movement_id.ts";

/** The customer for whom money moves. */
export interface Payer {
  readonly bank: BankClient;
  readonly account: AccountView;
  /** Word of the account, from an answer. */
  see(account: AccountView | undefined): void;
}

export interface CashierDependencies
  extends Pick<AtmDependencies, "world" | "journal" | "devices" | "log" | "takeNotesMsMax"> {
  /** ISO 4217. */
  currency: () => string;
  /** Notes were presented, taken or counted. */
  changed: () => void;
  /** The power has gone: everyone forgets what is not on disk. */
  powerCut: () => void;
}

/** Movements in which notes move. */
type CashKind = Exclude<Receipt["kind"], "transfer">;

export class Cashier {
  readonly #closing = Promise.withResolvers<void>();
  #underWay: Promise<unknown> = Promise.resolve();
  /** The acceptor, counting for as long as it is open. */
  #counting: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(private readonly parts: CashierDependencies) {}

  /** Movements, settling and log-out never overlap: each finds the notes as the one before left them. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#underWay.then(work);
    this.#underWay = result.catch(() => {});
    return result;
  }

  /** The machine is about to stop: nobody is waited for any more. */
  close(): void {
    this.#closed = true;
    this.#closing.resolve();
  }

  /** Settles when nothing is under way any more. */
  async idle(): Promise<void> {
    await this.#underWay;
  }

  /** After a start or an interruption: notes on their way are put away, outcomes read, escrow emptied. */
  async wake(): Promise<void> {
    await this.alone(async () => {
      if (await this.#tidy()) await this.returnEscrow();
    });
  }

  /** Puts notes on their way away and reads the outcome of what was interrupted; whether that went. */
  async #tidy(): Promise<boolean> {
    if (await this.#drive(() => this.#drawBack()) === null) return false;
    return readInterrupted(this.parts);
  }

  /** Settles with the bank what is open. */
  async settle(bank: BankClient): Promise<void> {
    await this.alone(() => settleOpen(this.#settling(bank)));
  }

  /** Tells the bank again what was done since, which it may have lost. */
  async retell(bank: BankClient, since: string): Promise<void> {
    await this.alone(() => retell(this.#settling(bank), Date.parse(since)));
  }

  #settling(bank: BankClient): Settling {
    const { journal, devices, log } = this.parts;
    return { journal, devices, log, ask: (question) => bank.ask(question) };
  }

  /** @param chosen the mix that the customer would like; without one, the machine chooses */
  async withdraw(payer: Payer, amount: bigint, chosen?: NoteCounts): Promise<Receipt> {
    const { devices } = this.parts;
    const refuse = (why: AtmRefusal) => this.#refuse(payer, "withdrawal", amount, why);
    if (devices.jammed().includes("dispenser")) return await refuse("device_fault");
    const notes = amount > 0n ? this.#notesFor(amount, chosen) : new Map();
    if (!notes) {
      const nearest = nearestAmounts(devices.cassettes(), amount, dispensedNotesMax).map(String);
      return { ...await refuse("not_dispensable"), nearest };
    }
    return await this.#move(payer, { kind: "withdrawal", amount, notes }, async () => {
      await devices.dispense(notes);
      await devices.present();
    });
  }

  #notesFor(amount: bigint, chosen: NoteCounts | undefined): NoteCounts | null {
    const { devices } = this.parts;
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

  /** Money to another account: at the bank alone, in one step. */
  async transfer(payer: Payer, to: string, amount: bigint): Promise<Receipt> {
    const { journal, world } = this.parts;
    const movement = newMovementId(world);
    const account = payer.account.id;
    const currency = this.parts.currency();
    const kind = "transfer";
    journal.intend({ movement, kind, account, amount, currency, notes: new Map() }, world.nowMs());
    const asked = { movement, account, to, amount: amount.toString(), currency };
    const answer = await ask(payer.bank, { op: "transfer", ...asked });
    if (answer === null || answer.outcome === "try_later") {
      // The bank may have heard: the id is voided as soon as it answers again.
      return this.#receipt(kind, asked.amount, answer?.outcome ?? "in_doubt", { movement, to });
    }
    journal.settled(movement);
    payer.see(answer.account);
    return this.#receipt(kind, asked.amount, answer.outcome, { movement, to, ...factsOf(answer) });
  }

  /** Opens the acceptor; what comes in is counted until it is shut. */
  async openAcceptor(payer: Payer): Promise<AtmOutcome> {
    const { devices, changed } = this.parts;
    if (devices.jammed().includes("acceptor") || !await this.#tidy()) {
      await this.#refuse(payer, "deposit", 0n, "device_fault");
      return "device_fault";
    }
    if (!devices.accepting()) {
      devices.cashInStart();
      this.#counting = this.#count().catch((error) =>
        this.parts.log(`the acceptor failed: ${error}`)
      );
    }
    changed();
    return "ok";
  }

  async #count(): Promise<void> {
    const { devices, changed } = this.parts;
    while (devices.accepting()) {
      const counted = await this.#drive(() => devices.cashIn());
      if (!counted) devices.closeShutter(); // what was counted before can still be booked
      changed();
      if (!counted) return;
    }
  }

  async #stopCounting(): Promise<void> {
    this.parts.devices.closeShutter();
    await this.#counting;
  }

  /** Books what lies in escrow and takes it in; refused, the notes go back. */
  async deposit(payer: Payer): Promise<Receipt> {
    const { devices } = this.parts;
    await this.#stopCounting(); // what is counted now is what is booked
    const notes = devices.accepting() ? devices.escrow() : new Map<bigint, number>();
    const amount = totalOf(notes);
    const result = amount === 0n
      ? await this.#refuse(payer, "deposit", amount, "no_notes_inserted")
      : await this.#move(payer, { kind: "deposit", amount, notes }, () => devices.cashInEnd());
    await this.returnEscrow();
    return result;
  }

  /** Hands back what lies in escrow; what cannot be handed back, or is not taken, is for people. */
  async returnEscrow(): Promise<void> {
    const { devices, journal, world, currency, log } = this.parts;
    if (!devices.accepting() && devices.withheld().size === 0) return;
    await this.#stopCounting();
    if (await this.#drive(() => devices.cashInRollback()) === null) return;
    await this.#untilTaken();
    if (this.#closed) return; // they lie where they can be taken; the next start looks again
    const notes = devices.withheld();
    if (notes.size > 0) {
      const movement = newMovementId(world);
      const left = { movement, amount: totalOf(notes), currency: currency(), notes };
      journal.whole(() => {
        journal.left(left, "notes of a customer's were not handed back", world.nowMs());
        devices.retractWithheld();
      });
      log(`notes of a customer's were not handed back: ${movement}, ${left.amount} minor units`);
    }
    this.parts.changed();
  }

  /** Authorise → the devices act → complete, or reverse what did not happen. */
  async #move(
    payer: Payer,
    { kind, amount, notes }: { kind: CashKind; amount: bigint; notes: NoteCounts },
    act: () => Promise<void>,
  ): Promise<Receipt> {
    const { journal, devices, world } = this.parts;
    // the counters must not move before an earlier outcome is read from them
    if (!await this.#tidy()) return await this.#refuse(payer, kind, amount, "device_fault");
    const movement = newMovementId(world);
    const asked = { movement, kind, amount: amount.toString(), currency: this.parts.currency() };
    const account = payer.account.id;
    journal.intend({ ...asked, account, amount, notes }, world.nowMs());
    const leave = await ask(payer.bank, { op: "authorise", ...asked, account });
    // What is settled already is no leave to move notes, though its first outcome was.
    const over = leave?.outcome === "ok" && leave.booked !== undefined;
    if (leave === null || leave.outcome === "try_later" || over) {
      // The bank may have heard: the id is voided as soon as it answers again.
      const outcome = over ? "in_doubt" : leave?.outcome ?? "in_doubt";
      return this.#receipt(kind, asked.amount, outcome, { movement });
    }
    payer.see(leave.account);
    if (leave.outcome !== "ok") {
      journal.settled(movement);
      return this.#receipt(kind, asked.amount, leave.outcome, { movement, ...factsOf(leave) });
    }
    journal.authorised(movement);
    const before = devices.inside();
    journal.acting(movement, before);
    const acted = await this.#drive(act);
    const taken = acted === null ? null : await this.#handOver();
    if (taken === null) return this.#receipt(kind, asked.amount, "in_doubt", { movement }); // the power has gone
    const stuck = devices.tray().size > 0; // not taken, and not to be drawn back: open until it is
    const done = stuck ? null : readOutcome(this.parts, movement, before);
    if (done === null) return this.#receipt(kind, asked.amount, "to_be_counted", { movement });
    const settled = await ask(
      payer.bank,
      done > 0n
        ? { op: "complete", movement, amount: done.toString() }
        : { op: "reverse", movement },
    );
    if (settled?.outcome === "ok") journal.settled(movement);
    payer.see(settled?.account);
    const after = devices.inside();
    const moved = kind === "withdrawal" ? difference(before, after) : difference(after, before);
    const facts = { movement, notes: notesView(moved), ...factsOf(settled) };
    if (done === 0n) {
      return this.#receipt(kind, asked.amount, taken ? "device_fault" : "notes_not_taken", facts);
    }
    // No answer, or "later": the notes have moved, and the journal sees to the rest.
    const right = settled === null || settled.outcome === "ok" || settled.outcome === "try_later";
    return this.#receipt(kind, done.toString(), right ? "ok" : "in_doubt", facts);
  }

  /**
   * Lets the customer take what is presented, and draws back what they leave; whether they took it,
   * or null when the power went.
   */
  async #handOver(): Promise<boolean | null> {
    const taken = await this.#untilTaken();
    return await this.#drive(() => this.#drawBack()) === null ? null : taken;
  }

  /** Whether what is presented was taken in time. */
  async #untilTaken(): Promise<boolean> {
    const { world, devices, changed } = this.parts;
    if (devices.presented().size === 0) return true;
    changed();
    const late = Promise.withResolvers<void>();
    const cancel = world.after(this.parts.takeNotesMsMax ?? takeNotesMsMax, late.resolve);
    await Promise.race([devices.itemsTaken(), late.promise, this.#closing.promise]);
    cancel();
    changed();
    return devices.presented().size === 0;
  }

  /** What is on its way to a customer goes into the bins. */
  async #drawBack(): Promise<void> {
    try {
      await this.parts.devices.retract();
    } catch (error) {
      if (!(error instanceof DeviceError && error.code === "noItems")) throw error;
    }
  }

  /** Whether the devices did it all; null when the power has gone, and nothing may be done any more. */
  async #drive(work: () => Promise<void>): Promise<boolean | null> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof PowerCut) {
        this.parts.powerCut();
        return null;
      }
      if (!(error instanceof DeviceError)) throw error;
      if (error.code !== "noCashInActive") this.parts.log(`a cash device failed: ${error.message}`);
      return false;
    }
  }

  #receipt(
    kind: Receipt["kind"],
    amount: MinorText,
    outcome: AtmOutcome,
    facts: Partial<Receipt> = {},
  ): Receipt {
    return receipt(kind, amount, outcome, this.parts.world.nowMs(), facts);
  }

  /** The machine's own refusal: the bank's log hears of it. */
  async #refuse(
    { bank }: Payer,
    kind: CashKind,
    amount: bigint,
    why: AtmRefusal,
  ): Promise<Receipt> {
    const told = await ask(bank, { op: "refused", kind, amount: amount.toString(), why });
    return this.#receipt(kind, amount.toString(), why, told?.logged && { logged: told.logged });
  }
}

/** The notes of `more` that `less` does not have. */
function difference(more: NoteCounts, less: NoteCounts): NoteCounts {
  return new Map(
    [...more].map(([value, count]) => [value, count - (less.get(value) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
