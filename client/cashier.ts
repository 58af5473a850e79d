/** The cashier: moves notes only as the journal and the bank allow, one thing at a time. */
import { hex } from "../lib/bytes.ts";
import type { AccountView, Notes, Receipt } from "../lib/atm.ts";
import { dispensedNotesMax } from "../lib/limits.ts";
import type { Answer, MachineRefusal } from "../lib/protocol/message.ts";
import type { BankClient } from "./bank_client.ts";
import { nearestAmounts, type NoteCounts, noteMix, totalOf } from "./cash/note_mix.ts";
import { ask, type AtmParts, receipt } from "./parts.ts";
import { readInterrupted, settleOpen } from "./settle.ts";

/** The customer for whom money moves. */
export interface Payer {
  readonly bank: BankClient;
  readonly account: AccountView;
  /** Word of the account, from an answer. */
  see(account: AccountView | undefined): void;
}

export class Cashier {
  #underWay: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: Pick<AtmParts, "line" | "journal" | "devices" | "log">) {}

  /** Movements, settling and log-out never overlap: each finds the notes as the one before left them. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#underWay.then(work);
    this.#underWay = result.catch(() => {});
    return result;
  }

  /** Settles when nothing is under way any more. */
  async idle(): Promise<void> {
    await this.#underWay;
  }

  /** After a start: what was interrupted is read from the counters, and what lies in escrow goes back. */
  async wake(): Promise<void> {
    readInterrupted(this.parts);
    await this.returnEscrow();
  }

  /** Settles with the bank what is open. */
  async settle(bank: BankClient): Promise<void> {
    const { journal, devices, log } = this.parts;
    await this.alone(() =>
      settleOpen({ journal, devices, log, ask: (question) => bank.ask(question) })
    );
  }

  async withdraw(payer: Payer, amount: bigint, currency: string): Promise<Receipt> {
    const { devices } = this.parts;
    const cassettes = devices.cassettes();
    const notes = amount > 0n ? noteMix(cassettes, amount, dispensedNotesMax) : new Map();
    if (notes === null) {
      const nearest = nearestAmounts(cassettes, amount, dispensedNotesMax).map(String);
      return { ...await this.#refuse(payer, "withdrawal", amount, "not_dispensable"), nearest };
    }
    const asked = { kind: "withdrawal", amount, currency, notes } as const;
    return await this.#move(payer, asked, () => devices.dispense(notes));
  }

  /** Books what lies in escrow and takes it in; refused, the notes go back. */
  async deposit(payer: Payer, currency: string): Promise<Receipt> {
    const { devices } = this.parts;
    devices.closeShutter(); // what is counted now is what is booked
    const notes = devices.escrow() ?? new Map<bigint, number>();
    const amount = totalOf(notes);
    const asked = { kind: "deposit", amount, currency, notes } as const;
    const result = amount === 0n
      ? await this.#refuse(payer, "deposit", amount, "no_notes_inserted")
      : await this.#move(payer, asked, () => devices.cashInEnd());
    await this.returnEscrow();
    return result;
  }

  async returnEscrow(): Promise<void> {
    const { devices } = this.parts;
    if (devices.escrow() !== null) await devices.cashInRollback();
  }

  /** Authorise → the devices act → complete, or reverse what did not happen. */
  async #move(
    payer: Payer,
    { kind, amount, currency, notes }: {
      kind: Receipt["kind"];
      amount: bigint;
      currency: string;
      notes: NoteCounts;
    },
    act: () => Promise<void>,
  ): Promise<Receipt> {
    const { journal, devices, line } = this.parts;
    const movement = hex(line.randomBytes(16));
    readInterrupted(this.parts); // the counters must not move before an earlier outcome is read from them
    const asked = { movement, kind, amount: amount.toString(), currency };
    journal.intend({ ...asked, amount, notes }, line.nowMs());
    const leave = await ask(payer.bank, { op: "authorise", ...asked, account: payer.account.id });
    if (leave === null || leave.outcome === "try_later") {
      // The bank may have heard: the id is voided as soon as it answers again.
      return receipt(kind, asked.amount, leave?.outcome ?? "in_doubt", { movement });
    }
    payer.see(leave.account);
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
      payer.bank,
      done > 0n
        ? { op: "complete", movement, amount: done.toString() }
        : { op: "reverse", movement },
    );
    if (settled?.outcome === "ok") journal.settled(movement);
    payer.see(settled?.account);
    const facts = { movement, notes: notesView(moved), ...factsOf(settled) };
    if (done === 0n) return receipt(kind, asked.amount, "device_fault", facts);
    // No answer, or "later": the notes have moved, and the journal sees to the rest.
    const right = settled === null || settled.outcome === "ok" || settled.outcome === "try_later";
    return receipt(kind, done.toString(), right ? "ok" : "in_doubt", facts);
  }

  /** The machine's own refusal: the bank's log hears of it. */
  async #refuse(
    { bank }: Payer,
    kind: Receipt["kind"],
    amount: bigint,
    why: MachineRefusal,
  ): Promise<Receipt> {
    await ask(bank, { op: "refused", kind, amount: amount.toString(), why });
    return receipt(kind, amount.toString(), why);
  }
}

/** Notes as the screens are told of them, largest first. */
export function notesView(notes: NoteCounts): Notes[] {
  return [...notes].sort(([a], [b]) => a < b ? 1 : -1)
    .map(([value, count]) => ({ value: value.toString(), count }));
}

function factsOf(answer: Answer | null): Partial<Receipt> {
  return {
    ...(answer?.account && { account: answer.account }),
    ...(answer?.time && { time: answer.time }),
  };
}

/** The notes of `more` that `less` does not have. */
function difference(more: NoteCounts, less: NoteCounts): NoteCounts {
  return new Map(
    [...more].map(([value, count]) => [value, count - (less.get(value) ?? 0)] as const)
      .filter(([, count]) => count > 0),
  );
}
