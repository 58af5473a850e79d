/** Which simulations there are: the usual one of each seed, those of a command, and smaller ones. */
import { parseArgs } from "node:util";
import { UsageError } from "../../lib/errors.ts";
import { type Config, type FaultClass, faultClasses } from "./config.ts";
import { Random } from "./random.ts";
import { simulate } from "./simulation.ts";

/** Simulations that shrinking a failure may take. */
const shrinksMax = 40;

/** Seeds are below this. */
export const seedMax = 2 ** 31;

/** Classes that were added later: each draws for itself, so that all else of a seed stays as it was. */
const newer: ReadonlySet<FaultClass> = new Set<FaultClass>([
  "lines",
  "replacements",
  "readers",
  "write-offs",
  "colleagues",
  "absences",
]);

/** Returns a small simulation, chosen by its seed. */
export function usualConfig(seed: number): Config {
  const random = Random.of(seed).split("config");
  const sqlite = random.chance(0.2);
  const atms = random.between(1, 4);
  // Half of the seeds have all faults, the others a few: what one kind covers up, others show.
  const hasAll = random.chance(0.5);
  const has = (name: FaultClass) =>
    hasAll || (newer.has(name) ? Random.of(seed).split(`has ${name}`) : random).chance(0.4);
  const faults = faultClasses.filter(has);
  return {
    seed,
    atms,
    servers: sqlite ? 1 : random.between(1, 2),
    days: random.between(1, 2),
    visits: random.of([12, 24, 48]) * atms,
    faults: new Set(faults),
    sqlite,
  };
}

const options = {
  seed: { type: "string" },
  atms: { type: "string" },
  servers: { type: "string" },
  days: { type: "string" },
  visits: { type: "string" },
  faults: { type: "string" },
  sqlite: { type: "boolean" },
} as const;

/**
 * Returns the simulation of a command's options: what they leave out is as usual for their seed.
 */
export function parseCommand(command: string): Config {
  const { values } = parseArgs({ args: command.split(" "), options });
  return configOf(Number(values.seed), values);
}

type Given = { [Name in keyof typeof options]?: string | boolean };

/** @throws {UsageError} if an option's value is no whole number */
export function wholeNumber(option: string, value: string): number {
  if (/^[0-9]{1,10}$/.test(value)) return Number(value);
  throw new UsageError(`--${option} ${value}: a whole number, please`);
}

/** @throws {UsageError} if there is no such class of faults, or a size is no number */
export function configOf(seed: number, given: Given): Config {
  const usual = usualConfig(seed);
  const size = (name: "atms" | "servers" | "days" | "visits") =>
    given[name] === undefined ? usual[name] : wholeNumber(name, String(given[name]));
  const names = given.faults === undefined
    ? [...usual.faults]
    : String(given.faults).split(",").filter((name) => name !== "none");
  const unknown = names.find((name) => !faultClasses.includes(name as FaultClass));
  if (unknown) throw new UsageError(`--faults ${unknown}: choose among ${faultClasses.join()}`);
  const sizes = { atms: size("atms"), days: size("days"), visits: size("visits") };
  const faults = new Set(names as FaultClass[]);
  const isWhole = (["atms", "servers", "days", "visits"] as const)
    .every((name) => given[name] !== undefined);
  const sqlite = given.sqlite === true || (usual.sqlite && !isWhole);
  return { seed, ...sizes, servers: sqlite ? 1 : size("servers"), faults, sqlite };
}

/** Returns the smallest simulation near this one that still finds something. */
export async function shrink(failed: Config): Promise<Config> {
  let smallest = failed;
  for (let runs = 0, shrunk = true; shrunk && runs < shrinksMax;) {
    shrunk = false;
    for (const smaller of smallerThan(smallest)) {
      if (runs++ >= shrinksMax) break;
      if ((await simulate(smaller)).findings.length === 0) continue;
      [smallest, shrunk] = [smaller, true];
      break;
    }
  }
  return smallest;
}

function* smallerThan(config: Config): Generator<Config> {
  const { atms, servers, days, visits, faults } = config;
  if (days > 1) yield { ...config, days: 1 };
  if (atms > 1) yield { ...config, atms: 1 };
  if (atms > 2) yield { ...config, atms: atms - 1 };
  if (servers > 1) yield { ...config, servers: 1 };
  if (faults.size > 1) {
    for (const name of faults) yield { ...config, faults: new Set([name]) };
    for (const name of faults) {
      yield { ...config, faults: new Set([...faults].filter((other) => other !== name)) };
    }
  }
  if (visits > 4) yield { ...config, visits: Math.ceil(visits / 2) };
}
