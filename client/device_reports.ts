/**
 * Word to the bank of the state of the cash devices, whenever people must see to something that they
 * did not have to before, or no longer must: cassettes that run low, jams, notes left behind.
 */
import { scarceNotesMax } from "../lib/limits.ts";
import type { AskOf } from "../lib/protocol/message.ts";
import type { BankClient } from "./bank_client.ts";
import { ask } from "./ask.ts";
import type { AtmDependencies } from "./dependencies.ts";

type Report = AskOf<"report">;

export class DeviceReports {
  /** What the bank has heard since this start. */
  #heard = "";

  constructor(private readonly parts: Pick<AtmDependencies, "journal" | "devices">) {}

  /** Reports, if there is something new; what gets no answer is news still. */
  async tell(bank: BankClient): Promise<void> {
    const report = this.#report();
    const gist = gistOf(report);
    if (gist === this.#heard) return;
    const answer = await ask(bank, report);
    if (answer?.outcome === "ok") this.#heard = gist;
  }

  #report(): Report {
    const { devices, journal } = this.parts;
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

/** The report without what changes with every note. */
function gistOf({ cassettes, ...rest }: Report): string {
  const states = cassettes.map(({ value, count }) => [value, count > scarceNotesMax, count > 0]);
  return JSON.stringify({ states, ...rest });
}
