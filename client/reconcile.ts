/**
 * Reconciles the ATM with the bank: at the start, at the end of each of the bank's days, and when a
 * movement was flagged, it reports the value of its notes and its newest movements, and the bank looks
 * for differences.
 */
import { dayOf } from "../lib/calendar.ts";
import { reconcileDaysMs, reconciledMovementsMax } from "../lib/limits.ts";
import type { AskOf } from "../lib/protocol/message.ts";
import { ask } from "./ask.ts";
import type { BankClient } from "./bank_client.ts";
import { totalOf } from "./cash/note_mix.ts";
import type { AtmDependencies } from "./dependencies.ts";

export class Reconciliation {
  /** The bank's day, and how many movements were flagged, when the bank had the last report. */
  #reported = "";

  constructor(
    private readonly dependencies: Pick<AtmDependencies, "journal" | "devices" | "world">,
  ) {}

  /** Reports again, to a bank that was restored. */
  again(): void {
    this.#reported = "";
  }

  /**
   * Reports once a day, and when a movement was flagged. Nothing is reported while a movement is open,
   * or the notes are not counted.
   */
  async send(bank: BankClient, timeZone: string): Promise<void> {
    const { journal, devices, world } = this.dependencies;
    const nowMs = world.nowMs();
    const now = `${dayOf(nowMs, timeZone)} ${journal.flagged().length}`;
    const isReported = now === this.#reported;
    if (isReported || journal.open().length > 0 || devices.away() || !devices.counted()) return;
    const movements = journal.since(nowMs - reconcileDaysMs)
      .filter(({ kind, state, voucher }) =>
        state === "settled" && kind !== "left" && (kind !== "transfer" || voucher !== null)
      )
      .slice(-reconciledMovementsMax)
      .map(({ movement, kind, amount, done }) => ({
        movement,
        amount: (kind === "withdrawal" || kind === "deposit" ? done ?? 0n : amount).toString(),
      }));
    const cash = totalOf(devices.inside()).toString();
    const report: AskOf<"reconcile"> = { op: "reconcile", cash, movements };
    const answer = await ask(bank, report);
    if (answer?.outcome !== "ok") return;
    // A difference is booked by the next count of staff.
    if (answer.cash !== undefined) journal.compared(BigInt(cash) - BigInt(answer.cash));
    this.#reported = now;
  }
}
