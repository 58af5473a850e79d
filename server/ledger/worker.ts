/// <reference lib="deno.worker" />
/** The ledger's own thread: the engine on its store. One message in, one message out, in order. */
import { randomBytes } from "node:crypto";
import { equalInConstantTime } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { type AuditEntry, endsEpoch, type SealedEntry } from "../audit/entry.ts";
import { ChainKeyFile } from "../audit/chain_key.ts";
import { findEntry, historyPage } from "../audit/history.ts";
import { LogFile, type LogSource } from "../audit/log_file.ts";
import { requireNewestKeys } from "../audit/newest_keys.ts";
import { AuditKeyRing } from "../audit/keys.ts";
import { ChainWriter, lastTimeOf } from "../audit/writer.ts";
import type { Movement } from "./model.ts";
import { checkBooks, type CheckedBooks, epochEnded } from "./check.ts";
import { Engine } from "./engine.ts";
import { Faults } from "./faults.ts";
import type { FromLedger, OpenLedger, ToLedger } from "./ledger.ts";
import { openStore } from "./open_store.ts";
import { SqliteStore } from "./sqlite/store.ts";
import type { ReadStore, Store } from "./store.ts";

let store: Store;
let engine: Engine;
let log: ChainWriter;
let keys: AuditKeyRing;
let logFile: LogFile | null = null;

const monotonicMs = () => performance.now();
const answer = (message: FromLedger) => self.postMessage(message);
const faults = new Faults((trouble) => answer({ trouble }));

self.onmessage = async ({ data }: MessageEvent<ToLedger>) => {
  try {
    answer({ id: data.id, value: await handle(data) });
  } catch (error) {
    const { message } = error as Error;
    answer({ id: data.id, error: { message, usage: error instanceof UsageError } });
  }
};

const chunkRows = 1_000;

async function check(store: ReadStore, keys: AuditKeyRing): Promise<CheckedBooks> {
  const damage = await store.damage();
  if (damage !== null) {
    return { problem: `the database is damaged: ${damage}`, accounts: 0, movements: 0, entries: 0 };
  }
  return await checkBooks({
    accounts: await store.accounts(),
    movements: inChunks((last?: Movement) =>
      store.movementsAfter(last?.id ?? "00".repeat(16), last?.step ?? 0, chunkRows)
    ),
    holds: await store.holdIds(),
    entries: entriesOf(store, keys),
  });
}

/** Every entry, opened; null for one that does not open. */
async function* entriesOf(
  store: ReadStore,
  keys: AuditKeyRing,
): AsyncGenerator<AuditEntry | typeof epochEnded | null, void, void> {
  for (const { number, id } of await store.chains()) {
    const entries = inChunks((last?: SealedEntry) =>
      store.entriesAfter(number, last?.sequence ?? 0, chunkRows)
    );
    for await (const entry of entries) yield endsEpoch(entry) ? epochEnded : keys.open(entry, id);
  }
}

async function* inChunks<T>(
  after: (last?: T) => T[] | Promise<T[]>,
): AsyncGenerator<T, void, void> {
  for (let rows = await after(); rows.length > 0; rows = await after(rows.at(-1))) yield* rows;
}

async function handle(message: ToLedger): Promise<unknown> {
  switch (message.type) {
    case "open":
      return await open(message);
    case "batch": {
      const errors: Error[] = [];
      const outcome = await engine.run(
        message.commands,
        (error) => errors.push(error),
        message.endEpoch,
      );
      faults.after(errors);
      return outcome;
    }
    case "check":
      return await store.snapshot((store) => check(store, keys));
    case "check_file": {
      const file = SqliteStore.open(message.path);
      try {
        return await check(file, new AuditKeyRing(message.keys));
      } finally {
        file.close();
      }
    }
    case "back_up":
      return await store.backUp(message.path);
    case "audit_keys":
      keys = new AuditKeyRing(message.keys);
      log.keys = keys;
      return;
    case "history":
      return await historyPage(store, keys, message.query);
    case "read":
      return (store[message.name] as (...args: unknown[]) => unknown)(...message.args);
    case "close":
      logFile?.close();
      log.close();
      await store.close();
      return;
  }
}

async function open(
  { place, create, bankId, chainId, chainKeyPath, logFilePath, ...parts }: OpenLedger,
): Promise<void> {
  keys = new AuditKeyRing(parts.keys);
  store = await openStore(place, create);
  try {
    if ("url" in place) await requireOwn(bankId);
    const openKey = (epoch: number) => ChainKeyFile.open(chainKeyPath, chainId, epoch);
    log = await ChainWriter.open(store, { chainId, openKey, keys, randomBytes });
    if (logFilePath !== undefined) {
      logFile = await openLogFile(logFilePath, "url" in place ? chainId : null);
    }
  } catch (error) {
    await store.close(); // or the file stays in use while this thread ends
    throw error;
  }
  engine = await Engine.open({
    store,
    log,
    lastMs: await lastTimeOf(store, keys),
    nowMs: Date.now,
    monotonicMs,
    findEntry: (customer, movement, step) => findEntry(store, keys, { customer, movement, step }),
    onCommitted: (entries) => logFile?.append(chainId, entries),
  });
}

/**
 * A database elsewhere may be another bank's, which must not get a chain of this one's.
 * @throws {UsageError} when it is, or keys of the log have been changed at another server
 */
async function requireOwn(bankId: string | undefined): Promise<void> {
  if (bankId !== undefined && (await store.settings()).bankId !== bankId) {
    throw new UsageError("the database has another bank than this folder: look at its URL");
  }
  await requireNewestKeys(store, keys);
}

/** A log of one chain alone: other servers keep the files of theirs. */
function chainOf(store: ReadStore, only: Uint8Array): LogSource {
  return {
    chains: async () => (await store.chains()).filter(({ id }) => equalInConstantTime(id, only)),
    entriesAfter: async (...place) => await store.entriesAfter(...place),
  };
}

/**
 * The bank works without it, and says so.
 * @param only the one chain that the file is to have; null for all of them
 */
async function openLogFile(path: string, only: Uint8Array | null): Promise<LogFile | null> {
  try {
    return await LogFile.open(path, only === null ? store : chainOf(store, only));
  } catch (error) {
    answer({ trouble: `${path} is not kept: ${(error as Error).message}` });
    return null;
  }
}
