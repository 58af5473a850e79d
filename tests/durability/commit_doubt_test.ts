/**
 * Commits that the disk fails: the process under `strace` says the outcome of each, and it is what the
 * file has, also after a crash, and after a power cut just before the answer.
 */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { systemWithFiles } from "../../lib/system.ts";
import { SqliteStore } from "../../server/ledger/sqlite/store.ts";
import { settings } from "../server/helpers/small_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { type Disk, diskAfterCut } from "./power_cut.ts";
import { type Call, readTrace, straceArguments } from "./trace.ts";
import { mayTrace, project } from "./traced_server.ts";

const commits = 20;
const syncs = "fsync,fdatasync";

/** Which call fails, and from which of them to which. */
const faults: [name: string, calls: string, error: string, when: string][] = [
  ["one sync", syncs, "EIO", "15"],
  ["two syncs", syncs, "EIO", "15..16"],
  ["syncs for a while", syncs, "EIO", "15..25"],
  ["one write, the disk being full", "pwrite64", "ENOSPC", "60"],
  ["writes for a while", "pwrite64", "EIO", "60..80"],
];

interface Run {
  before: Disk;
  calls: Call[];
  /** Each step's name, the customer's, and the line of the trace where it was reached. */
  steps: { step: string; customer: string; line: number }[];
}

/** Runs the committing process, its disk failing; `crash` ends it at its first commit in doubt. */
async function run(folder: string, fault: string[], crash: boolean): Promise<Run> {
  const path = `${folder}/bank.sqlite`;
  SqliteStore.open(systemWithFiles, path, settings).close();
  const before: Disk = new Map([[path, Deno.readFileSync(path)]]);
  const out = `${folder}.trace`;
  const program = new URL("committing.ts", import.meta.url).pathname;
  const args = [folder, String(commits), ...(crash ? ["crash"] : [])];
  const { code, signal, stderr } = await new Deno.Command("strace", {
    args: [
      ...[...straceArguments(out), ...fault, Deno.execPath(), "run", "-q", "-A"],
      ...["--config", `${project}/deno.json`, "--lock", `${project}/tests/deno.lock`, "--frozen"],
      ...[program, ...args],
    ],
  }).output();
  const said = new TextDecoder().decode(stderr);
  if (crash) assertEquals(signal, "SIGKILL", said);
  else assertEquals(code, 0, said);
  const calls = readTrace(await Deno.readTextFile(out));
  const steps = calls.flatMap((call) => {
    const [, step, customer] = call.what === "create"
      ? /\/(committed|in_doubt|not_committed) (customer-\d+)$/.exec(call.path) ?? []
      : [];
    return step ? [{ step, customer: customer!, line: call.begun }] : [];
  });
  return { before, calls, steps };
}

/** Returns the customers of a bank's file, as another process finds them. */
function customersIn(path: string): string[] {
  const store = SqliteStore.open(systemWithFiles, path);
  const customers = store.customers().map(({ username }) => username);
  assertEquals(store.damage(), null);
  store.close();
  return customers;
}

/** Returns the customers on a disk as a power cut at this line leaves it. */
function customersAfterCut(
  folder: string,
  { before, calls }: Run,
  line: number,
  keeps: () => boolean,
): string[] {
  const place = Deno.makeTempDirSync({ dir: folder });
  for (const [path, bytes] of diskAfterCut(before, calls, line, keeps)) {
    const [name] = /bank\.sqlite[^/]*$/.exec(path) ?? [];
    if (name) Deno.writeFileSync(`${place}/${name}`, bytes);
  }
  const database = new DatabaseSync(`${place}/bank.sqlite`);
  const rows = database.prepare("SELECT username FROM customers").all();
  database.close();
  return rows.map(({ username }) => username as string);
}

const outcomes = new Set<string>();
const ignore = !mayTrace();

for (const [name, calls, error, when] of faults) {
  const fault = ["-e", `inject=${calls}:error=${error}:when=${when}`];

  Deno.test({
    name: `${name}: what the store says of a commit in doubt is what the disk has (strace)`,
    ignore,
    fn: () =>
      inTemporaryFolder(async (root) => {
        const folder = `${root}/bank`;
        Deno.mkdirSync(folder);
        const ran = await run(folder, fault, false);
        const doubts = ran.steps.filter(({ step }) => step === "in_doubt");
        assert(doubts.length > 0, ran.steps.map(({ step }) => step).join());
        const committed = (until = Infinity) =>
          ran.steps.filter(({ step, line }) => step === "committed" && line < until)
            .map(({ customer }) => customer);
        assertEquals(customersIn(`${folder}/bank.sqlite`).sort(), committed().sort());
        for (const { customer } of doubts) {
          const answer = ran.steps.find((each) =>
            each.customer === customer && each.step !== "in_doubt"
          )!;
          outcomes.add(answer.step);
          const expected = [...committed(answer.line)];
          if (answer.step === "committed") expected.push(customer);
          const half = () => Math.random() < 0.5;
          for (const keeps of [() => false, () => true, half, half, half]) {
            const found = customersAfterCut(root, ran, answer.line, keeps);
            assertEquals(found.sort(), expected.sort(), `${customer} ${answer.step}`);
          }
        }
      }),
  });

  Deno.test({
    name: `${name}, then a crash: what is found is acknowledged, or was in doubt (strace)`,
    ignore,
    fn: () =>
      inTemporaryFolder(async (root) => {
        const folder = `${root}/bank`;
        Deno.mkdirSync(folder);
        const { steps } = await run(folder, fault, true);
        const [doubt] = steps.filter(({ step }) => step === "in_doubt");
        const acknowledged = steps.filter(({ step }) => step === "committed");
        const found = customersIn(`${folder}/bank.sqlite`);
        const sure = found.filter((customer) => customer !== doubt!.customer);
        assertEquals(sure.sort(), acknowledged.map(({ customer }) => customer).sort());
        assertEquals(customersIn(`${folder}/bank.sqlite`), found, "and stays so");
      }),
  });
}

Deno.test({
  name: "commits in doubt had been done, and had not (strace)",
  ignore,
  fn: () => assertEquals([...outcomes].sort(), ["committed", "not_committed"]),
});
