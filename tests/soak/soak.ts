/**
 * A bank's server and an ATM at work for half an hour, with other terminals' customers, an operator, and
 * strangers who reset, connect and leave. A window ends after a number of movements, however long a busy
 * host takes for them: then garbage is collected in every thread of both processes, and what remains of
 * heaps, memory and handles is printed, with latency and folder size. Ends with 1 if the heaps or handles
 * of the last window are larger than those of the second, when caches are warm. Then memory and handles
 * before and after a thousand operators who connect and say nothing (Linux).
 *
 *     deno task soak [--minutes N]
 */
import { BankClient } from "../../client/bank_client.ts";
import { connectTcp, connectUnix, system, systemFiles } from "../../lib/system.ts";
import { parseTerminalKey, type TerminalKey } from "../../lib/terminal_key.ts";
import { operatorRequestMsMax } from "../../lib/limits.ts";
import { operatorSocketPath, singleKeyPath } from "../../server/folder/bank_folder.ts";
import { readOperatorKey } from "../../server/operator/operator_key.ts";
import { askServer } from "../../server/operator/socket.ts";
import { reset } from "../attacks/storms.ts";
import { serverArguments } from "../bank_programs.ts";
import { freePort } from "../end_to_end/programs.ts";
import { linesOf } from "../server/helpers/lines.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { noSigner } from "../server/helpers/operators.ts";
import { newId } from "../server/helpers/running_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { testProgram } from "../test_program.ts";
import { Inspector, withInspector } from "./inspector.ts";
import type { SoakAtm } from "./soak_atm.ts";

const terminals = ["harbour", "lobby", "mall", "station"];
const customers = ["alice", "bob"].map((username) => ({
  username,
  password: `${username}'s password`,
}));
const movementsOfVisit = 20;
const movementsOfWindow = 1_000;
/** Windows of which the caches fill. */
const warmWindows = 2;
/**
 * What the heaps of a process may grow by between two windows without a leak, in all: code that is
 * compiled late, and the state of what is under way.
 */
const heapGrowthBytesMax = 1_000_000;
const handlesGrowthMax = 3;
const silentOperators = 1_000;
const mib = 2 ** 20;

/** A process under load. */
interface Soaked {
  name: string;
  pid: number;
  folder: string;
  inspector: Inspector;
  memory: LowestMemory;
}

interface Sample {
  heapBytes: number;
  /** The least in the window, a look a second: connections come and go. */
  rssLeastMiB: number;
  /** Once garbage is collected. */
  rssMiB: number;
  /** The least in the window, too. */
  handles: number;
  folderMiB: number;
}

interface Window {
  atMinutes: number;
  movements: number;
  atmMovements: number;
  p50Ms: number;
  p99Ms: number;
  /** Of each process. */
  samples: Sample[];
}

interface Address {
  hostname: string;
  port: number;
}

/** Returns the memory and the open handles of a process. */
function taken(pid: number): { rssMiB: number; handles: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return {
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024,
    handles: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
  };
}

