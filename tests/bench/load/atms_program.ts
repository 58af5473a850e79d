/**
 * ATMs at work, in their own process: each on its own connection, one request at a time.
 * `atms_program.ts FILE`, where the file says how the bank is reached.
 */
import process from "node:process";
import { newMovementId } from "../../../client/movement_id.ts";
import { system } from "../../../lib/system.ts";
import type { Reach } from "./bank_program.ts";
import { connectBank } from "./connect_bank.ts";
import type { HttpsReach } from "./https_program.ts";
import { serveLines } from "./program.ts";

/** Who is to be called, by how many; `hot`: all as the first customer, on one account. */
export type Plan = { count: number; hot?: boolean } & ({ bank: Reach } | { https: HttpsReach });

export interface Work {
  movements: number;
  /** For the hundredth that took longest; the median next to it. */
  p99Ms: number;
  p50Ms: number;
  seconds: number;
  /** Of this process, for each request. */
  processorUs: number;
}

interface Atm {
  /** Does one half of a movement, and throws unless it is done. */
  ask(half: Half): Promise<void>;
  close(): void | Promise<void>;
}
interface Half {
  op: "authorise" | "complete";
  kind: "withdrawal" | "deposit";
  movement: string;
  amount: string;
}

async function reachBank(reach: Reach, index: number, hot: boolean): Promise<Atm> {
  const client = await connectBank(reach, index);
  const { customers, password } = reach;
  const username = customers[hot ? 0 : index]!;
  const { outcome, account } = await client.ask({ op: "log_in", username, password });
  if (outcome !== "ok") throw new Error(`log_in: ${outcome}`);
  return {
    async ask({ op, kind, movement, amount }) {
      const { outcome } = await client.ask(
        op === "authorise"
          ? { op, kind, movement, account: account!.id, amount, currency: "EUR" }
          : { op, movement, amount },
      );
      if (outcome !== "ok") throw new Error(`${op}: ${outcome}`);
    },
    close: () => client.close(),
  };
}

async function reachHttps(reach: HttpsReach, index: number, hot: boolean): Promise<Atm> {
  const { port, certificate, terminals, customers, password } = reach;
  // each ATM has its own connection
  const client = Deno.createHttpClient({
    caCerts: [certificate],
    http2: false,
    poolMaxIdlePerHost: 1,
  });
  let token = "";
  const ask = async (path: string, asked: unknown) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const request = { method: "POST", headers, body: JSON.stringify(asked), client };
    const answer = await (await fetch(`https://127.0.0.1:${port}/${path}`, request)).json();
    if (answer.outcome !== "ok") throw new Error(`${path}: ${answer.outcome}`);
    return answer;
  };
  const username = customers[hot ? 0 : index]!;
  const terminal = terminals[index]!;
  ({ token } = await ask("log_in", { terminal, username, password }));
  return {
    ask: async ({ op, ...asked }) => void await ask(op, asked),
    close: () => client.close(),
  };
}

/** Does so many movements, withdrawals and deposits in turn, all ATMs at once. */
async function move(atms: readonly Atm[], movements: number): Promise<Work> {
  const tookMs: number[] = [];
  let left = movements;
  const usage = process.cpuUsage();
  const sinceMs = performance.now();
  await Promise.all(atms.map(async (atm) => {
    for (let done = 0; left-- > 0; done++) {
      const movement = newMovementId(system);
      const kind = done % 2 === 0 ? "deposit" : "withdrawal";
      for (const op of ["authorise", "complete"] as const) {
        const askedMs = performance.now();
        await atm.ask({ op, kind, movement, amount: "2000" });
        tookMs.push(performance.now() - askedMs);
      }
    }
  }));
  const seconds = (performance.now() - sinceMs) / 1_000;
  const used = process.cpuUsage(usage);
  tookMs.sort((a, b) => a - b);
  const part = (share: number) => tookMs[Math.floor(tookMs.length * share)]!;
  return {
    movements,
    p50Ms: part(0.5),
    p99Ms: part(0.99),
    seconds,
    processorUs: (used.user + used.system) / tookMs.length,
  };
}

/** Handshakes and log-ins at once. */
const connectingMax = 32;
const closingMax = 256;

if (import.meta.main) {
  const plan = JSON.parse(await Deno.readTextFile(Deno.args[0]!)) as Plan;
  const { count, hot = false } = plan;
  const atms: Atm[] = [];
  while (atms.length < count) {
    // log-ins of one customer at once would be taken for someone who guesses
    const some = Math.min(hot ? 1 : connectingMax, count - atms.length);
    atms.push(
      ...await Promise.all(Array.from({ length: some }, (_, index) => {
        const place = atms.length + index;
        return "bank" in plan
          ? reachBank(plan.bank, place, hot)
          : reachHttps(plan.https, place, hot);
      })),
    );
  }
  await serveLines({ ready: count }, (movements: number) => move(atms, movements));
  // all at once the bank would not say good-bye to everybody in time
  while (atms.length > 0) await Promise.all(atms.splice(-closingMax).map((atm) => atm.close()));
  Deno.exit(0);
}
