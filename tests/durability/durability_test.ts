/**
 * Every reply follows its fsync: the real server under `strace`, and for each reply the disk as a power
 * cut just before it would have left it. Two controls show that this finds what it looks for: the same
 * server with `synchronous=OFF`, and the same server on a disk that only says that it has synced.
 */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { makeBank } from "../server/helpers/made_bank.ts";
import { newId } from "../server/helpers/running_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { type Disk, diskAfterCut } from "./power_cut.ts";
import { type Call, readTrace, straceArguments } from "./trace.ts";
import { connectTerminal, mayTrace, project, traceServer } from "./traced_server.ts";

const requests = 12;

interface Traced {
  before: Disk;
  calls: Call[];
  /** The movements that were asked for and acknowledged, one after the other. */
  acknowledged: string[];
}

/** Runs the server of this project folder under strace, with one client that loads cash. */
async function trace(folder: string, source: string, more: string[] = []): Promise<Traced> {
  const bank = `${folder}/bank`;
  const out = `${folder}/trace`;
  const [keyFile] = await makeBank(bank, { terminals: ["lobby"] });
  const before: Disk = new Map([[`${bank}/bank.sqlite`, Deno.readFileSync(`${bank}/bank.sqlite`)]]);
  const server = await traceServer(bank, source, [...straceArguments(out), ...more]);
  const acknowledged = await loadCash(server.port, keyFile!);
  await server.end();
  // Without the runtime's own caches, which may be large.
  const calls = readTrace(await Deno.readTextFile(out))
    .filter((call) => !("path" in call) || call.path.startsWith(bank));
  return { before, calls, acknowledged };
}

/** Connects without a log-in, so that the bank sends only answers, one for each request. */
async function loadCash(port: number, keyFile: string): Promise<string[]> {
  const client = await connectTerminal(port, keyFile);
  const acknowledged: string[] = [];
  for (let count = 0; count < requests; count++) {
    const movement = newId();
    const asked = { op: "load_cash", movement, amount: "2000", currency: "EUR" } as const;
    assertEquals((await client.ask(asked)).outcome, "ok");
    acknowledged.push(movement);
  }
  await client.close();
  return acknowledged;
}

/** Returns which acknowledged movements a power cut just before their reply would have taken. */
function lostIn(
  folder: string,
  { before, calls, acknowledged }: Traced,
  keeps: () => boolean,
): string[] {
  const sends = calls.filter(({ what }) => what === "send");
  assertEquals(sends.length, requests + 2, "its hello, an answer for each request, its close");
  return acknowledged.filter((movement, index) => {
    const disk = diskAfterCut(before, calls, sends[index + 1]!.begun, keeps);
    return !movementsOn(disk, folder).includes(movement);
  });
}

function movementsOn(disk: Disk, folder: string): string[] {
  const place = Deno.makeTempDirSync({ dir: folder });
  for (const [path, bytes] of disk) {
    Deno.writeFileSync(`${place}/${path.slice(path.lastIndexOf("/"))}`, bytes);
  }
  const database = new DatabaseSync(`${place}/bank.sqlite`);
  const { sound } = database.prepare("SELECT integrity_check AS sound FROM pragma_integrity_check")
    .get() as { sound: string };
  assertEquals(sound, "ok");
  const query = "SELECT lower(hex(id)) AS movement FROM movements";
  const rows = database.prepare(query).all() as { movement: string }[];
  const { entries } = database.prepare("SELECT count(*) AS entries FROM audit")
    .get() as { entries: number };
  database.close();
  assert(entries > rows.length, "each movement has its entry in the log, on the same disk");
  return rows.map(({ movement }) => movement);
}

const ignore = !mayTrace();
const none = () => false;
const some = () => Math.random() < 0.5;

Deno.test({
  name: "each reply follows its fsync: a power cut just before it loses nothing (strace)",
  ignore,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const traced = await trace(folder, project);
      assertEquals(lostIn(folder, traced, none), []);
      for (let round = 0; round < 5; round++) assertEquals(lostIn(folder, traced, some), []);
    }),
});

Deno.test({
  name: "with synchronous=OFF the same power cuts lose what was acknowledged (strace)",
  ignore,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const source = `${folder}/source`;
      copyOfProject(source);
      const path = `${source}/server/ledger/sqlite/connection.ts`;
      const text = Deno.readTextFileSync(path);
      assert(text.includes("synchronous = FULL"));
      Deno.writeTextFileSync(path, text.replace("synchronous = FULL", "synchronous = OFF"));
      const traced = await trace(folder, source);
      assertEquals(lostIn(folder, traced, none), traced.acknowledged);
    }),
});

Deno.test({
  name: "on a disk that only says that it has synced, they do too (strace)",
  ignore,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const lies = ["-e", "inject=fsync,fdatasync:retval=0"];
      const traced = await trace(folder, project, lies);
      assertEquals(lostIn(folder, traced, none), traced.acknowledged);
    }),
});

/** Returns what the server is started from. */
function copyOfProject(to: string): void {
  const copy = (path: string): void => {
    const { isDirectory } = Deno.statSync(`${project}/${path}`);
    if (!isDirectory) return Deno.copyFileSync(`${project}/${path}`, `${to}/${path}`);
    Deno.mkdirSync(`${to}/${path}`, { recursive: true });
    for (const { name } of Deno.readDirSync(`${project}/${path}`)) copy(`${path}/${name}`);
  };
  for (const part of ["lib", "server", "client", "ui", "main.ts", "deno.json", "deno.lock"]) {
    copy(part);
  }
}
