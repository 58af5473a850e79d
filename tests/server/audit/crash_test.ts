/**
 * The order of writes: wherever the power goes, database and key file fit together at the next start,
 * the chain goes on, and nothing that was committed is lost.
 */
import { assert, assertEquals } from "@std/assert";
import { systemFiles } from "../../../lib/system.ts";
import { nextEpochKey } from "../../../server/audit/chain.ts";
import { type ChainKey, ChainKeyFile } from "../../../server/audit/chain_key.ts";
import { ChainWriter } from "../../../server/audit/writer.ts";
import { LogVerifier } from "../../../server/audit/verify.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { Engine } from "../../../server/ledger/engine.ts";
import { SqliteStore } from "../../../server/ledger/sqlite/store.ts";
import { type CommitOutcome, InDoubt, type Store } from "../../../server/ledger/store.ts";
import { openStore } from "../../../server/ledger/open_store.ts";
import { countingBytes } from "../../lib/helpers.ts";
import { systemWithFiles } from "../../../lib/system.ts";
import { byClock, chainId, firstKey, keyRing, sealedLogOf } from "../helpers/engine.ts";
import { settings } from "../helpers/small_bank.ts";
import { onEachPlace, onEachStore } from "../helpers/stores.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const databaseOf = (folder: string) => `${folder}/bank.sqlite`;
const keyOf = (folder: string) => `${folder}/chain.key`;

const logOnly = (action: string): Command => (
  { op: "log", who: "bank", action, kind: "other", outcome: "ok" }
);

interface EngineDependencies {
  store: Store;
  openKey: (epoch: number) => ChainKey;
}

async function engineOn({ store, openKey }: EngineDependencies) {
  const log = await ChainWriter.open(store, {
    chainId,
    openKey,
    keys: keyRing,
    randomBytes: countingBytes(),
  });
  const errors: string[] = [];
  const clock = { nowMs: () => 1_000, monotonicMs: () => 1_000 };
  const engine = await Engine.open({ store: byClock(store, clock.nowMs), log, clock });
  const run = async (endEpoch: boolean, ...actions: string[]) => {
    const { replies } = await engine.run(
      actions.map(logOnly),
      (error) => errors.push(error.message),
      endEpoch,
    );
    return replies.map(({ outcome }) => outcome);
  };
  return { run, errors, close: () => log.close() };
}

/** Returns a key that says before and after each of its writes. */
function watched(key: ChainKey, at: (step: string) => void): ChainKey {
  return {
    get epoch() {
      return key.epoch;
    },
    get key() {
      return key.key;
    },
    prepare() {
      at("before the next key");
      key.prepare();
      at("after the next key");
    },
    step() {
      at("before the erasing");
      key.step();
      at("after the erasing");
    },
    close: () => key.close(),
  };
}

/** Returns what a thief of the folder finds, and whether `verify` is content with it. */
async function requireGood(folder: string, store: Store): Promise<number> {
  const verifier = new LogVerifier({
    firstKeys: [{
      chainId,
      key: firstKey,
      origin: "bank/0",
      checkpointKey: new Uint8Array(32),
      before: [],
    }],
    keyFile: ChainKeyFile.read(systemFiles, keyOf(folder), chainId),
  });
  const entries = await sealedLogOf(store);
  for (const entry of entries) verifier.next({ chainId, entry });
  verifier.end();
  const epoch = entries.at(-1)!.epoch;
  const file = Deno.readFileSync(keyOf(folder)).toHex();
  for (let past = 0, key: Uint8Array = firstKey; past < epoch; past++, key = nextEpochKey(key)) {
    assert(!file.includes(key.toHex()), `the key of epoch ${past} is still there`);
  }
  return verifier.goodCount;
}

