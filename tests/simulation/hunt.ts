/**
 * Simulates seed after seed until one finds something, or the time is over; prints which, as JSON:
 *
 *     deno run tests/simulation/hunt.ts FIRST_SEED SECONDS_MAX [options of simulations]
 */
import process from "node:process";
import { commandOf } from "./config.ts";
import { simulate } from "./simulation.ts";
import { parseCommand } from "./simulations.ts";

/** The result; no finding where the time was over. */
export interface Hunt {
  seeds: number;
  visits: number;
  /** Of CPU, so that a busy machine makes no difference. */
  seconds: number;
  finding: string | null;
  /** The command that repeats it. */
  command: string | null;
}

if (import.meta.main) {
  const [first, secondsMax] = Deno.args.slice(0, 2).map(Number) as [number, number];
  const hunt: Hunt = { seeds: 0, visits: 0, seconds: 0, finding: null, command: null };
  while (hunt.finding === null && hunt.seconds < secondsMax) {
    const config = parseCommand(
      [`--seed ${first + hunt.seeds++}`, ...Deno.args.slice(2)].join(" "),
    );
    const { counts, findings } = await simulate(config);
    hunt.visits += counts.get("visits") ?? 0;
    const { user, system } = process.cpuUsage();
    hunt.seconds = (user + system) / 1e6;
    const [found] = findings;
    if (found) {
      hunt.finding = `${found.judge}: ${found.what}`;
      hunt.command = commandOf(config);
    }
  }
  console.log(JSON.stringify(hunt));
}
