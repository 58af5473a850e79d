/// <reference lib="deno.worker" />
/** The ledger's own thread: the engine on SQLite. One message in, one message out, in order. */
import { randomBytes } from "node:crypto";
import { UsageError } from "../../lib/errors.ts";
import { historyPage } from "../audit/history.ts";
import { openEntry } from "../audit/seal.ts";
import type { SealedEntry } from "../audit/chain.ts";
import type { Movement } from "./books.ts";
import { checkBooks, type CheckedBooks } from "./check.ts";
import { Engine } from "./engine.ts";
import { Faults } from "./faults.ts";
import type { FromLedger, OpenLedger, ToLedger } from "./ledger.ts";
import { SqliteStore } from "./sqlite_store.ts";

let store: SqliteStore;
let engine: Engine;
let opened: OpenLedger;

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

function check(): CheckedBooks {
  const damage = store.damage();
  if (damage !== null) {
    return { problem: `the database is damaged: ${damage}`, accounts: 0, movements: 0, entries: 0 };
  }
  return checkBooks({
    accounts: store.accounts(),
    movements: inChunks((last?: Movement) =>
      store.movementsAfter(last?.id ?? "00".repeat(16), last?.step ?? 0, chunkRows)
    ),
    holds: store.holdIds(),
    entries: inChunks((last?: SealedEntry) => store.entriesAfter(last?.sequence ?? 0, chunkRows))
      .map(({ sequence, sealed }) =>
        openEntry(opened.keys, { chainId: opened.chainId, sequence }, sealed)
      ),
  });
}

function* inChunks<T>(after: (last?: T) => T[]): Generator<T, void, void> {
  for (let rows = after(); rows.length > 0; rows = after(rows.at(-1))) yield* rows;
}

async function handle(message: ToLedger): Promise<unknown> {
  switch (message.type) {
    case "open": {
      opened = message;
      store = SqliteStore.open(message.path, message.create);
      const { keys, chainId, chainKey } = message;
      engine = await Engine.open({
        store,
        keys,
        chainId,
        chainKey,
        nowMs: Date.now,
        monotonicMs,
        randomBytes,
      });
      return;
    }
    case "batch": {
      const errors: Error[] = [];
      const outcome = await engine.run(message.commands, (error) => errors.push(error));
      faults.after(errors);
      return outcome;
    }
    case "check":
      return check();
    case "history": {
      const { keys, chainId } = opened;
      return await historyPage(
        store,
        ({ sequence, sealed }) => openEntry(keys, { chainId, sequence }, sealed),
        message.query,
      );
    }
    case "read":
      return (store[message.name] as (...args: unknown[]) => unknown)(...message.args);
    case "close":
      store.close();
      return;
  }
}
