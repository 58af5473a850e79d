/** Simulates seed after seed until one finds something, or the time is over; prints which, as JSON. */
import process from "node:process";
import { simulate } from "./simulation.ts";
import { usualConfig } from "./simulations.ts";

/** What a hunt came to; no finding where the time was over. */
export interface Hunt {
  seeds: number;
  visits: number;
  /** Of CPU, so that a busy machine makes no difference. */
  seconds: number;
  finding: string | null;
}

if (import.meta.main) {
  const [first, secondsMax] = Deno.args.map(Number) as [number, number];
  const hunt: Hunt = { seeds: 0, visits: 0, seconds: 0, finding: null };
  while (hunt.finding === null && hunt.seconds < secondsMax) {
    const { counts, findings } = await simulate(usualConfig(first + hunt.seeds++));
    hunt.visits += counts.get("visits") ?? 0;
    const { user, system } = process.cpuUsage();
    hunt.seconds = (user + system) / 1e6;
    const [found] = findings;
    if (found) hunt.finding = `${found.judge}: ${found.what}`;
  }
  console.log(JSON.stringify(hunt));
}
