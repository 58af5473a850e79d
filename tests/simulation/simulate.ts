/**
 * Simulates days of a bank from a seed:
 *
 *     deno task simulate [--seed N] [--count N] [--atms K] [--servers S] [--days D] [--visits V]
 *                        [--faults CLASS,...] [--sqlite] [--log FILE]
 *
 * Without a seed it picks one and prints it; without a size, the seed chooses one. `--count` goes on with
 * the seeds after it. A failure prints what was found, and the command that repeats the smallest
 * simulation that still finds something. `--log` writes the history of the last seed.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { commandOf } from "./config.ts";
import { type Result, simulate } from "./simulation.ts";
import { configOf, shrink } from "./simulations.ts";

const seedMax = 2 ** 31;

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      seed: { type: "string" },
      count: { type: "string", default: "1" },
      atms: { type: "string" },
      servers: { type: "string" },
      days: { type: "string" },
      visits: { type: "string" },
      faults: { type: "string" },
      sqlite: { type: "boolean" },
      log: { type: "string" },
    },
  });
  const first = values.seed ? Number(values.seed) : Math.floor(Math.random() * seedMax);
  const sums = new Map<string, number>();
  const cpuBefore = process.cpuUsage();
  let failures = 0;
  for (let seed = first; seed < first + Number(values.count); seed++) {
    const config = configOf(seed, values);
    const result = await logged(values.log, (onLine) => simulate(config, onLine));
    for (const [what, times] of result.counts) sums.set(what, (sums.get(what) ?? 0) + times);
    console.log(linesOf(result).join("\n"));
    if (result.findings.length === 0) continue;
    failures++;
    console.log(`  again: ${commandOf(await shrink(config))}`);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuSeconds = (user + system) / 1e6;
  const visits = sums.get("visits") ?? 0;
  for (const [what, times] of [...sums].sort()) console.log(`${String(times).padStart(8)} ${what}`);
  console.log(
    `${values.count} seeds from ${first} on, ${failures} failed; ${visits} visits in ` +
      `${cpuSeconds.toFixed(1)} s of CPU, ${(visits / cpuSeconds).toFixed(1)} a second`,
  );
  return failures > 0 ? 1 : 0;
}

/** A result in lines. */
function linesOf({ config, hash, findings, counts, events }: Result): string[] {
  const store = config.sqlite ? ", SQLite" : "";
  return [
    `seed ${config.seed}: ${config.atms} ATMs, ${config.servers} servers${store}, ` +
    `${config.days} days, ${counts.get("visits") ?? 0} visits, ${events} events, history ${hash}`,
    ...findings.map(({ judge, what }) => `  FOUND by the judge of ${judge}: ${what}`),
  ];
}

/** Runs with a file that takes the history, if there is a path for one. */
async function logged<T>(
  path: string | undefined,
  run: (onLine?: (line: string) => void) => Promise<T>,
): Promise<T> {
  if (path === undefined) return await run();
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  return await run((line) => {
    file.writeSync(encoder.encode(line));
  });
}
