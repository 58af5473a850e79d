/**
 * Reports the cash devices to the bank: what is in the cassettes, jams, notes left behind. A report
 * is sent when it differs from the last one, and on each new connection, since the bank's server
 * may be another.
 */
import type { AtmFailure } from "../lib/atm.ts";
import type { AskOf, CassetteReport } from "../lib/protocol/message.ts";
import type { BankClient } from "./bank_client.ts";
import { ask } from "./ask.ts";
import type { AtmDependencies } from "./dependencies.ts";

type Report = AskOf<"report">;

export class DeviceReports {
  /** The last report that the bank has confirmed, and the connection. */
  #confirmed: { text: string; bank: BankClient } | null = null;

  constructor(
    private readonly dependencies: Pick<AtmDependencies, "journal" | "devices" | "reader"> & {
      /** Why the ATM is out of service. */
      failure: () => AtmFailure | null;
    },
  ) {}

  /** Sends a report unless this connection's bank has confirmed the same one. */
  async send(bank: BankClient): Promise<void> {
    const report = this.#report();
    const text = JSON.stringify(report);
    if (this.#confirmed?.bank === bank && this.#confirmed.text === text) return;
    const answer = await ask(bank, report);
    if (answer?.outcome === "ok") this.#confirmed = { text, bank };
  }

  #report(): Report {
    const { devices, journal, reader } = this.dependencies;
    const retained = reader?.retained() ?? 0;
    const cardJam = reader?.media() === "jammed" ? ["card_reader"] as const : [];
    const stopped = this.dependencies.failure();
    const filled = devices.filled();
    const isAway = devices.away();
    const left = journal.flagged().filter(({ kind }) => kind === "left")
      .reduce((sum, { amount }) => sum + amount, 0n);
    return {
      op: "report",
      cassettes: [...devices.loaded()].flatMap(([note, count]): CassetteReport[] => {
        const value = note.toString();
        if (filled.has(note)) return [{ value, count }];
        return count > 0 ? [{ value, count, unfilled: true }] : [];
      }),
      jammed: [...(isAway ? [] : devices.jammed()), ...cardJam],
      ...(isAway ? { away: true } : !devices.obeysTokens?.() && { keyless: true }),
      counted: devices.counted(),
      left: left.toString(),
      ...(stopped && { stopped }),
      ...(retained > 0 && { retained }),
    };
  }
}
