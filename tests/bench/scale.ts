/**
 * What a bank on PostgreSQL commits: with one, two and four servers; in batches, in a transaction for
 * each request, and by functions inside the database; with a standby that has to apply what is ready.
 * Every movement is a withdrawal, authorised and completed, at the one terminal: the account that all of
 * them wait for. Besides that, `scale.apart`: as many terminals and customers as movements under way, which
 * nobody waits for, and with every server the ATMs that it brings.
 */
import process from "node:process";
import { system, systemFiles } from "../../lib/system.ts";
import { ChainKeyFile } from "../../server/audit/chain_key.ts";
import type { Command } from "../../server/ledger/command.ts";
import { Engine } from "../../server/ledger/engine.ts";
import type { Ledger } from "../../server/ledger/ledger.ts";
import { openStore } from "../../server/ledger/open_store.ts";
import { PostgresConnection } from "../../server/ledger/postgres/connection.ts";
import { PromotedCluster } from "../failover/promoted_cluster.ts";
import { filled } from "../lib/helpers.ts";
import { systemWithFiles } from "../../lib/system.ts";
import {
  addCustomer,
  engineOn,
  enrolTerminal,
  firstKey,
  keyRing,
  openLedger,
  writerOn,
} from "../server/helpers/engine.ts";
import { idOf, numberOf, settings } from "../server/helpers/small_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import type { Bench } from "./harness.ts";
import { callFunctions, functions } from "./scale_functions.ts";

/** Movements under way at once, whatever does them; with `scale.apart`, of each server. */
const width = 128;
const apartServers = [1, 4];
const customers = Array.from(
  { length: width * Math.max(...apartServers) },
  (_, index) => `customer${index}`,
);
/** At the one terminal it is these that come. */
const customersAtOne = 16;
/** A terminal for each customer, and the one. */
const oneTerminal = "lobby";
const terminalOf = (customer: number) => `atm${customer}`;
/** Accounts get their keys as they are opened: after the bank's own two come the customers'. */
const accountOf = (customer: number) => 3 + customer;
const cashAccount = accountOf(customers.length);
/** Requests of one at a time need a connection each. */
const connections = 32;
const amount = 1_000n;

/** What a movement takes on the disk: its two rows, and its entries of the log, with all indexes. */
const sizeOfMovement = `SELECT (pg_total_relation_size('movements') +
  pg_total_relation_size('audit')) / (SELECT count(*) / 2 FROM movements) AS bytes`;

/** Does one movement: from this customer's account, under this id. */
type Mover = (customer: number, movement: string) => Promise<void>;

/** Whose movements are under way at once. */
const atOne = Array.from({ length: width }, (_, index) => index % customersAtOne);
const apart = (servers: number) => Array.from({ length: width * servers }, (_, index) => index);

export async function benchScale(bench: Bench): Promise<void> {
  const cluster = await PromotedCluster.start(false);
  try {
    await inTemporaryFolder(async (folder) => {
      const url = cluster.url;
      const store = await openStore(systemWithFiles, { url }, settings);
      const { run } = await engineOn(store, Date.now());
      const terminals = [oneTerminal, ...customers.map((_, index) => terminalOf(index))];
      await run(
        ...customers.map((name) => addCustomer(name, 10n ** 12n)),
        ...terminals.map((name) => enrolTerminal(name)),
      );
      await store.close();
      const measured = (id: string, to: string | null, mover: Mover, whose = atOne) =>
        measure(bench, cluster, { id, to, mover, whose });
      for (const count of [1, 2, 4]) {
        await withServers(
          url,
          `${folder}/${count}`,
          count,
          (mover) => measured(`scale.${count}`, count === 1 ? null : "scale.1", mover),
        );
      }
      for (const count of apartServers) {
        const to = count === apartServers[0] ? null : `scale.apart.${apartServers[0]}`;
        await withServers(
          url,
          `${folder}/apart-${count}`,
          count,
          (mover) => measured(`scale.apart.${count}`, to, mover, apart(count)),
          true,
        );
      }
      await bench.median(
        { id: "scale.size", unit: "bytes a movement" },
        async () => Number((await cluster.run(sizeOfMovement))[0]!.bytes),
      );
      await cluster.asOwner(...functions);
      await withRequests(url, (mover) => measured("scale.requests", "scale.1", mover));
      await withFunctions(url, (mover) => measured("scale.functions", "scale.1", mover));
      await cluster.waitUntilApplied();
      await withServers(
        url,
        `${folder}/applied`,
        1,
        (mover) => measured("scale.applied", "scale.1", mover),
      );
      await withFunctions(
        url,
        (mover) => measured("scale.applied.functions", "scale.applied", mover),
      );
    });
  } finally {
    await cluster.stop();
  }
}

