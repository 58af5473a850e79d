/**
 * Reports the cash devices to the bank whenever they need attention: cassettes that run low, jams,
 * notes left behind.
 */
import { scarceNotesMax } from "../lib/limits.ts";
import type { AskOf } from "../lib/protocol/message.ts";
import type { BankClient } from "./bank_client.ts";
import { ask } from "./ask.ts";
import type { AtmDependencies } from "./dependencies.ts";

type Report = AskOf<"report">;

export class DeviceReports {
  /** The last report that the bank has confirmed since this start. */
  #confirmed = "";

  constructor(private readonly dependencies: Pick<AtmDependencies, "journal" | "devices">) {}

  /** Sends a report if it differs from the last confirmed one. */
  async send(bank: BankClient): Promise<void> {
    const report = this.#report();
    const gist = gistOf(report);
    if (gist === this.#confirmed) return;
    const answer = await ask(bank, report);
    if (answer?.outcome === "ok") this.#confirmed = gist;
  }

  #report(): Report {
    const { devices, journal } = this.dependencies;
    const left = journal.flagged().filter(({ kind }) => kind === "left")
      .reduce((sum, { amount }) => sum + amount, 0n);
    return {
      op: "report",
      cassettes: [...devices.loaded()].map(([value, count]) => ({
        value: value.toString(),
        count,
      })),
      jammed: [...devices.jammed()],
      counted: devices.counted(),
      left: left.toString(),
    };
  }
}

/** Returns the report without the counts, which change with every note. */
function gistOf({ cassettes, ...rest }: Report): string {
  const states = cassettes.map(({ value, count }) => [value, count > scarceNotesMax, count > 0]);
  return JSON.stringify({ states, ...rest });
}
