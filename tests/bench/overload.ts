/**
 * Ten times as many ATMs at work as keep the bank's two cores busy, for a minute: how long requests take
 * before, meanwhile and after, and what memory the server takes.
 */
import type { Bench } from "./harness.ts";
import { programOf, type Server, withServer } from "./ledger.ts";
import type { Plan, Work } from "./load/atms_program.ts";
import type { Reach } from "./load/bank_program.ts";
import { Program } from "./load/program.ts";

const usualCount = 64;
const times = 10;
const overloadSeconds = 60;
const mib = 2 ** 20;

export async function benchOverload(bench: Bench): Promise<void> {
  const usual = bench.size(usualCount, 2);
  const movements = bench.size(8_000, 2 * usual * times);
  await withServer("bank", usual * times, async (server, folder) => {
    const before = await work(server, folder, usual, movements);
    const bytesBefore = server.memoryBytes;
    const inAll = Math.round(before.movements / before.seconds * bench.size(overloadSeconds, 0));
    const during = await work(server, folder, usual * times, Math.max(movements, inAll));
    const after = await work(server, folder, usual, movements);
    const rounds = { before, during, after };
    for (const [when, { movements, seconds, p50Ms, p99Ms }] of Object.entries(rounds)) {
      const to = when === "before" ? null : "overload.before";
      const more = (name: string) => to === null ? null : `${to}.${name}`;
      bench.each({ id: `overload.${when}`, unit: "movements/s", to }, [movements / seconds]);
      bench.each({ id: `overload.${when}.p50`, unit: "ms", to: more("p50") }, [p50Ms]);
      bench.each({ id: `overload.${when}.p99`, unit: "ms", to: more("p99") }, [p99Ms]);
    }
    bench.each({ id: "overload.memory.before", unit: "MiB of the server" }, [bytesBefore / mib]);
    bench.each({ id: "overload.memory.during", unit: "MiB, at the end" }, [during.bytes / mib]);
    bench.each({ id: "overload.memory.after", unit: "MiB" }, [after.bytes / mib]);
  });
}

/** Returns what ATMs in another process did, and the server's memory at the end of it. */
async function work(
  server: Server,
  folder: string,
  count: number,
  movements: number,
): Promise<Work & { bytes: number }> {
  const planPath = `${folder}/plan.json`;
  const plan: Plan = { count, bank: server.ready as Reach };
  await Deno.writeTextFile(planPath, JSON.stringify(plan));
  const atms = await Program.start<void, number, Work>(programOf("atms"), [planPath]);
  try {
    await atms.ask(Math.ceil(movements / 4)); // both processes are warm
    return { ...await atms.ask(movements), bytes: server.memoryBytes };
  } finally {
    await atms.stop();
  }
}
