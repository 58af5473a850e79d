/**
 * The ledger: how many commands it commits in a second without a network, by how many wait for it at
 * once; and whole movements, authorised and completed by ATMs in their own process over TCP,
 * compared with the same over an HTTPS API that a user would write instead.
 */
import type { Command } from "../../server/ledger/command.ts";
import type { Ledger } from "../../server/ledger/ledger.ts";
import { addCustomer, enrolTerminal, ledgerParts, openLedger } from "../server/helpers/engine.ts";
import { commandOf, idOf, settings } from "../server/helpers/small_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { benchGrowth } from "./growth.ts";
import { type Bench, perSecond } from "./harness.ts";
import type { Plan, Work } from "./load/atms_program.ts";
import type { Reach } from "./load/bank_program.ts";
import type { HttpsReach } from "./load/https_program.ts";
import { Program } from "./load/program.ts";

/** How many commands are under way at once. */
const widths = [1, 16, 64, 256];
/** ATMs at work at once, and callers of the HTTPS API. */
const atmCounts = [1, 16, 64, 256, 1_024];
/** ATMs of which the memory is measured. */
const connectedCount = 10_000;
const hotCount = 64;

export async function benchLedger(bench: Bench): Promise<void> {
  await benchWithoutNetwork(bench);
  await benchAtms(bench);
  await benchMemory(bench);
  await benchGrowth(bench);
}

async function benchWithoutNetwork(bench: Bench): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const syncs = bench.size(400, 20);
    await bench.median(
      { id: "disk.sync", unit: "syncs of 4 KiB/s" },
      () => perSecond(syncs, () => sync(`${folder}/disk`, syncs)),
    );
    const parts = { ...ledgerParts(folder), create: settings };
    const ledger = await openLedger(parts, console.error);
    try {
      await ledger.submit(addCustomer("alice", 10n ** 12n));
      await ledger.submit(enrolTerminal("lobby"));
      for (const width of widths) {
        const commands = bench.size(Math.min(6_000, 600 * width), 4 * width);
        await bench.median(
          {
            id: `ledger.${width}`,
            unit: "commands/s",
            to: width === widths[0] ? "disk.sync" : `ledger.${widths[0]}`,
          },
          () => perSecond(commands, () => run(ledger, commands, width)),
        );
      }
    } finally {
      await ledger.close();
    }
  });
}

export const programOf = (name: string) =>
  new URL(`./load/${name}_program.ts`, import.meta.url).href;

export type Server = Program<Reach | HttpsReach, void, void>;

async function benchAtms(bench: Bench): Promise<void> {
  for (const count of bench.size(1, 0) ? atmCounts : [2]) {
    await withServer("https", count, async (server, folder) => {
      const plan = { count, https: server.ready as HttpsReach };
      await benchMovements(bench, `https.${count}`, server, plan, folder, null);
    });
  }
  for (const count of bench.size(1, 0) ? atmCounts : [2]) {
    await withServer("bank", count, async (server, folder) => {
      const plan = { count, bank: server.ready as Reach };
      await benchMovements(bench, `atms.${count}`, server, plan, folder, `https.${count}`);
      if (count !== hotCount) return;
      const hot = { ...plan, hot: true };
      await benchMovements(bench, `hot.${count}`, server, hot, folder, `atms.${count}`);
    });
  }
}

/** Movements a second, and what goes with them. */
async function benchMovements(
  bench: Bench,
  id: string,
  server: Server,
  plan: Plan,
  folder: string,
  to: string | null,
): Promise<void> {
  const planPath = `${folder}/plan.json`;
  await Deno.writeTextFile(planPath, JSON.stringify(plan));
  const atms = await Program.start<void, number, Work>(programOf("atms"), [planPath]);
  const rounds: Record<string, number>[] = [];
  try {
    const perRound = id.startsWith("https") ? 1_500 : 4_000;
    const movements = bench.size(plan.count === 1 ? 400 : perRound, 2 * plan.count);
    await bench.median({ id, unit: "movements/s", to }, async () => {
      const before = server.processorUse;
      const { seconds, p50Ms, p99Ms, processorUs } = await atms.ask(movements);
      const after = server.processorUse;
      rounds.push({
        p50: p50Ms,
        p99: p99Ms,
        main: (after.mainUs - before.mainUs) / movements / 2,
        others: (after.othersUs - before.othersUs) / movements / 2,
        load: processorUs,
      });
      return movements / seconds;
    });
  } finally {
    await atms.stop();
  }
  const units: Record<string, string> = {
    p50: "ms, half of the requests",
    p99: "ms, all but a hundredth",
    main: "µs of the server's first thread for a request",
    others: "µs of its other threads for a request",
    load: "µs of the ATMs' process for a request",
  };
  for (const [name, unit] of Object.entries(units)) {
    bench.each({ id: `${id}.${name}`, unit }, rounds.slice(-5).map((round) => round[name]!));
  }
}

export async function withServer(
  kind: "bank" | "https",
  count: number,
  run: (server: Server, folder: string) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const server: Server = await Program.start(programOf(kind), [`${folder}/bank`, count]);
    try {
      await run(server, folder);
    } finally {
      await server.stop();
    }
  });
}

/** Runs once: ten thousand handshakes take long. */
async function benchMemory(bench: Bench): Promise<void> {
  const count = bench.size(connectedCount, 20);
  await withServer("bank", count, async (server, folder) => {
    const before = server.memoryBytes;
    const planPath = `${folder}/plan.json`;
    const plan: Plan = { count, bank: server.ready as Reach };
    await Deno.writeTextFile(planPath, JSON.stringify(plan));
    const atms = await Program.start<void, number, Work>(programOf("atms"), [planPath]);
    const kib = (server.memoryBytes - before) / count / 1_024;
    bench.each({ id: "atms.memory", unit: `KiB for each of ${count} customers at ATMs` }, [kib]);
    await atms.stop();
  });
}

function sync(path: string, count: number): void {
  const file = Deno.openSync(path, { write: true, create: true });
  const page = new Uint8Array(4_096);
  for (let done = 0; done < count; done++) {
    file.writeSync(page);
    file.syncDataSync();
  }
  file.close();
}

let movements = 0;

/** Withdrawals, authorised and completed, by as many customers at once as `width` says. */
async function run(ledger: Ledger, commands: number, width: number): Promise<void> {
  let left = commands / 2;
  const customer = async () => {
    while (left-- > 0) {
      const id = `m${movements++}`;
      await done(ledger, commandOf(`lobby alice withdraw ${id} alice 2000 EUR`));
      await done(ledger, {
        op: "complete",
        movement: idOf(id),
        terminal: idOf("lobby"),
        amount: 2_000n,
      });
    }
  };
  await Promise.all(Array.from({ length: width }, customer));
}

async function done(ledger: Ledger, command: Command): Promise<void> {
  const { outcome } = await ledger.submit(command);
  if (outcome !== "ok") throw new Error(`the ledger answered ${outcome}`);
}
