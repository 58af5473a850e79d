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
import type { Store } from "../../../server/ledger/store.ts";
import { countingBytes } from "../../lib/helpers.ts";
import { systemWithFiles } from "../../../lib/system.ts";
import { chainId, firstKey, keyRing, sealedLogOf } from "../helpers/engine.ts";
import { settings } from "../helpers/small_bank.ts";
import { onEachStore } from "../helpers/stores.ts";
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
  const engine = await Engine.open({ store, log, lastMs: 0, clock });
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

/** A key that says before and after each of its writes. */
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

/** What a thief of the folder finds, and whether `verify` is content with it. */
async function requireGood(folder: string, store: Store): Promise<number> {
  const verifier = new LogVerifier({
    firstKeys: [{ chainId, key: firstKey, checkpointKey: new Uint8Array(32), before: [] }],
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
