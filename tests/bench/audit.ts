/**
 * The audit log: appending compared with a plain table of the same rows, bytes of both, checking, and a page
 * of one customer's history when the log is young and when it has grown.
 */
import { systemOperator } from "../../server/programs/system_bank.ts";
import { systemFiles } from "../../lib/system.ts";
import { DatabaseSync } from "node:sqlite";
import { historyPage } from "../../server/audit/history.ts";
import type { LogTrust } from "../../server/audit/verify.ts";
import type { SqliteStore } from "../../server/ledger/sqlite/store.ts";
import { checkLog, linesOfFile } from "../../server/operator/check_log.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { batchEntries, entryAt, keys, openLog } from "./growing_log.ts";
import { type Bench, perSecond } from "./harness.ts";
import { benchProofs, benchTreeParts } from "./trees.ts";

const youngEntries = 10_000;
/** Of these entries' lines. */
const lineBytesMax = 1_024;

export async function benchAudit(bench: Bench): Promise<void> {
  const count = bench.size(1_000_000, 4 * batchEntries, 10_000_000);
  await inTemporaryFolder(async (folder) => {
    const batches = bench.size(40, 2);
    const plain = openPlainTable(`${folder}/plain.sqlite`, count);
    const log = await openLog(`${folder}/log`, count);
    try {
      await bench.median(
        { id: "audit.plain", unit: "rows/s of a plain table" },
        () => perSecond(batches * batchEntries, () => times(batches, () => plain.append())),
      );
      await bench.median(
        { id: "audit.append", unit: "entries/s", to: "audit.plain" },
        () =>
          perSecond(batches * batchEntries, async () => {
            for (let done = 0; done < batches; done++) await log.append(batchEntries);
          }),
      );
      const bytes = plain.bytes() / plain.done();
      bench.each({ id: "audit.plain.bytes", unit: "bytes a row" }, [bytes]);
      bench.each(
        { id: "audit.bytes", unit: "bytes an entry", to: "audit.plain.bytes" },
        [await log.bytes() / log.done],
      );
      while (log.done < Math.min(count, youngEntries)) await log.append(batchEntries);
      await benchPage(bench, "audit.page", log.store, null);
      while (log.done < count) await log.append(batchEntries);
      await log.append(batchEntries, true);
      await benchPage(bench, "audit.page.grown", log.store, "audit.page");
      await benchCheck(bench, log.path, log.trust());
      const lines = firstLines(log.path, bench.size(20_000, 500));
      const trust = { ...log.trust(), keyFile: null };
      await benchTreeParts(bench, (size) => log.append(size), batchEntries, lines, trust);
      await benchProofs(bench);
    } finally {
      log.close();
      plain.close();
    }
  });
}

/** Returns the first lines of a log's file. */
function firstLines(path: string, count: number): string[] {
  const text = new Uint8Array(count * lineBytesMax);
  using file = Deno.openSync(path);
  const bytes = file.readSync(text) ?? 0;
  return new TextDecoder().decode(text.subarray(0, bytes)).split("\n").slice(0, -1).slice(0, count);
}

function times(count: number, work: () => void): void {
  for (let done = 0; done < count; done++) work();
}

/**
 * Returns what a user would write instead: the same facts, readable and changeable, found by
 * customer.
 */
function openPlainTable(path: string, count: number) {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE log (id INTEGER PRIMARY KEY, who TEXT, action TEXT, time TEXT, kind TEXT,
      outcome TEXT, terminal TEXT, amount INTEGER);
    CREATE INDEX log_who ON log (who, id)`);
  const insert = database.prepare(
    "INSERT INTO log (who, action, time, kind, outcome, terminal, amount) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  let done = 0;
  return {
    done: () => done,
    append() {
      database.exec("BEGIN");
      for (let index = 0; index < batchEntries; index++) {
        const { who, action, timeMs, kind, outcome, terminal, amount } = entryAt(done++, count);
        insert.run(who, action, new Date(timeMs).toISOString(), kind, outcome, terminal, amount!);
      }
      database.exec("COMMIT");
    },
    bytes() {
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      return Deno.statSync(path).size;
    },
    close: () => database.close(),
  };
}

async function benchPage(
  bench: Bench,
  id: string,
  store: SqliteStore,
  to: string | null,
): Promise<void> {
  await bench.median({ id, unit: "ms", to }, async () => {
    const pages = bench.size(20, 2);
    const startMs = performance.now();
    for (let page = 0; page < pages; page++) {
      await historyPage(store, keys, { customer: `customer-${page * 7 + 1}`, filter: {} });
    }
    return (performance.now() - startMs) / pages;
  });
}

/** Runs once: it takes long, and is of many entries already. */
async function benchCheck(bench: Bench, path: string, trust: LogTrust): Promise<void> {
  const resident = () => Deno.memoryUsage().rss / 2 ** 20;
  const before = resident();
  let most = before;
  const startMs = performance.now();
  const good = await checkLog(
    linesOfFile(systemFiles, path),
    trust,
    systemOperator.openCheckThreads,
    () => most = Math.max(most, resident()),
  );
  const seconds = (performance.now() - startMs) / 1_000;
  bench.each({ id: "audit.verify", unit: "entries/s" }, [good / seconds]);
  bench.each({ id: "audit.verify.memory", unit: "MB more, at most" }, [most - before]);
}
