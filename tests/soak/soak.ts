/**
 * A bank's server at work for half an hour: ATMs with customers, an operator, and strangers who reset,
 * connect and leave. Prints its memory, file handles, latency and folder size each minute, then the first
 * and the last of these next to each other, and memory and handles before and after a thousand operators
 * who connect and say nothing (Linux).
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
import { linesOf } from "../server/helpers/lines.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { noSigner } from "../server/helpers/operators.ts";
import { newId } from "../server/helpers/running_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

const terminals = ["harbour", "lobby", "mall"];
const username = "alice";
const movementsOfVisit = 20;

interface Sample {
  atMinutes: number;
  rssMiB: number;
  handles: number;
  folderMiB: number;
  p50Ms: number;
  p99Ms: number;
  movements: number;
}

export interface SoakedServer {
  address: { hostname: string; port: number };
  folder: string;
  pid: number;
}

const silentOperators = 1_000;

/** Returns the memory and the open handles of a process. */
function taken(pid: number): { rssMiB: number; handles: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return {
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1_024,
    handles: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
  };
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

function sizeOf(folder: string): number {
  let bytes = 0;
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory ? sizeOf(path) : Deno.lstatSync(path).size;
  }
  return bytes;
}

/** Returns what a process and its folder take now. */
function measure({ folder, pid }: SoakedServer, times: number[], atMinutes: number): Sample {
  const sorted = times.toSorted((one, other) => one - other);
  const percentile = (part: number) => sorted[Math.floor(sorted.length * part)] ?? NaN;
  return {
    atMinutes,
    ...taken(pid),
    folderMiB: sizeOf(folder) / 2 ** 20,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    movements: times.length,
  };
}

/** Lets one customer after the other visit this terminal, until the end; `times` receives milliseconds. */
async function visitAgain(
  { address: { hostname, port } }: SoakedServer,
  terminalKey: TerminalKey,
  times: number[],
  end: AbortSignal,
): Promise<void> {
  while (!end.aborted) {
    const connect = () => connectTcp(hostname, port);
    const client = await BankClient.connect({ connect, terminalKey, world: system });
    const logIn = { op: "log_in", username, password: `${username}'s password` } as const;
    const { outcome, account } = await client.ask(logIn);
    for (let count = 0; count < movementsOfVisit && outcome === "ok" && !end.aborted; count++) {
      const sinceMs = performance.now();
      const movement = newId();
      const money = { movement, amount: "1", currency: "EUR" };
      const kind = count % 2 === 0 ? "deposit" : "withdrawal";
      await client.ask({ op: "authorise", kind, account: account!.id, ...money });
      await client.ask({ op: "complete", movement, amount: "1" });
      times.push(performance.now() - sinceMs);
      await pause(20);
    }
    await client.close();
    await pause(200);
  }
}

/** Looks at the bank as an operator, and passes by as strangers do. */
async function passBy(server: SoakedServer, end: AbortSignal): Promise<void> {
  const key = readOperatorKey(systemFiles, singleKeyPath(server.folder), noSigner);
  while (!end.aborted) {
    await reset(server.address);
    (await Deno.connect(server.address)).close();
    const request = { command: "list_terminals" } as const;
    await Array.fromAsync((await askServer({ connectUnix }, server.folder, request, () => key))!);
    await pause(250);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Works with a server for so long; returns a sample for each interval. */
export async function soak(
  server: SoakedServer,
  keys: readonly TerminalKey[],
  minutes: number,
  report: (sample: Sample) => void,
): Promise<Sample[]> {
  const end = new AbortController();
  let times: number[] = [];
  const record = { push: (ms: number) => times.push(ms) } as number[];
  const working = Promise.all([
    ...keys.map((key) => visitAgain(server, key, record, end.signal)),
    passBy(server, end.signal),
  ]);
  const samples: Sample[] = [];
  const intervals = Math.max(2, Math.round(minutes));
  for (let count = 1; count <= intervals; count++) {
    await Promise.race([working, pause(minutes * 60_000 / intervals)]);
    const sample = measure(server, times, count * minutes / intervals);
    times = [];
    samples.push(sample);
    report(sample);
  }
  end.abort();
  await working;
  return samples;
}

const columns = ["atMinutes", "rssMiB", "handles", "folderMiB", "p50Ms", "p99Ms", "movements"];

function row(sample: Sample): string {
  const values = columns.map((name) => Number(sample[name as keyof Sample].toFixed(1)));
  return values.map((value) => String(value).padStart(10)).join("");
}

/** Runs with a server that has these terminals, and a customer. */
export async function withServer(
  run: (server: SoakedServer, keys: TerminalKey[]) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (root) => {
    const folder = `${root}/bank`;
    const customers = [{ username, password: `${username}'s password` }];
    const files = await makeBank(folder, { terminals, customers, opening: "1000.00" });
    const process = new Deno.Command(Deno.execPath(), {
      args: serverArguments({ folder }, 0),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = linesOf(process.stdout).getReader();
    const [hostname, port] = JSON.parse((await lines.read()).value!).address.split(":");
    const address = { hostname, port: Number(port) };
    const keys = files.map((text, index) => parseTerminalKey(text, terminals[index]!));
    try {
      await run({ address, folder, pid: process.pid }, keys);
    } finally {
      await process.stdin.close();
      await process.status;
      await lines.cancel();
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
  const heads = columns.map((name) => name.padStart(10)).join("");
  await withServer(async (server, keys) => {
    console.log(heads);
    const samples = await soak(server, keys, minutes, (sample) => console.log(row(sample)));
    console.log(`\nfirst and last\n${heads}\n${row(samples[0]!)}\n${row(samples.at(-1)!)}`);
    const words = () => {
      const { rssMiB, handles } = taken(server.pid);
      return `${rssMiB.toFixed(0)} MiB and ${handles} handles`;
    };
    const before = words();
    await connectInSilence(server.folder);
    console.log(`\n${silentOperators} silent operators: before ${before}, after ${words()}`);
  });
  Deno.exit(0);
}