/** The least memory and handles of a process since the last answer. */
class LowestMemory {
  #rssMiB = Infinity;
  #handles = Infinity;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly pid: number) {
    this.#timer = setInterval(() => this.#look(), 1_000);
  }

  take(): { rssLeastMiB: number; handles: number } {
    this.#look();
    const least = { rssLeastMiB: this.#rssMiB, handles: this.#handles };
    [this.#rssMiB, this.#handles] = [Infinity, Infinity];
    return least;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { rssMiB, handles } = taken(this.pid);
    this.#rssMiB = Math.min(this.#rssMiB, rssMiB);
    this.#handles = Math.min(this.#handles, handles);
  }
}

async function measure({ pid, folder, inspector, memory }: Soaked): Promise<Sample> {
  const least = memory.take();
  const heaps = await inspector.heaps();
  return {
    ...least,
    heapBytes: heaps.reduce((sum, heap) => sum + heap, 0),
    rssMiB: taken(pid).rssMiB,
    folderMiB: sizeOf(folder) / mib,
  };
}

function sizeOf(folder: string): number {
  let bytes = 0;
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory ? sizeOf(path) : Deno.lstatSync(path).size;
  }
  return bytes;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The movements that all terminals may still make in this window, and how long each took. */
class Load {
  #left = 0;
  /** How many the ATM has made, apart from these. */
  atmMovements = 0;
  timesMs: number[] = [];

  /** Allows as many movements as a window has, and returns when they are made. */
  async window(): Promise<number[]> {
    [this.#left, this.timesMs] = [movementsOfWindow, []];
    while (this.timesMs.length < movementsOfWindow) await pause(100);
    return this.timesMs;
  }

  mayMove(): boolean {
    return this.#left > 0 && this.#left-- > 0;
  }
}

/** Lets one customer after the other visit this terminal, until the end. */
async function visitAgain(
  { hostname, port }: Address,
  terminalKey: TerminalKey,
  load: Load,
  end: AbortSignal,
): Promise<void> {
  const [customer] = customers;
  while (!end.aborted) {
    const connect = () => connectTcp(hostname, port);
    const client = await BankClient.connect({ connect, terminalKey, world: system });
    const { outcome, account } = await client.ask({ op: "log_in", ...customer! });
    for (let count = 0; count < movementsOfVisit && outcome === "ok" && !end.aborted; count++) {
      if (!load.mayMove()) break;
      const sinceMs = performance.now();
      const movement = newId();
      const money = { movement, amount: "1", currency: "EUR" };
      const kind = count % 2 === 0 ? "deposit" : "withdrawal";
      await client.ask({ op: "authorise", kind, account: account!.id, ...money });
      await client.ask({ op: "complete", movement, amount: "1" });
      load.timesMs.push(performance.now() - sinceMs);
      await pause(20);
    }
    await client.close();
    await pause(200);
  }
}

/** Looks at the bank as an operator, and passes by as strangers do. */
async function passBy(address: Address, folder: string, end: AbortSignal): Promise<void> {
  const key = readOperatorKey(systemFiles, singleKeyPath(folder), noSigner);
  while (!end.aborted) {
    await reset(address);
    (await Deno.connect(address)).close();
    const request = { command: "list_terminals" } as const;
    await Array.fromAsync(
      (await askServer({ ...system, connectUnix }, folder, request, () => key))!,
    );
    await pause(250);
  }
}

/** Connects as operators who say nothing, and leaves. */
async function connectInSilence(folder: string): Promise<void> {
  const sockets: Deno.Conn[] = [];
  for (let count = 0; count < silentOperators; count++) {
    const path = operatorSocketPath(folder);
    const socket = await Deno.connect({ transport: "unix", path }).catch(() => null);
    if (socket) sockets.push(socket);
  }
  await pause(operatorRequestMsMax + 2_000);
  for (const socket of sockets) socket.close();
  await pause(2_000);
}

/** A bank at work: its processes, and what its terminals do. */
interface Scene {
  server: Soaked;
  atm: Soaked;
  load: Load;
  /** Fails with the first customer, operator or stranger who cannot go on. */
  working: Promise<unknown>;
}

/** Works for so long; returns each window. */
async function soak(scene: Scene, minutes: number): Promise<Window[]> {
  const startMs = performance.now();
  const windows: Window[] = [];
  let atMinutes = 0;
  while (atMinutes < minutes || windows.length <= warmWindows) {
    const times = await Promise.race([scene.load.window(), scene.working]) as number[];
    const sorted = times.toSorted((one, other) => one - other);
    const percentile = (part: number) => sorted[Math.floor(sorted.length * part)]!;
    const samples: Sample[] = [];
    for (const process of [scene.server, scene.atm]) samples.push(await measure(process));
    atMinutes = (performance.now() - startMs) / 60_000;
    const movements = movementsOfWindow * (windows.length + 1);
    const { atmMovements } = scene.load;
    const [p50Ms, p99Ms] = [percentile(0.5), percentile(0.99)];
    windows.push({ atMinutes, movements, atmMovements, p50Ms, p99Ms, samples });
    console.log(row(windows.at(-1)!));
  }
  return windows;
}

const columns = ["minutes", "movements", "of the ATM", "p50Ms", "p99Ms"];
const columnsOfProcess = ["heapMB", "rssLeast", "rssMiB", "handles", "folderMiB"];

function cells(values: readonly (string | number)[]): string {
  const words = values.map((value) =>
    typeof value === "string" ? value : String(Number(value.toFixed(2)))
  );
  return words.map((word) => word.padStart(11)).join("");
}

function row({ atMinutes, movements, atmMovements, p50Ms, p99Ms, samples }: Window): string {
  const values = samples.flatMap(({ heapBytes, rssLeastMiB, rssMiB, handles, folderMiB }) => [
    "|",
    ...[heapBytes / 1e6, rssLeastMiB, rssMiB, handles, folderMiB],
  ]);
  return cells([atMinutes, movements, atmMovements, p50Ms, p99Ms, ...values]);
}

/** Returns what has grown between the second and the last window. */
function leaksOf(windows: Window[], processes: readonly Soaked[]): string[] {
  const [warm, last] = [windows[warmWindows - 1]!, windows.at(-1)!];
  const atms = last.atmMovements - warm.atmMovements;
  const all = last.movements - warm.movements + atms;
  return processes.flatMap(({ name }, at) => {
    const [before, after] = [warm.samples[at]!, last.samples[at]!];
    const heap = after.heapBytes - before.heapBytes;
    const moved = name === "ATM" ? atms : all;
    console.log(
      `${name}: ${heap} bytes of heap in ${moved} movements, ${(heap / moved).toFixed(1)} each; ` +
        `RSS ${before.rssMiB.toFixed(0)} to ${
          after.rssMiB.toFixed(0)
        } MiB, the least in a window ` +
        `${before.rssLeastMiB.toFixed(0)} to ${after.rssLeastMiB.toFixed(0)}; ` +
        `handles ${before.handles} to ${after.handles}`,
    );
    return [
      ...(heap > heapGrowthBytesMax ? [`the heap of the ${name} grows`] : []),
      ...(after.handles > before.handles + handlesGrowthMax ? [`the ${name} keeps handles`] : []),
    ];
  });
}

/** A program under load, with its lines, until it is ended. */
class Program {
  readonly port = freePort();
  readonly process: Deno.ChildProcess;
  readonly lines: ReadableStreamDefaultReader<string>;

  constructor(args: readonly string[]) {
    this.process = new Deno.Command(Deno.execPath(), {
      args: withInspector(args, this.port),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.lines = linesOf(this.process.stdout).getReader();
  }

  async soaked(name: string, folder: string): Promise<Soaked> {
    const { pid } = this.process;
    const inspector = await Inspector.connect(this.port);
    return { name, pid, folder, inspector, memory: new LowestMemory(pid) };
  }

  async end(): Promise<void> {
    await this.process.stdin.close();
    await this.process.status;
  }
}

/** Runs with a bank at work, and ends it. */
async function onScene(run: (scene: Scene) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (root) => {
    const folder = `${root}/bank`;
    const files = await makeBank(folder, { terminals, customers, opening: "1000.00" });
    const bank = new Program(serverArguments({ folder }, 0));
    const [hostname, port] = JSON.parse((await bank.lines.read()).value!).address.split(":");
    const address = { hostname, port: Number(port) };
    const config: SoakAtm = {
      folder: `${root}/atm`,
      key: files.at(-1)!,
      address,
      customer: customers[1]!,
    };
    const program = new URL("soak_atm.ts", import.meta.url).pathname;
    const machine = new Program(testProgram(program, JSON.stringify(config)));
    const load = new Load();
    const end = new AbortController();
    await machine.lines.read();
    const atm = await machine.soaked("ATM", config.folder);
    const server = await bank.soaked("server", folder);
    const working = Promise.all([
      ...files.slice(0, -1).map((text, index) =>
        visitAgain(address, parseTerminalKey(text, terminals[index]!), load, end.signal)
      ),
      passBy(address, folder, end.signal),
      (async () => {
        while (!(await machine.lines.read()).done) load.atmMovements++;
      })(),
    ]);
    try {
      await run({ server, atm, load, working });
    } finally {
      end.abort();
      for (const { inspector, memory } of [server, atm]) {
        inspector.close();
        memory.stop();
      }
      await machine.end();
      await working.catch(() => {});
      await bank.end();
      for (const { lines } of [machine, bank]) await lines.cancel();
    }
  });
}

if (import.meta.main) {
  const [flag, text = "30"] = Deno.args;
  const minutes = Number(text);
  if ((flag !== undefined && flag !== "--minutes") || !(minutes > 0)) {
    console.error("usage: deno task soak [--minutes N]");
    Deno.exit(2);
  }
  let leaks: string[] = [];
  await onScene(async (scene) => {
    console.log(cells([...columns, "server", ...columnsOfProcess, "ATM", ...columnsOfProcess]));
    const windows = await soak(scene, minutes);
    leaks = leaksOf(windows, [scene.server, scene.atm]);
    const { pid, folder } = scene.server;
    const words = () => {
      const { rssMiB, handles } = taken(pid);
      return `${rssMiB.toFixed(0)} MiB and ${handles} handles`;
    };
    const before = words();
    await connectInSilence(folder);
    console.log(`\n${silentOperators} silent operators: before ${before}, after ${words()}`);
  });
  for (const leak of leaks) console.log(leak);
  Deno.exit(leaks.length === 0 ? 0 : 1);
}