// With the file alone, which is copied as the power would leave it. On PostgreSQL, servers and primaries
// are killed by `failover/`.
Deno.test("whatever write the power goes at, the log is found whole and goes on", () =>
  inTemporaryFolder(async (root) => {
    const folder = `${root}/bank`;
    Deno.mkdirSync(folder);
    const crashes: { step: string; folder: string; committed: number }[] = [];
    let committed = 0;
    const at = (step: string) => {
      const copy = `${root}/crash-${crashes.length}`;
      Deno.mkdirSync(copy);
      for (const { name } of Deno.readDirSync(folder)) {
        Deno.copyFileSync(`${folder}/${name}`, `${copy}/${name}`);
      }
      crashes.push({ step, folder: copy, committed });
    };
    const store = SqliteStore.open(systemWithFiles, databaseOf(folder), settings);
    const commit = store.commit.bind(store);
    store.commit = (changes, entries) => {
      at("before the commit");
      commit(changes, entries);
      committed += entries.filter(({ keyVersion }) => keyVersion > 0).length;
      at("after the commit");
    };
    ChainKeyFile.create(systemFiles, keyOf(folder), chainId, firstKey);
    const openKey = (epoch: number) =>
      watched(ChainKeyFile.open(systemFiles, keyOf(folder), chainId, epoch), at);
    const { run, close } = await engineOn({ store, openKey });
    for (let epoch = 0; epoch < 4; epoch++) {
      assertEquals(await run(false, `a${epoch}`, `b${epoch}`), ["ok", "ok"]);
      assertEquals(await run(epoch % 2 === 0, `c${epoch}`), ["ok"]); // with entries, or alone
      if (epoch % 2 === 1) await run(true);
    }
    close();
    store.close();

    for (const { step, folder: copy, committed } of crashes) {
      const again = SqliteStore.open(systemWithFiles, databaseOf(copy));
      const { run, close } = await engineOn({
        store: again,
        openKey: (epoch) => ChainKeyFile.open(systemFiles, keyOf(copy), chainId, epoch),
      });
      const found = (await sealedLogOf(again)).filter(({ keyVersion }) => keyVersion > 0).length;
      assertEquals(found, committed, step);
      assertEquals(await run(true, "after the crash"), ["ok"], step);
      assert(await requireGood(copy, again) > committed, step);
      close();
      again.close();
    }
    assertEquals(new Set(crashes.map(({ step }) => step)).size, 6);
  }));

onEachStore(
  "a key file that cannot be written keeps the epoch open, and no money waits for it",
  async (make) => {
    const store = await make(settings);
    let full = true;
    const key: ChainKey = {
      epoch: 0,
      key: firstKey,
      prepare() {
        if (full) throw new Error("no space left");
      },
      step() {
        throw new Error("not erased");
      },
      close() {},
    };
    const { run, errors } = await engineOn({ store, openKey: () => key });
    assertEquals(await run(true, "a"), ["ok"]);
    assertEquals(errors, ["no space left"]);
    assertEquals((await sealedLogOf(store)).map(({ epoch }) => epoch), [0]);
    full = false;
    assertEquals(await run(true, "b"), ["ok"], "what is committed is answered");
    assertEquals(errors.at(-1), "not erased");
    assertEquals((await sealedLogOf(store)).length, 3);
  },
);

/** Whether a batch in doubt is committed, and whether the server dies before it is known. */
const doubts = [true, false].flatMap((committed) =>
  [true, false].map((dies) => ({ committed, dies }))
);

for (const { committed, dies } of doubts) {
  const fate = committed ? "committed" : "lost";
  onEachPlace(
    `both keys stay while an epoch's end is in doubt, ${fate}, ${
      dies ? "then a crash" : "then known"
    }`,
    async (place, folder) => {
      const epochs = () =>
        ChainKeyFile.read(systemFiles, keyOf(folder), chainId).map(({ epoch }) => epoch).sort();
      const openKey = (epoch: number) =>
        ChainKeyFile.open(systemFiles, keyOf(folder), chainId, epoch);
      ChainKeyFile.create(systemFiles, keyOf(folder), chainId, firstKey);
      let store = await openStore(systemWithFiles, place, settings);
      const first = await engineOn({ store, openKey });
      await first.run(false, "before");
      const asked = Promise.withResolvers<void>();
      const known = Promise.withResolvers<CommitOutcome>();
      const commit = store.commit.bind(store);
      store.commit = async (changes, entries) => {
        store.commit = commit;
        if (committed) await commit(changes, entries);
        throw new InDoubt(new Uint8Array(16), new Error("no answer"));
      };
      store.outcomeOf = () => {
        asked.resolve();
        return known.promise;
      };
      const replies = first.run(true, "in doubt");
      await asked.promise;
      assertEquals(epochs(), [0, 1]);
      let last = first;
      if (dies) {
        first.close();
        await store.close();
        store = await openStore(systemWithFiles, place);
        last = await engineOn({ store, openKey });
        assertEquals(epochs(), committed ? [1] : [0, 1]);
        assertEquals(await last.run(true, "after the crash"), ["ok"]);
        assertEquals(epochs(), [committed ? 2 : 1]);
      } else {
        known.resolve(committed ? "committed" : "not_committed");
        assertEquals(await replies, ["ok"]);
        assertEquals(epochs(), [1]);
      }
      assertEquals(await requireGood(folder, store), dies && committed ? 5 : 3);
      last.close();
      await store.close();
    },
  );
}
