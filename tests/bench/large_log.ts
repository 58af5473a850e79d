/**
 * A log of a million entries: what appending costs along the way, what checking it takes in time and
 * memory, and what a page of a customer's history costs at the end.
 *
 *     deno task test:log [ENTRIES]
 */
import process from "node:process";
import { batchCommandsMax } from "../../lib/limits.ts";
import { historyPage } from "../../server/audit/history.ts";
import { ChainKeyFile } from "../../server/audit/chain_key.ts";
import { LogFile } from "../../server/audit/log_file.ts";
import { AuditKeyRing } from "../../server/audit/seal.ts";
import { ChainWriter } from "../../server/audit/writer.ts";
import { randomBytes } from "../../server/bank.ts";
import type { AuditEntry } from "../../server/ledger/command.ts";
import { SqliteStore } from "../../server/ledger/sqlite_store.ts";
import { checkLog, linesOfFile } from "../../server/operator/check_log.ts";
import { auditKeys, chainId, firstKey, noChanges } from "../server/helpers/engine.ts";
import { settings } from "../server/helpers/small_bank.ts";

const count = Number(Deno.args[0] ?? 1_000_000);
const batchEntries = batchCommandsMax;
/** As many as a busy second has. */
const epochEntries = 6_400;
const parts = 10;

/** Of ten thousand customers; every tenth entry is busy's, and thirty are rare's. */
function entryAt(index: number): AuditEntry {
  const who = index % Math.ceil(count / 30) === 7
    ? "rare"
    : index % 10 === 0
    ? "busy"
    : `customer-${index % 10_000}`;
  return {
    who,
    action: `withdraw €${index % 500}.00`,
    timeMs: 1_700_000_000_000 + index,
    kind: "withdrawal",
    outcome: "ok",
    terminal: "lobby",
    amount: BigInt(index % 500) * 100n,
  };
}

const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
const residentMb = () => megabytes(Deno.memoryUsage().rss);
const sinceMs = (start: number) => performance.now() - start;
/** What this process has computed, whatever else the machine does: microseconds. */
const computedUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const folder = Deno.makeTempDirSync({ prefix: "strongroom-log-" });
try {
  const store = SqliteStore.open(`${folder}/bank.sqlite`, settings);
  ChainKeyFile.create(`${folder}/chain.key`, chainId, firstKey);
  const keys = new AuditKeyRing([auditKeys]);
  const log = await ChainWriter.open(store, {
    chainId,
    openKey: (epoch) => ChainKeyFile.open(`${folder}/chain.key`, chainId, epoch),
    keys,
    randomBytes,
  });
  const path = `${folder}/audit_log_secure.txt`;
  const file = await LogFile.open(path, store);

  console.log(`${count} entries, ${batchEntries} a commit, an epoch's end each ${epochEntries}`);
  console.log("  entries    µs an entry, computed    MB resident");
  for (let done = 0, start = performance.now(), computed = computedUs(), part = 1; done < count;) {
    const size = Math.min(batchEntries, count - done);
    const entries = Array.from({ length: size }, (_, index) => entryAt(done + index));
    const endEpoch = Math.floor((done + size) / epochEntries) > Math.floor(done / epochEntries);
    const sealed = log.seal(entries, endEpoch || done + size === count);
    store.commit(noChanges, sealed);
    log.committed(sealed);
    await file.append(chainId, sealed);
    done += size;
    if (done < Math.floor(count * part / parts)) continue;
    const [each, own] = [1_000 * sinceMs(start), computedUs() - computed]
      .map((us) => (us / (count / parts)).toFixed(1).padStart(11));
    console.log(`${String(done).padStart(9)}    ${each}  ${own}    ${residentMb()}`);
    start = performance.now();
    computed = computedUs();
    part++;
  }
  file.close();

  let start = performance.now();
  const computed = computedUs();
  let mostMb = 0;
  const beforeMb = residentMb();
  const trust = {
    firstKeys: [{ chainId, key: firstKey, checkpointKey: new Uint8Array(32) }],
    keyFile: (id: Uint8Array) => ChainKeyFile.read(`${folder}/chain.key`, id),
  };
  const good = await checkLog(linesOfFile(path), trust, () => {
    mostMb = Math.max(mostMb, residentMb());
  });
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
    const median = times.sort((a, b) => a - b)[4]!.toFixed(1);
    console.log(`${what}: ${median} ms, ${found} entries`);
  }
  log.close();
  store.close();
} finally {
  Deno.removeSync(folder, { recursive: true });
}
