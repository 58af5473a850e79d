/**
 * A log of a million entries: what appending costs along the way, what checking it takes in time and
 * memory, and what a page of a customer's history costs at the end.
 *
 *     deno task test:log [ENTRIES]
 */
import { systemOperator } from "../../server/programs/system_bank.ts";
import { systemFiles } from "../../lib/system.ts";
import { historyPage } from "../../server/audit/history.ts";
import { checkLog, linesOfFile } from "../../server/operator/check_log.ts";
import { batchEntries, computedUs, epochEntries, keys, openLog } from "./growing_log.ts";

const count = Number(Deno.args[0] ?? 1_000_000);
const parts = 10;
/** The log that a long one is compared with, and batches of each for it. */
const youngEntries = 10_000;
const comparedRounds = 101;

const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
const residentMb = () => megabytes(Deno.memoryUsage().rss);
const sinceMs = (start: number) => performance.now() - start;
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

const top = Deno.makeTempDirSync({ prefix: "strongroom-log-" });
try {
  const long = await openLog(`${top}/long`, count);
  const { folder, path, store } = long;
  console.log(`${count} entries, ${batchEntries} a commit, an epoch's end each ${epochEntries}`);
  console.log("  entries    µs an entry, computed    MB resident");
  for (let start = performance.now(), computed = computedUs(), part = 1; long.done < count;) {
    const size = Math.min(batchEntries, count - long.done);
    await long.append(size, long.done + size === count);
    if (long.done < Math.floor(count * part / parts)) continue;
    const [each, own] = [1_000 * sinceMs(start), computedUs() - computed]
      .map((us) => (us / (count / parts)).toFixed(1).padStart(11));
    console.log(`${String(long.done).padStart(9)}    ${each}  ${own}    ${residentMb()}`);
    start = performance.now();
    computed = computedUs();
    part++;
  }

  // A machine is faster at one time than at another: both logs grow in turn, batch by batch.
  const young = await openLog(`${top}/young`, count);
  while (young.done < youngEntries) await young.append(batchEntries);
  const [ofYoung, ofLong]: [number[], number[]] = [[], []];
  for (let round = 0; round < comparedRounds; round++) {
    ofYoung.push(await young.append(batchEntries));
    ofLong.push(await long.append(batchEntries));
  }
  young.close();
  const [a, b] = [median(ofYoung), median(ofLong)];
  console.log(
    `appending in turn: ${a.toFixed(1)} µs computed for an entry after ${youngEntries}, ` +
      `${b.toFixed(1)} µs after ${count}: ${(b / a).toFixed(2)} times`,
  );

  let start = performance.now();
  const computed = computedUs();
  let mostMb = 0;
  const beforeMb = residentMb();
  const good = await checkLog(
    linesOfFile(systemFiles, path),
    long.trust(),
    systemOperator.openCheckThreads,
    () => {
      mostMb = Math.max(mostMb, residentMb());
    },
  );
  const seconds = sinceMs(start) / 1_000;
  console.log(
    `checked ${good} entries in ${seconds.toFixed(1)} s, ` +
      `${((computedUs() - computed) / good).toFixed(1)} µs computed for each; ` +
      `${beforeMb} MB resident before, ${mostMb} at most`,
  );
  console.log(
    `database ${megabytes(Deno.statSync(`${folder}/bank.sqlite`).size)} MB, ` +
      `audit_log_secure.txt ${megabytes(Deno.statSync(path).size)} MB`,
  );

  const pages: [
    what: string,
    customer: string,
    filter: Parameters<typeof historyPage>[2]["filter"],
  ][] = [
    ["a page of a customer with 30 entries", "rare", {}],
    ["a page of one with a tenth of all", "busy", {}],
    ["a page of one with a hundred", "customer-1", {}],
    ["a search without a hit among a tenth of all", "busy", { text: "nothing like it" }],
  ];
  for (const [what, customer, filter] of pages) {
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < 9; round++) {
      start = performance.now();
      found = (await historyPage(store, keys, { customer, filter })).entries.length;
      times.push(sinceMs(start));
    }
    console.log(`${what}: ${median(times).toFixed(1)} ms, ${found} entries`);
  }
  long.close();
} finally {
  Deno.removeSync(top, { recursive: true });
}
