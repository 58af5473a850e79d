/** What a simulation is made of: a seed, a size, and which kinds of faults there are. */
import type { DatabaseFaults } from "./memory_store.ts";
import { soundDatabase } from "./memory_store.ts";
import { type DiskFaults, soundDisk } from "./disk.ts";
import { calmHabits, type Habits } from "./customer.ts";
import { type LineFaults, soundLine } from "./message_pair.ts";
import { type NetworkFaults, quietNetwork } from "./network.ts";
import { Random } from "./random.ts";

export const faultClasses = [
  "network",
  "database",
  "crashes",
  "disks",
  "clocks",
  "devices",
  "people",
  "operators",
  "cards",
  "tokens",
  "lines",
  "replacements",
  "readers",
  "write-offs",
  "plain-devices",
  "colleagues",
  "absences",
] as const;
export type FaultClass = typeof faultClasses[number];

export interface Config {
  readonly seed: number;
  readonly atms: number;
  readonly servers: number;
  readonly days: number;
  /** In a day. */
  readonly visits: number;
  readonly faults: ReadonlySet<FaultClass>;
  /** The bank is in a file of SQLite's, with one server. */
  readonly sqlite: boolean;
}

/** Returns how often faults of a class happen, against the usual: each seed has its own weather. */
function intensity({ seed, faults }: Config, name: FaultClass): number {
  return faults.has(name) ? Random.of(seed).split(`intensity ${name}`).of([0.3, 1, 1, 1, 3, 6]) : 0;
}

export function networkFaults(config: Config): NetworkFaults {
  const times = intensity(config, "network");
  if (times === 0) return quietNetwork;
  return {
    delayMsMean: 15,
    stalls: 0.01 * times,
    stallMsMax: 20_000,
    splits: 0.05,
    cuts: 0.003 * times,
    vanishes: 0.001 * times,
    alters: 0.0005 * times,
    doubles: 0.0005 * times,
  };
}

export function databaseFaults(config: Config): DatabaseFaults {
  const times = intensity(config, "database");
  if (times === 0) return soundDatabase;
  return {
    delayMsMean: 4,
    refuses: 0.002 * times,
    losesQuestion: 0.003 * times,
    losesAnswer: 0.003 * times,
    commitsLate: 0.002 * times,
    lateMsMax: 12_000,
    warns: 0.003 * times,
    goesAway: 0.003 * times,
    awayMsMax: 60_000,
    failsOver: 0.5,
  };
}

/** How likely a commit of SQLite's is in doubt. */
export const sqliteCommitFaults = (config: Config) => 0.01 * intensity(config, "database");

export function diskFaults(config: Config): DiskFaults {
  const chance = 0.003 * intensity(config, "disks");
  return chance > 0 ? { full: chance, syncFails: chance } : soundDisk;
}

/** Returns the faults of the connections between ATMs and their devices' services. */
export function lineFaults(config: Config): LineFaults {
  const times = intensity(config, "lines");
  if (times === 0) return soundLine;
  return {
    cuts: 0.000_5 * times,
    stalls: 0.001 * times,
    stallMsMax: 90_000,
    vanishes: 0.000_2 * times,
  };
}

/** How likely a process crashes at each of its crash points. */
export const crashesAtPoint = (config: Config) => 0.0006 * intensity(config, "crashes");

export function habits(config: Config): Habits {
  const people = intensity(config, "people");
  const devices = intensity(config, "devices");
  const cards = intensity(config, "cards");
  return {
    ...calmHabits,
    ...(cards > 0 && { usesCard: 0.6, leavesCard: 0.02 * cards }),
    ...(people > 0 && { mistypes: 0.1, walksAway: 0.15, losesPatience: 0.2 }),
    ...(devices > 0 && { leavesNotes: 0.04 * devices, breaksDevice: 0.06 * devices }),
  };
}

/** How likely it crashes where code goes on after an await: there are very many of these. */
export const crashesAtAwait = (config: Config) => 0.000_01 * intensity(config, "crashes");

/** Returns the options of a command that simulates this again. */
export function commandOf({ seed, atms, servers, days, visits, faults, sqlite }: Config): string {
  const kinds = ` --faults ${faultClasses.filter((name) => faults.has(name)).join() || "none"}`;
  const store = sqlite ? " --sqlite" : "";
  return `deno task simulate --seed ${seed} --atms ${atms} --servers ${servers} --days ${days}` +
    ` --visits ${visits}${kinds}${store}`;
}
