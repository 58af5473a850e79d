/**
 * Machines in network namespaces, and loss of packets between them (Linux, as root). The process that calls
 * `inNetworks` is started again in namespaces that end with it: nothing of this machine's network changes.
 */

/** A machine, as a namespace is named; the process of the drill is on the database's. */
export type Machine = "database" | "one" | "other" | "atms";

/** Where packets are lost: those that `to` would receive from `from`. */
export interface Loss {
  from: Machine;
  to: Machine;
}

/** Which machines a cable joins. */
const cables: [Machine, Machine][] = [
  ["database", "one"],
  ["database", "other"],
  ["atms", "one"],
  ["atms", "other"],
];
const programs = ["unshare", "nsenter", "mount", "ip", "iptables"];
const folder = "/run/netns";
const started = "--in-networks";

/** Where all machines reach the database. */
export const databaseAddress = "10.77.0.1";

const cableOf = (one: Machine, other: Machine) =>
  cables.findIndex((ends) => ends.includes(one) && ends.includes(other)) + 1;

/** Returns the address of a machine on its cable to a neighbour. */
export function addressOf(machine: Machine, neighbour: Machine): string {
  const number = cableOf(machine, neighbour);
  return `10.77.${number}.${cables[number - 1]!.indexOf(machine) + 1}`;
}

/** Returns a command that runs another one on a machine. */
export function within(machine: Machine): string[] {
  return machine === "database" ? [] : ["nsenter", `--net=${folder}/${machine}`];
}

/** Returns why there can be no machines here; null where there can. */
export function whyNoNetworks(): string | null {
  if (Deno.build.os !== "linux") {
    return `network namespaces exist on Linux, not on ${Deno.build.os}`;
  }
  if (Deno.uid() !== 0) return "network namespaces need root";
  const missing = programs.filter((name) => !isInstalled(name));
  return missing.length === 0 ? null : `not on this machine: ${missing.join(", ")}`;
}

function isInstalled(program: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${program}`] }).outputSync().success;
}

/** Runs in this process once it is in its namespaces, with all cables; before that, starts it there. */
export async function inNetworks(run: () => Promise<void>): Promise<void> {
  if (Deno.args.includes(started)) {
    layCables();
    return await run();
  }
  Deno.mkdirSync(folder, { recursive: true });
  const again = `mount -t tmpfs tmpfs ${folder} && exec "$@"`;
  const { code } = await new Deno.Command("unshare", {
    args: [
      "--net",
      "--mount",
      "sh",
      "-c",
      again,
      "sh",
      Deno.execPath(),
      ...ownArguments(),
      started,
    ],
  }).spawn().status;
  Deno.exit(code);
}

/** Returns the arguments that started this process. */
function ownArguments(): string[] {
  const [, ...args] = Deno.readTextFileSync("/proc/self/cmdline").split("\0");
  return args.slice(0, -1);
}

function layCables(): void {
  ip("link set lo up");
  ip(`address add ${databaseAddress}/32 dev lo`);
  for (const machine of ["one", "other", "atms"]) {
    ip(`netns add ${machine}`);
    ip(`-n ${machine} link set lo up`);
  }
  for (const [index, ends] of cables.entries()) {
    const names = ends.map((_, at) => nameOf(ends[at]!, ends[1 - at]!));
    ip(`link add ${names[0]} type veth peer name ${names[1]}`);
    for (const [at, machine] of ends.entries()) {
      const network = machine === "database" ? "" : `-n ${machine}`;
      if (network) ip(`link set ${names[at]} netns ${machine}`);
      ip(`${network} address add 10.77.${index + 1}.${at + 1}/24 dev ${names[at]}`);
      ip(`${network} link set ${names[at]} up`);
    }
  }
  for (const server of ["one", "other"] as const) {
    ip(`-n ${server} route add ${databaseAddress} via ${addressOf("database", server)}`);
  }
}

/** Returns the name of a machine's end of the cable to a neighbour. */
const nameOf = (machine: Machine, neighbour: Machine) =>
  `${machine.slice(0, 5)}-${neighbour.slice(0, 5)}`;

const ip = (words: string) => execute(["ip", ...words.split(" ").filter((word) => word !== "")]);

/**
 * Loses packets from now on, without a word to their sender.
 * @param part of the packets: 1 for all
 */
export function lose(losses: readonly Loss[], part: number): void {
  for (const { from, to } of losses) {
    const some = part === 1
      ? []
      : ["-m", "statistic", "--mode", "random", "--probability", String(part)];
    const input = ["iptables", "-A", "INPUT", "-i", nameOf(to, from), ...some, "-j", "DROP"];
    execute([...within(to), ...input]);
  }
}

/** Mends all. */
export function mend(): void {
  for (const machine of ["database", "one", "other", "atms"] as const) {
    execute([...within(machine), "iptables", "-F", "INPUT"]);
  }
}

function execute([program, ...args]: string[]): void {
  const { success, stderr } = new Deno.Command(program!, { args }).outputSync();
  if (success) return;
  throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
