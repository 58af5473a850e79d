/** The cashier: moves notes and money as the journal and the bank allow, one movement at a time. */
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
  /** Takes the account's state from an answer. */
  update(account: AccountView | undefined): void;
}

export interface CashierDependencies
  extends Pick<AtmDependencies, "world" | "journal" | "devices" | "log" | "takeNotesMsMax"> {
  /** ISO 4217. */
  currency: () => string;
  /** Called when notes were presented, taken or counted. */
  onChange: () => void;
  /** Called when the power fails: only what is on disk remains. */
  onPowerCut: () => void;
}

/** Movements in which notes move. */
type CashKind = Exclude<Receipt["kind"], "transfer">;

export class Cashier {
  readonly #closing = Promise.withResolvers<void>();
  #underWay: Promise<unknown> = Promise.resolve();
  /** Resolves when the acceptor has stopped counting. */
  #counting: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(private readonly dependencies: CashierDependencies) {}

  /** Runs `work` after what runs now: movements, settling and log-out never overlap. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#underWay.then(work);
    this.#underWay = result.catch(() => {});
    return result;
  }

  /** Stops waiting for customers to take notes, before the ATM stops. */
  close(): void {
    this.#closed = true;
    this.#closing.resolve();
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    await this.#underWay;
  }

  /**
   * Recovers after a start or an interruption: retracts notes on their way, reads the outcome of what was
   * interrupted, and returns the notes in escrow.
   */
  async recover(): Promise<void> {
    await this.alone(async () => {
      if (await this.#clear()) await this.returnEscrow();
    });
  }

  /** Retracts notes on their way and reads what was interrupted. False while its outcome is unknown. */
  async #clear(): Promise<boolean> {
    if (await this.#drive(() => this.#retract()) === null) return false;
    return readInterrupted(this.dependencies);
  }

  /** Settles what is open with the bank. */
  async settle(bank: BankClient): Promise<void> {
    await this.alone(() => settleOpen(this.#settling(bank)));
  }

  /** Repeats to the bank what was done since; see `retell`. */
  async retell(bank: BankClient, since: string): Promise<void> {
    await this.alone(() => retell(this.#settling(bank), Date.parse(since)));
  }

  #settling(bank: BankClient): Settling {
    const { journal, devices, log } = this.dependencies;
    return { journal, devices, log, ask: (question) => bank.ask(question) };
  }

  /** @param chosen the mix that the customer chose; without one, the devices choose */
  async withdraw(payer: Payer, amount: bigint, chosen?: NoteCounts): Promise<Receipt> {
    const { devices } = this.dependencies;
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
  async transfer(payer: Payer, to: string, amount: bigint): Promise<Receipt> {
    const { journal, world } = this.dependencies;
    const movement = newMovementId(world);
    const account = payer.account.id;
    const currency = this.dependencies.currency();
    const kind = "transfer";
    journal.intend({ movement, kind, account, amount, currency, notes: new Map() }, world.nowMs());
    const asked = { movement, account, to, amount: amount.toString(), currency };
    const answer = await ask(payer.bank, { op: "transfer", ...asked });
    if (answer === null || answer.outcome === "try_later") {
      // The bank may have acted: the movement is voided in the next session.
      return this.#receipt(kind, asked.amount, answer?.outcome ?? "in_doubt", { movement, to });
    }
    journal.settled(movement);
    payer.update(answer.account);
    return this.#receipt(kind, asked.amount, answer.outcome, { movement, to, ...factsOf(answer) });
  }

  /** Opens the acceptor and counts notes until it is shut. */
  async openAcceptor(payer: Payer): Promise<AtmOutcome> {
    const { devices, onChange } = this.dependencies;
    if (devices.jammed().includes("acceptor") || !await this.#clear()) {
      await this.#refuse(payer, "deposit", 0n, "device_fault");
      return "device_fault";
    }
    if (!devices.accepting()) {
      devices.cashInStart();
      this.#counting = this.#count().catch((error) =>
        this.dependencies.log(`the acceptor failed: ${error}`)
      );
    }
    onChange();
    return "ok";
  }

  async #count(): Promise<void> {
    const { devices, onChange } = this.dependencies;
    while (devices.accepting()) {
      const counted = await this.#drive(() => devices.cashIn());
      if (!counted) devices.closeShutter(); // notes counted before can still be booked
      onChange();
      if (!counted) return;
    }
  }

  async #stopCounting(): Promise<void> {
    this.dependencies.devices.closeShutter();
    await this.#counting;
  }

  /** Books the notes in escrow and takes them in; returns them when the deposit is refused. */
  async deposit(payer: Payer): Promise<Receipt> {
    const { devices } = this.dependencies;
    await this.#stopCounting(); // the count must not change after it was read
    const notes = devices.accepting() ? devices.escrow() : new Map<bigint, number>();
    const amount = totalOf(notes);
    const result = amount === 0n
      ? await this.#refuse(payer, "deposit", amount, "no_notes_inserted")
      : await this.#move(payer, { kind: "deposit", amount, notes }, () => devices.cashInEnd());
    await this.returnEscrow();
    return result;
  }

  /** Returns the notes in escrow. Notes that cannot be returned, or are not taken, are flagged. */
  async returnEscrow(): Promise<void> {
    const { devices, journal, world, currency, log } = this.dependencies;
    if (!devices.accepting() && devices.withheld().size === 0) return;
    await this.#stopCounting();
    if (await this.#drive(() => devices.cashInRollback()) === null) return;
    await this.#untilTaken();
    if (this.#closed) return; // the notes can still be taken; the next start continues here
    const notes = devices.withheld();
    if (notes.size > 0) {
      const movement = newMovementId(world);
      const left = { movement, amount: totalOf(notes), currency: currency(), notes };
      journal.whole(() => {
        journal.left(left, "notes of a customer were not returned", world.nowMs());
        devices.retractWithheld();
      });
      log(`notes of a customer were not returned: ${movement}, ${left.amount} minor units`);
    }
    this.dependencies.onChange();
  }

  /** Authorise → the devices act → complete, or reverse what did not happen. */
  async #move(
    payer: Payer,
    { kind, amount, notes }: { kind: CashKind; amount: bigint; notes: NoteCounts },
    act: () => Promise<void>,
  ): Promise<Receipt> {
    const { journal, devices, world } = this.dependencies;
    // an earlier outcome must be read before the counters change
    if (!await this.#clear()) return await this.#refuse(payer, kind, amount, "device_fault");
    const movement = newMovementId(world);
    const asked = {
      movement,
      kind,
      amount: amount.toString(),
      currency: this.dependencies.currency(),
    };
    const account = payer.account.id;
    journal.intend({ ...asked, account, amount, notes }, world.nowMs());
    const leave = await ask(payer.bank, { op: "authorise", ...asked, account });
    // A settled movement must not move notes, although its first outcome was ok.
    const over = leave?.outcome === "ok" && leave.booked !== undefined;
    if (leave === null || leave.outcome === "try_later" || over) {
      // The bank may have acted: the movement is voided in the next session.
      const outcome = over ? "in_doubt" : leave?.outcome ?? "in_doubt";
      return this.#receipt(kind, asked.amount, outcome, { movement });
    }
    payer.update(leave.account);
    if (leave.outcome !== "ok") {
      journal.settled(movement);
      return this.#receipt(kind, asked.amount, leave.outcome, { movement, ...factsOf(leave) });
    }
    journal.authorised(movement);
    const before = devices.inside();
    journal.acting(movement, before);
    const acted = await this.#drive(act);
    const taken = acted === null ? null : await this.#handOver();
    if (taken === null) return this.#receipt(kind, asked.amount, "in_doubt", { movement }); // the power failed
    // notes that were neither taken nor retracted keep the movement open
    const stuck = devices.tray().size > 0;
    const done = stuck ? null : readOutcome(this.dependencies, movement, before);
    if (done === null) return this.#receipt(kind, asked.amount, "to_be_counted", { movement });
    const settled = await ask(
      payer.bank,
      done > 0n
        ? { op: "complete", movement, amount: done.toString() }
        : { op: "reverse", movement },
    );
    if (settled?.outcome === "ok") journal.settled(movement);
    payer.update(settled?.account);
    const after = devices.inside();
    const moved = kind === "withdrawal" ? difference(before, after) : difference(after, before);
    const facts = { movement, notes: notesView(moved), ...factsOf(settled) };
    if (done === 0n) {
      return this.#receipt(kind, asked.amount, taken ? "device_fault" : "notes_not_taken", facts);
    }
    // Without an answer, or at "try later", the notes have moved: the journal settles the movement.
    const right = settled === null || settled.outcome === "ok" || settled.outcome === "try_later";
    return this.#receipt(kind, done.toString(), right ? "ok" : "in_doubt", facts);
  }

  /**
   * Waits until the customer takes the presented notes, and retracts what is left. Returns whether all
   * were taken; null when the power failed.
   */
  async #handOver(): Promise<boolean | null> {
    const taken = await this.#untilTaken();
    return await this.#drive(() => this.#retract()) === null ? null : taken;
  }

  /** Waits until the presented notes are taken, or it takes too long. Returns whether they were taken. */
  async #untilTaken(): Promise<boolean> {
    const { world, devices, onChange } = this.dependencies;
    if (devices.presented().size === 0) return true;
    onChange();
    const late = Promise.withResolvers<void>();
    const cancel = world.after(this.dependencies.takeNotesMsMax ?? takeNotesMsMax, late.resolve);
    await Promise.race([devices.itemsTaken(), late.promise, this.#closing.promise]);
    cancel();
    onChange();
    return devices.presented().size === 0;
  }

  /** Moves notes on their way to a customer into the bins. */
  async #retract(): Promise<void> {
    try {
      await this.dependencies.devices.retract();
    } catch (error) {
      if (!(error instanceof DeviceError && error.code === "noItems")) throw error;
    }
  }

  /** Returns whether the devices did all of it; null when the power failed, and nothing may follow. */
  async #drive(work: () => Promise<void>): Promise<boolean | null> {
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof PowerCut) {
        this.dependencies.onPowerCut();
        return null;
      }
      if (!(error instanceof DeviceError)) throw error;
      if (error.code !== "noCashInActive") {
        this.dependencies.log(`a cash device failed: ${error.message}`);
      }
      return false;
    }
  }

  #receipt(
    kind: Receipt["kind"],
    amount: MinorText,
    outcome: AtmOutcome,
    facts: Partial<Receipt> = {},
  ): Receipt {
    return receipt(kind, amount, outcome, this.dependencies.world.nowMs(), facts);
  }

  /** Refuses a movement, and reports the refusal to the bank's log. */
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

/** The notes by which `more` exceeds `less`. */
function difference(more: NoteCounts, less: NoteCounts): NoteCounts {
  return new Map(
    [...more].map(([value, count]) => [value, count - (less.get(value) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
