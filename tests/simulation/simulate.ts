/**
 * Simulates days of a bank from a seed:
 *
 *     deno task simulate [--seed N] [--count N] [--atms K] [--servers S] [--days D] [--visits V]
 *                        [--faults CLASS,...] [--sqlite] [--log FILE] [--bug NAME]
 *
 * Without a seed it picks one and prints it; without a size, the seed chooses one. `--count` goes on with
 * the seeds after it. A failure prints what was found, and the command that repeats the smallest
 * simulation that still finds something. `--log` writes the history of the last seed. `--bug` plants
 * a bug of `bugs.ts` in a copy of the project, and simulates there.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { UsageError } from "../../lib/errors.ts";
import { bugs, copyTree, plant } from "./bugs.ts";
import { simulate } from "./simulation.ts";
import { configOf, seedMax, wholeNumber } from "./simulations.ts";
import { againLine, linesOf, Tally } from "./tally.ts";

if (import.meta.main) {
  try {
    Deno.exit(await main());
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (!(error instanceof UsageError) && !code?.startsWith("ERR_PARSE_ARGS")) throw error;
    console.error(message);
    Deno.exit(2);
  }
}

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
      bug: { type: "string" },
    },
  });
  if (values.bug !== undefined) return await mainWith(values.bug);
  const first = values.seed === undefined
    ? Math.floor(Math.random() * seedMax)
    : wholeNumber("seed", values.seed);
  const count = wholeNumber("count", values.count);
  const tally = new Tally();
  const cpuBefore = process.cpuUsage();
  for (let seed = first; seed < first + count; seed++) {
    const config = configOf(seed, values);
    const result = await logged(values.log, (onLine) => simulate(config, onLine));
    tally.add(result);
    console.log(linesOf(result).join("\n"));
    if (result.findings.length > 0) console.log(await againLine(result));
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const cpuSeconds = (user + system) / 1e6;
  const { seeds, days, visits, failed } = tally;
  console.log(tally.lines().join("\n"));
  console.log(
    `${seeds} seeds from ${first} on, ${failed.length} failed; ${days} days, ${visits} visits in ` +
      `${cpuSeconds.toFixed(1)} s of CPU, ${(visits / cpuSeconds).toFixed(1)} a second`,
  );
  return failed.length > 0 ? 1 : 0;
}

/** Runs the same command in a copy of the project that has this bug. */
async function mainWith(name: string): Promise<number> {
  const bug = bugs.find((bug) => bug.name === name);
  if (!bug) {
    throw new UsageError(`--bug ${name}: choose one that tests/simulation/bugs.ts names`);
  }
  const tree = Deno.makeTempDirSync();
  try {
    copyTree(tree);
    plant(bug, tree);
    const at = Deno.args.indexOf("--bug");
    const args = [...Deno.args.slice(0, at), ...Deno.args.slice(at + 2)];
    const lock = ["--lock=tests/deno.lock", "--frozen"];
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-check", "-A", ...lock, "tests/simulation/simulate.ts", ...args],
      cwd: tree,
    });
    return (await command.spawn().status).code;
  } finally {
    Deno.removeSync(tree, { recursive: true });
  }
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
