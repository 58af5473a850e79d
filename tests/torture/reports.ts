/**
 * What the ATMs of a drill report, line by line, and what the simulator's judges find in it once all is
 * settled. Notes are not followed to a customer's hands over a kill: all customers are one for the
 * judge of cash.
 */
import { totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { systemFiles } from "../../lib/system.ts";
import type { Attempt, Intent, Look } from "../simulation/intents.ts";
import { judgeLog, type LogKeys } from "../simulation/log_judge.ts";
import { judgeMoney } from "../simulation/money_judges.ts";
import type { Records } from "../simulation/records.ts";
import type { Acknowledged } from "./judge.ts";

/** What an ATM prints, as JSON, amounts as texts. */
export type ReportLine =
  /** What its journal is about to write, or that all is settled. */
  | { authorised: string }
  | { acted: string; done: string } // or loaded
  | { settled: string }
  /** A request that the bank refused and does not record: nothing of it can be lost. */
  | { unrecorded: string }
  | { finished: true }
  | { attempt: string; intent: Omit<Intent, "attempts">; fromMs: number }
  | ({ concluded: string } & Pick<Attempt, "untilMs" | "claim" | "handed" | "booked">)
  | { look: Look }
  /** Something that must not be. */
  | { wrong: string }
  | { did: string };

const everyone = "everyone";

export class Reports {
  readonly acknowledged: Acknowledged[] = [];
  readonly problems: string[] = [];
  /** How often each thing was done. */
  readonly counts = new Map<string, number>();
  finished = 0;
  readonly #done = new Map<string, bigint>();
  readonly #intents: Intent[] = [];
  /** By terminal and the attempt's number there. */
  readonly #attempts = new Map<string, Attempt>();
  readonly #looks: Look[] = [];

  /** @param terminal the name of the ATM that printed it */
  add(text: string, terminal: string): void {
    const line = JSON.parse(text) as ReportLine;
    if ("finished" in line) this.finished++;
    else if ("acted" in line) this.#done.set(line.acted, BigInt(line.done));
    else if ("authorised" in line) {
      this.acknowledged.push({ movement: line.authorised, what: "leave" });
    } else if ("settled" in line) {
      const done = this.#done.get(line.settled) ?? 0n;
      this.acknowledged.push({ movement: line.settled, what: "end", done });
    } else if ("unrecorded" in line) {
      const at = this.acknowledged.findLastIndex(({ movement }) => movement === line.unrecorded);
      if (at >= 0) this.acknowledged.splice(at, 1);
    } else if ("attempt" in line) {
      const claim = { said: "unknown", again: false, words: "" } as const;
      const attempt: Attempt = {
        ...{ terminal, fromMs: line.fromMs, untilMs: null },
        ...{ claim, handed: 0n, booked: null },
      };
      this.#attempts.set(`${terminal} ${line.attempt}`, attempt);
      const { intent } = line;
      this.#intents.push({ ...intent, amount: BigInt(intent.amount), attempts: [attempt] });
    } else if ("concluded" in line) {
      const { claim, booked } = line;
      Object.assign(this.#attempts.get(`${terminal} ${line.concluded}`)!, {
        untilMs: line.untilMs,
        claim: claim.said === "done" ? { ...claim, amount: BigInt(claim.amount) } : claim,
        handed: BigInt(line.handed),
        booked: booked === null ? null : BigInt(booked),
      });
    } else if ("look" in line) this.#looks.push({ ...line.look, booked: BigInt(line.look.booked) });
    else if ("wrong" in line) this.problems.push(line.wrong);
    else this.count(line.did);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  /**
   * Returns what the judges of money and of the log find, in words.
   * @param atms the folder of each terminal's ATM, by the terminal's id
   */
  judge(records: Records, atms: ReadonlyMap<string, string>, log: LogKeys): string[] {
    const notes = new Map<string, bigint>();
    let [handed, customersNotesKept] = [0n, 0n];
    for (const [terminal, folder] of atms) {
      const database = openAtmFolder(systemFiles, folder);
      const devices = new SimulatedDevices(database);
      const [inside, everywhere] = [devices.inside(), devices.everywhere()].map(totalOf);
      const loads = database.prepare("SELECT amount FROM journal WHERE kind = 'load'").all();
      const loaded = loads.reduce((sum, { amount }) => sum + BigInt(amount as string), 0n);
      database.close();
      notes.set(terminal, inside!);
      handed += loaded - everywhere!;
      customersNotesKept += everywhere! - inside!;
    }
    const money = {
      ...{ intents: this.#intents, looks: this.#looks, notes, customersNotesKept },
      uncorrected: new Map(),
      ...{ handed: new Map([[everyone, handed]]), restores: [], restored: null, lost: [] },
    };
    return [...judgeMoney(ofEveryone(records), money), ...judgeLog(records, log)]
      .map(({ judge, what }) => `the judge of ${judge}: ${what}`);
  }
}

/** Returns the records with all customers as one. */
function ofEveryone(records: Records): Records {
  return {
    ...records,
    accounts: records.accounts.map((each) =>
      each.kind === "customer" ? { ...each, owner: everyone } : each
    ),
    movements: records.movements.map((each) => ({
      ...each,
      customer: each.customer === "" ? "" : everyone,
    })),
  };
}
