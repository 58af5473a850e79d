/**
 * Whether response times reveal why the bank refuses a client: the time from its hello to the
 * bank's close, for unknown, revoked and wrong-key terminals in random turns, over loopback. Prints
 * how well the best threshold-free test distinguishes two kinds (the AUC: 0.5 is not at all, 1 is
 * always), and exits with 1 when any two can be distinguished by more than 0.55.
 *
 *     deno task test:timing [--samples N]
 */
import { parseArgs } from "node:util";
import { RunningBank } from "../server/helpers/running_bank.ts";
import { helloUnder, keysOfStrangers, type Kind, kinds } from "./strangers.ts";

const aucMax = 0.55;
const warmUpRounds = 500;

/** Microseconds from a hello to the end of the stream. */
async function timeOf(running: RunningBank, hello: Uint8Array): Promise<number> {
  const socket = await Deno.connect(running.address);
  socket.setNoDelay();
  const chunk = new Uint8Array(16);
  const sinceMs = performance.now();
  await socket.write(hello);
  const count = await socket.read(chunk).catch(() => null);
  const tookMs = performance.now() - sinceMs;
  socket.close();
  if (count !== null) throw new Error("the bank answered");
  return tookMs * 1_000;
}

/**
 * Returns the probability that one of `a` is larger than one of `b` (Mann and Whitney), ties by
 * half; at least 0.5.
 */
export function areaUnderCurve(a: readonly number[], b: readonly number[]): number {
  const all = [
    ...a.map((value) => ({ value, ofA: true })),
    ...b.map((value) => ({ value, ofA: false })),
  ]
    .sort((x, y) => x.value - y.value);
  let rankSum = 0;
  for (let at = 0; at < all.length;) {
    let end = at;
    while (end < all.length && all[end]!.value === all[at]!.value) end++;
    const rank = (at + 1 + end) / 2;
    for (; at < end; at++) if (all[at]!.ofA) rankSum += rank;
  }
  const larger = (rankSum - a.length * (a.length + 1) / 2) / (a.length * b.length);
  return Math.max(larger, 1 - larger);
}

async function measure(running: RunningBank, samples: number): Promise<Record<Kind, number[]>> {
  const keys = await keysOfStrangers(running);
  const times: Record<Kind, number[]> = { "unknown": [], "revoked": [], "wrong key": [] };
  for (let round = -warmUpRounds; round < samples; round++) {
    const turns = kinds.map((kind) => ({ kind, turn: Math.random() }));
    for (const { kind } of turns.sort((a, b) => a.turn - b.turn)) {
      const took = await timeOf(running, helloUnder(keys[kind]()));
      if (round >= 0) times[kind].push(took);
    }
  }
  return times;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { samples: { type: "string", default: "10000" } } });
  let worst = 0;
  await RunningBank.with(async (running) => {
    const times = await measure(running, Number(values.samples));
    for (const kind of kinds) {
      const sorted = times[kind].toSorted((a, b) => a - b);
      const at = (part: number) => sorted[Math.floor(sorted.length * part)]!.toFixed(0);
      console.log(
        `${kind.padEnd(9)}  ${sorted.length} samples  p50 ${at(0.5)} µs  p99 ${at(0.99)} µs`,
      );
    }
    for (const [first, second] of [[0, 1], [0, 2], [1, 2]] as const) {
      const auc = areaUnderCurve(times[kinds[first]], times[kinds[second]]);
      console.log(`${kinds[first]} from ${kinds[second]}: AUC ${auc.toFixed(4)}`);
      worst = Math.max(worst, auc);
    }
  }, { limits: { failures: Infinity } });
  console.log(`worst AUC ${worst.toFixed(4)}, at most ${aucMax} is allowed`);
  Deno.exit(worst <= aucMax ? 0 : 1);
}
