import { assertEquals } from "@std/assert";
import { ChainVerifier } from "../../../server/audit/chain.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { Engine } from "../../../server/ledger/engine.ts";
import {
  addCustomer,
  byClock,
  chainId,
  engineOn,
  enrolTerminal,
  firstKey,
  logOf,
  sealedLogOf,
  writerOn,
} from "../helpers/engine.ts";
import { commandOf, settings } from "../helpers/small_bank.ts";
import { type MakeStore, onEachStore } from "../helpers/stores.ts";

async function smallBank(make: MakeStore) {
  const store = await make(settings);
  const engine = await engineOn(store);
  await engine.run(addCustomer("alice", 10_000n), enrolTerminal("lobby"));
  return { store, engine };
}

onEachStore("the same batch run twice changes the books once", async (make) => {
  const { store, engine } = await smallBank(make);
  const steps = [
    "lobby alice withdraw w1 alice 2000 EUR",
    "lobby complete w1 2000",
    "lobby alice deposit d1 alice 3000 EUR",
    "lobby complete d1 3000",
    "lobby void v1",
  ].map(commandOf);
  const first = await engine.run(...steps);
  const books = await store.accounts();
  const second = await engine.run(...steps);
  assertEquals(second.map(({ outcome }) => outcome), first.map(({ outcome }) => outcome));
  assertEquals(await store.accounts(), books);
});

onEachStore("the log is one chain over batches, refused ones left out", async (make) => {
  const { store, engine } = await smallBank(make);
  const again = enrolTerminal("another name", "lobby"); // an id that the database has already
  const [logged, refused] = await engine.run(
    { op: "log", who: "bank", action: "before", kind: "other", outcome: "ok" },
    again,
    { op: "log", who: "bank", action: "after", kind: "other", outcome: "ok" },
  );
  assertEquals([logged!.outcome, refused!.outcome], ["ok", "try_later"]);
  assertEquals(engine.errors.length, 2); // the batch, then its one bad member
  const actions = (await logOf(store)).map(({ action }) => action);
  assertEquals(actions.slice(-2), ["before", "after"]);
  const verifier = new ChainVerifier(firstKey, chainId);
  for (const entry of await sealedLogOf(store)) assertEquals(verifier.next(entry), null);
  assertEquals(verifier.goodCount, actions.length);
});

onEachStore("a key that cannot be erased keeps no entry from the log's file", async (make) => {
  const store = await make(settings);
  const log = await writerOn(store);
  const committed = log.committed.bind(log);
  log.committed = (sealed) => {
    committed(sealed);
    throw new Error("the key cannot be erased");
  };
  const kept: number[] = [];
  const engine = await Engine.open({
    store: byClock(store, () => 1_000),
    log,
    clock: { nowMs: () => 1_000, monotonicMs: () => 1_000 },
    onCommitted: (entries) => void kept.push(...entries.map(({ sequence }) => sequence)),
  });
  const errors: string[] = [];
  const entry: Command = { op: "log", who: "bank", action: "x", kind: "other", outcome: "ok" };
  for (const endEpoch of [false, true]) {
    await engine.run([entry], (error) => errors.push(error.message), endEpoch);
  }
  assertEquals(errors, ["the key cannot be erased", "the key cannot be erased"]);
  assertEquals(kept, [1, 2, 3]);
});

onEachStore("time never goes back, whatever the clock does", async (make) => {
  const { store, engine } = await smallBank(make);
  const logged: Command = { op: "log", who: "bank", action: "x", kind: "other", outcome: "ok" };
  const times: number[] = [];
  for (const nowMs of [2_000_000, 1_500_000, 2_000_001]) {
    engine.clock.nowMs = nowMs;
    times.push((await engine.run(logged))[0]!.timeMs);
  }
  assertEquals(times, [2_000_000, 2_000_000, 2_000_001]);
  const later = await engineOn(store, 0);
  assertEquals((await later.run(logged))[0]!.timeMs, 2_000_001);
});