/** Measures several rounds: movements a second, the slowest of a hundred, and what each costs. */
async function measure(
  bench: Bench,
  cluster: PromotedCluster,
  { id, to, mover, whose }: {
    id: string;
    to: string | null;
    mover: Mover;
    whose: readonly number[];
  },
): Promise<void> {
  const many = /^scale\.(apart\.)?(\d|applied)$/.test(id);
  const count = bench.size(many ? 6_000 : 600, 2 * whose.length);
  const rounds: { rate: number; p99Ms: number; serverUs: number; databaseUs: number }[] = [];
  await bench.median({ id, unit: "movements/s", to }, async () => {
    const usage = process.cpuUsage();
    const databaseMs = cluster.primary.processorMs();
    const sinceMs = performance.now();
    const tookMs = await moveMany(count, mover, whose);
    const seconds = (performance.now() - sinceMs) / 1_000;
    const { user, system } = process.cpuUsage(usage);
    tookMs.sort((a, b) => a - b);
    rounds.push({
      rate: count / seconds,
      p99Ms: tookMs[Math.floor(count * 0.99)]!,
      serverUs: (user + system) / count,
      databaseUs: (cluster.primary.processorMs() - databaseMs) * 1_000 / count,
    });
    return rounds.at(-1)!.rate;
  });
  const more = { p99Ms: "ms", serverUs: "µs of the servers", databaseUs: "µs of the database" };
  for (const [name, unit] of Object.entries(more)) {
    let round = 0;
    await bench.median(
      { id: `${id}.${name.replace(/(Ms|Us)$/, "")}`, unit },
      () => rounds[round++]![name as keyof typeof more],
    );
  }
}

let movements = 0;
let chains = 0;

/** Milliseconds that each movement took. */
async function moveMany(
  count: number,
  mover: Mover,
  whose: readonly number[],
): Promise<number[]> {
  const tookMs: number[] = [];
  let left = count;
  await Promise.all(whose.map(async (customer) => {
    while (left-- > 0) {
      const sinceMs = performance.now();
      await mover(customer, idOf(`s${movements++}`));
      tookMs.push(performance.now() - sinceMs);
    }
  }));
  return tookMs;
}

/** Returns both commands of a movement. */
function commandsOf(
  customer: number,
  movement: string,
  at: string = oneTerminal,
): [Command, Command] {
  const terminal = idOf(at);
  const whose = {
    customer: customers[customer]!,
    passwordVersion: 1,
    account: numberOf(customers[customer]!),
    currency: "EUR",
  };
  return [
    { op: "authorise", kind: "withdrawal", terminal, movement, ...whose, amount },
    { op: "complete", terminal, movement, amount },
  ];
}

/** Servers, each in its thread, with batches that form by themselves. */
async function withServers(
  url: string,
  folder: string,
  count: number,
  run: (mover: Mover) => Promise<void>,
  isApart = false,
): Promise<void> {
  Deno.mkdirSync(folder);
  const ledgers: Ledger[] = [];
  for (let server = 0; server < count; server++) {
    const chainId = filled(++chains, 16);
    const chainKeyPath = `${folder}/${server}.key`;
    ChainKeyFile.create(systemFiles, chainKeyPath, chainId, firstKey);
    const parts = { place: { url }, keys: keyRing.versions, chainId, chainKeyPath };
    ledgers.push(await openLedger(parts, console.error));
  }
  let next = 0;
  await run(async (customer, movement) => {
    const ledger = ledgers[(isApart ? customer : next++) % count]!;
    const at = isApart ? terminalOf(customer) : oneTerminal;
    for (const command of commandsOf(customer, movement, at)) {
      requireDone((await ledger.submit(command)).outcome);
    }
  });
  for (const ledger of ledgers) await ledger.close();
}

/**
 * Measures a transaction per request: the same engine and rules, with nobody to share a batch
 * with.
 */
async function withRequests(url: string, run: (mover: Mover) => Promise<void>): Promise<void> {
  const stores = await Promise.all(
    Array.from({ length: connections }, () => openStore(systemWithFiles, { url })),
  );
  const engines = [];
  for (const store of stores) {
    const log = await writerOn(store, filled(++chains, 16));
    engines.push(await Engine.open({ store, log, clock: system }));
  }
  await run(pooled(engines, async (engine, customer, movement) => {
    for (const command of commandsOf(customer, movement)) {
      const { replies: [reply] } = await engine.run([command], console.error);
      requireDone(reply!.outcome);
    }
  }));
  for (const store of stores) await store.close();
}

/** Functions inside the database, a call for each request. */
async function withFunctions(url: string, run: (mover: Mover) => Promise<void>): Promise<void> {
  const opened = await Promise.all(
    Array.from({ length: connections }, () => PostgresConnection.open(url)),
  );
  // these queue for the one account, and would give up while they wait
  const wait = { name: "wait", text: "SET lock_timeout = 0", values: [] };
  const callers = opened.map((connection, index) => ({ connection, chain: 1_000 + index }));
  for (const { connection, chain } of callers) {
    const id = crypto.getRandomValues(new Uint8Array(16));
    const text = "INSERT INTO audit_chains (number, id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    await connection.run([wait, { name: "chain", text, values: [chain, id] }]);
  }
  await run(pooled(callers, async ({ connection, chain }, customer, movement) => {
    for (const call of callFunctions(chain, accountOf(customer), cashAccount, movement, amount)) {
      const [answer] = await connection.run([call]);
      requireDone(answer!.rows[0]!.outcome as string);
    }
  }));
  for (const connection of opened) connection.close();
}

/** Returns a mover that waits for a free one of these. */
function pooled<T>(
  all: readonly T[],
  move: (one: T, ...movement: Parameters<Mover>) => Promise<void>,
): Mover {
  const free = [...all];
  const waiting: ((one: T) => void)[] = [];
  return async (...movement) => {
    const one = free.pop() ?? await new Promise<T>((resolve) => waiting.push(resolve));
    try {
      await move(one, ...movement);
    } finally {
      const next = waiting.shift();
      if (next) next(one);
      else free.push(one);
    }
  };
}

function requireDone(outcome: string): void {
  if (outcome !== "ok") throw new Error(`the bank answered ${outcome}`);
}
